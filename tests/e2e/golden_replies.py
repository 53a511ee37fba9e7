"""Every RPC of `blocklog.ledger.v1`, held against a recount: whole messages, so that no figure is left out."""

import base64
from collections import Counter
from random import Random

from blocklog_harness.messages import message
from blocklog_harness.process import Failure
from blocklog_harness.recount import Recount
from blocklog_harness.rpc import Channel, Status
from blocklog_harness.scenario import check, equal
from blocklog_verifier import account, ed25519, merkle
from blocklog_verifier.merkle import sha256

LEDGER, PROOF = "ledger.v1.LedgerService/", "ledger.v1.ProofService/"
# Of what is too much to be asked for one by one.
SAMPLE = 3000
FEW = 60
# Half a bit in the sum of thousands of floats.
NEARLY = 1e-9
RESOLUTIONS_MS = (1000, 60_000, 3_600_000, 86_400_000)


class Replies:
    """One ledger's."""

    def __init__(self, channel: Channel, recount: Recount, random: Random):
        self.channel, self.recount, self.random = channel, recount, random
        self.compared: Counter = Counter()
        self.tip = recount.tip
        self.heights = range(len(recount.blocks))
        self.all_records = [row for rows in recount.records.values() for row in rows]

    def compare(self, log_key: str) -> str:
        """All of them; the ledger's version, the only thing that is in no topic."""
        version = self.info()
        self.blocks()
        self.stream_blocks()
        self.records()
        self.transactions()
        self.accounts()
        self.lists()
        self.series()
        self.proofs()
        self.checkpoint(log_key)
        return version

    @staticmethod
    def summary(compared: Counter) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(compared.items()))

    # Asking and comparing.

    def ask(self, method: str, requests: list[dict], expected: list[dict], service: str = LEDGER) -> None:
        """Unary calls, whose replies are as expected and of the tip."""
        replies = self.channel.calls(dotted(service + method), requests)
        for request, reply, wanted in zip(requests, replies, expected, strict=True):
            self.same(method, request, reply, {**wanted, "tip": self.tip})

    def refused(self, method: str, requests: list[dict], code: str, reason: str, service: str = LEDGER) -> None:
        for request, reply in zip(requests, self.channel.attempts(dotted(service + method), requests), strict=True):
            found = (reply.code, reply.reason) if isinstance(reply, Status) else reply
            self.same(method, request, {"": found}, {"": (code, reason)})

    def pages(self, method: str, request: dict, rows: str, expected: list[dict], page_size: int = 1000) -> None:
        found = self.channel.pages(dotted(LEDGER + method), request, rows, page_size)
        equal(len(found), len(expected), f"{self.channel.address}: rows of {method} {request}")
        for number, (row, wanted) in enumerate(zip(found, expected, strict=True)):
            self.same(method, {**request, "row": number}, row, wanted)

    def same(self, method: str, request: dict, found: dict, wanted: dict) -> None:
        self.compared[method] += 1
        if found != wanted:
            raise Failure(f"{self.channel.address}: {method} {request}: {difference(found, wanted)}")

    def some(self, things, count: int) -> list:
        """Not more than `count` of them, the first and the last among them."""
        things = list(things)
        if len(things) <= count:
            return things
        return [things[0], *self.random.sample(things[1:-1], count - 2), things[-1]]

    # The RPCs.

    def info(self) -> str:
        found = self.channel.call(dotted(LEDGER + "GetLedgerInfo"))
        version = found.pop("version", "")
        check(version, "GetLedgerInfo has no version")
        self.same("GetLedgerInfo", {}, found, self.recount.info())
        self.same("GetGenesis", {}, self.channel.call(dotted(LEDGER + "GetGenesis")), self.recount.genesis())
        return version

    def blocks(self) -> None:
        recount, size = self.recount, len(self.recount.blocks)
        bare = lambda heights: [{"block": recount.blocks[height]} for height in heights]
        self.ask("GetBlock", [{"height": h} for h in self.heights], bare(self.heights))
        some = self.some(self.heights, FEW)
        self.ask("GetBlock", [{"hash": recount.blocks[h]["hash"]} for h in some], bare(some))
        self.ask("GetBlock", [{}], bare([size - 1]))
        some = [h for h in some if len(recount.by_height[h]) <= 500]
        full = [{"block": message(**recount.blocks[h], records=self.with_raw(h), raw=recount.raw_blocks[h])} for h in some]
        self.ask("GetBlock", [{"height": h, "with_records": True, "with_raw": True} for h in some], full)
        self.refused("GetBlock", [{"height": size}], "OUT_OF_RANGE", "HEIGHT_ABOVE_TIP")
        self.pages("ListBlocks", {}, "blocks", recount.blocks[::-1])
        self.pages("ListBlocks", {"oldest_first": True}, "blocks", recount.blocks, 7 if size < 300 else 333)
        low, high = size // 3, 2 * size // 3
        self.pages("ListBlocks", {"from_height": low, "to_height": high}, "blocks", recount.blocks[low:high][::-1])
        for miner in recount.miners:
            won = [block for block in recount.blocks if block.get("miner") == miner]
            self.pages("ListBlocks", {"miner": miner}, "blocks", won[::-1])

    def with_raw(self, height: int) -> list[dict]:
        return [self.raw(row) for row in self.recount.by_height[height]]

    def raw(self, row: dict) -> dict:
        place = row["position"]["partition"], row["position"]["offset"]
        return message(**row, raw=self.recount.raw.get(place))

    def stream_blocks(self) -> None:
        """The whole chain, with all its records and all their bytes."""
        request = {"from_height": 0, "with_records": True, "with_raw": True}
        height = 0
        stream = self.channel.stream(dotted(LEDGER + "StreamBlocks"), request)
        reply = next(stream)
        for height in self.heights:
            block = reply["block"]
            records = block.pop("records", [])
            self.same(
                "StreamBlocks",
                {"height": height},
                reply,
                {
                    "block": message(**self.recount.blocks[height], raw=self.recount.raw_blocks[height]),
                    "tip": self.tip,
                },
            )
            while len(records) < len(self.recount.by_height[height]):
                reply = next(stream)
                check("block" not in reply, f"StreamBlocks told a block before the last records of block {height}")
                records += reply["more_records"]
            for row, wanted in zip(records, self.recount.by_height[height], strict=True):
                self.same("StreamBlocks", wanted["position"], row, self.raw(wanted))
            if height + 1 < len(self.heights):
                reply = next(stream)
        stream.close()

    def records(self) -> None:
        recount = self.recount
        for partition, rows in recount.records.items():
            rows = rows + recount.pending[partition]
            self.pages("ListRecords", {"offsets": {"partition": partition}}, "records", rows)
            middle = {"partition": partition, "from_offset": len(rows) // 3, "to_offset": len(rows) // 3 + 100}
            part = [self.raw(row) for row in rows if middle["from_offset"] <= row["position"]["offset"] < middle["to_offset"]]
            self.pages("ListRecords", {"offsets": middle, "with_raw": True}, "records", part, 7)
            self.pages("ListPending", {"partition": partition}, "records", recount.pending[partition], 7)
            above = {"position": {"partition": partition, "offset": recount.ends[partition]}}
            self.refused("GetRecord", [above], "OUT_OF_RANGE", "OFFSET_ABOVE_END")
        for height in self.some(self.heights, FEW):
            self.pages("ListRecords", {"height": height}, "records", recount.by_height[height])
        asked = self.some(self.all_records, SAMPLE) + [row for rows in recount.pending.values() for row in rows]
        self.ask(
            "GetRecord",
            [{"position": row["position"], "with_raw": True} for row in asked],
            [{"record": self.raw(row)} for row in asked],
        )

    def transactions(self) -> None:
        recount = self.recount
        known = {*self.some(recount.occurrences, SAMPLE), *recount.omitted, *recount.waiting}
        pairs = [(its, recount.status(its)) for its in known]
        self.ask("GetTransaction", [{"id": its} for its, _ in pairs], [{"status": status} for _, status in pairs])
        # Ids of records that are no occurrence of them: anybody can write them.
        rows = self.all_records + [row for rows in recount.pending.values() for row in rows]
        strangers = {row["transaction"]["id"] for row in rows if row.get("transaction", {}).get("id")}
        strangers -= {*recount.occurrences, *recount.omitted, *recount.waiting}
        asked = self.some(sorted(strangers), FEW)
        self.refused("GetTransaction", [{"id": its} for its in asked], "NOT_FOUND", "UNKNOWN_TRANSACTION")
        for its, status in self.some(pairs, FEW) + [pair for pair in pairs if pair[0] in recount.omitted]:
            told_so_far = []
            for reply in self.channel.stream(dotted(LEDGER + "WatchTransaction"), {"id": its}):
                told_so_far.append(reply)
                if status["state"] == "STATE_PENDING":
                    break
            self.same("WatchTransaction", {"id": its}, {"": told_so_far}, {"": [{"status": status, "tip": self.tip}]})

    def accounts(self) -> None:
        recount, top = self.recount, len(self.recount.blocks) - 1
        asked: list[tuple[str, int | None]] = [(name, None) for name in recount.accounts]
        asked += [(self.random.choice(list(recount.accounts)), self.random.choice(self.heights)) for _ in range(SAMPLE)]
        rows = [(name, height, recount.account(name, top if height is None else height)) for name, height in asked]
        self.ask(
            "GetAccount",
            [at(name, height) for name, height, state in rows if state],
            [{"account": state} for _, _, state in rows if state],
        )
        unknown = [at(name, height) for name, height, state in rows if not state] + [at("nobody.at.all", None)]
        self.refused("GetAccount", unknown, "NOT_FOUND", "UNKNOWN_ACCOUNT")
        for name, its in recount.accounts.items():
            self.pages("ListAccountEntries", {"account": name}, "entries", its.entries[::-1])
        for name in self.some([name for name, its in recount.accounts.items() if its.entries], FEW // 3):
            entries = recount.accounts[name].entries
            self.pages("ListAccountEntries", {"account": name, "oldest_first": True}, "entries", entries, 17)
            first = self.random.randint(1, len(entries))
            stream = self.channel.stream(dotted(LEDGER + "StreamAccountEntries"), {"account": name, "from_sequence": first})
            for wanted in entries[first - 1 :]:
                self.same("StreamAccountEntries", {"account": name}, next(stream), {"entry": wanted, "tip": self.tip})
            stream.close()

    def lists(self) -> None:
        recount = self.recount
        self.pages("ListMiners", {}, "miners", recount.ranked_miners(), 1)
        self.pages("ListCandidates", {}, "candidates", recount.candidates[::-1], 100)
        self.pages("ListAuditFindings", {}, "findings", recount.findings, 2)
        wanted: dict[str, list] = {}
        for block in recount.blocks:
            wanted.setdefault(block["hash"], []).append({"block_hash": block["hash"]})
        accepted = set(wanted)
        for its in recount.occurrences:
            wanted.setdefault(its, []).append({"transaction_id": its})
        for candidate in recount.candidates:
            if "hash" in candidate and candidate["hash"] not in accepted:
                wanted.setdefault(candidate["hash"], [{"candidate_hash": candidate["hash"]}])
        prefixes: dict[str, list] = {}
        for whole, matches in wanted.items():
            prefixes.setdefault(whole[:8], []).extend(matches)
        asked = self.some(prefixes, SAMPLE // 10) + self.some([its[:8] for its in accepted], FEW)
        replies = self.channel.calls(dotted(LEDGER + "FindByPrefix"), [{"prefix": prefix} for prefix in asked])
        for prefix, reply in zip(asked, replies, strict=True):
            found = {"matches": by_text(reply.get("matches", [])), "tip": reply["tip"]}
            self.same("FindByPrefix", {"prefix": prefix}, found, {"matches": by_text(prefixes[prefix]), "tip": self.tip})

    def series(self) -> None:
        """The life of the chain in seconds, in one bucket, and in what fits a minute."""
        times = [time for time, _ in self.recount.measures]
        begin, end = min(times[1:]) // 1000 * 1000, max(times) + 1
        for buckets in (1000, 1, 3):
            request = {"from_time": begin, "to_time": end, "buckets": buckets}
            reply = self.channel.call(dotted(LEDGER + "GetSeries"), request)
            equal(reply["tip"], self.tip, "tip of GetSeries")
            found = reply["buckets"]
            starts = [bucket["start_time"] for bucket in found]
            check(0 < len(found) <= buckets and starts[0] <= begin, f"buckets {starts} of {request}")
            length = starts[1] - starts[0] if len(starts) > 1 else 10 * RESOLUTIONS_MS[-1]
            equal(starts, [starts[0] + n * length for n in range(len(starts))], "starts of buckets")
            for bucket in found:
                wanted = self.recount.bucket(bucket["start_time"], bucket["start_time"] + length)
                difference = abs(bucket["work"] - wanted["work"])
                check(difference <= NEARLY * wanted["work"], f"work of {bucket}, expected {wanted['work']}")
                self.same("GetSeries", request, {**bucket, "work": wanted["work"]}, wanted)

    # Evidence.

    def proofs(self) -> None:
        """Each proof leads from the very leaf that the recount has to the root of the very header."""
        recount = self.recount
        subjects = [{"leaf_index": index} for index in self.some(range(len(recount.leaves)), SAMPLE // 10)]
        subjects += [{"position": row["position"]} for row in self.some(self.all_records, FEW)]
        subjects += [{"transaction_id": its} for its in self.some(recount.occurrences, FEW)]
        asked = []
        for subject in subjects:
            index = self.leaf_of(subject)
            least = next(block["height"] for block in recount.blocks if block["log_size"] > index)
            height = self.random.randint(least, self.tip["height"])
            asked.append(({**subject, "at_height": height}, index, height))
        replies = self.channel.calls(dotted(PROOF + "GetInclusionProof"), [request for request, _, _ in asked])
        for (request, index, height), reply in zip(asked, replies, strict=True):
            path, block = reply["proof"].pop("path", []), recount.blocks[height]
            self.same(
                "GetInclusionProof",
                request,
                reply,
                {
                    "proof": message(
                        chain_id=recount.chain_id.hex(),
                        header=block["header"],
                        leaf_index=index,
                        leaf=recount.leaves[index].hex(),
                        record=recount.leaf_records.get(index, b"").hex(),
                    )
                },
            )
            good = merkle.verify_inclusion(
                recount.leaves[index], index, block["log_size"], unhex(path), bytes.fromhex(block["log_root"])
            )
            check(good, f"the path of {request} does not lead to the root at height {height}")
        for _ in range(FEW):
            low, high = sorted(self.random.choices(self.heights, k=2))
            self.consistency(low, high)

    def leaf_of(self, subject: dict) -> int:
        if "leaf_index" in subject:
            return subject["leaf_index"]
        if "transaction_id" in subject:
            return self.recount.occurrences[subject["transaction_id"]]["leaf_index"]
        place = subject["position"]
        rows = self.recount.records[place["partition"]]
        return rows[place["offset"]]["leaf_index"]

    def consistency(self, low: int, high: int) -> None:
        first, second = self.recount.blocks[low], self.recount.blocks[high]
        reply = self.channel.call(dotted(PROOF + "GetConsistencyProof"), {"from_height": low, "to_height": high})
        path = reply.pop("path", [])
        self.same(
            "GetConsistencyProof",
            {"from": low, "to": high},
            reply,
            {
                "from_header": first["header"],
                "to_header": second["header"],
            },
        )
        roots = [bytes.fromhex(block["log_root"]) for block in (first, second)]
        good = merkle.verify_consistency(first["log_size"], second["log_size"], unhex(path), *roots)
        check(good, f"the log at height {low} is not shown to be the beginning of that at {high}")

    def checkpoint(self, log_key: str) -> None:
        """C2SP signed notes (c2sp.org/signed-note): a text of three lines, and a signature with the hash of its key."""
        key = account.parse(log_key)
        if key is None:
            raise Failure(f"{log_key} is no key")
        for height in self.some(self.heights, 5):
            reply = self.channel.call(dotted(PROOF + "GetCheckpoint"), {"height": height})
            block, note = self.recount.blocks[height], reply.pop("note")
            self.same("GetCheckpoint", {"height": height}, reply, {"height": height, "block_hash": block["hash"]})
            origin = f"blocklog/{self.recount.chain_id.hex()}"
            root = base64.b64encode(bytes.fromhex(block["log_root"])).decode()
            text, _, signatures = note.partition("\n\n")
            equal(text, f"{origin}\n{block['log_size']}\n{root}", f"text of the checkpoint at {height}")
            dash, name, signed = signatures.strip().split(" ")
            equal((dash, name), ("\u2014", origin), "who signed the checkpoint")
            raw = base64.b64decode(signed)
            equal(raw[:4], sha256(f"{origin}\n".encode() + b"\1" + key)[:4], "hash of the checkpoint's key")
            check(ed25519.verify(key, raw[4:], f"{text}\n".encode()), f"signature of the checkpoint at {height}")


def at(name: str, height: int | None) -> dict:
    return {"account": name} | ({} if height is None else {"at_height": height})


def dotted(method: str) -> str:
    return method.replace("/", ".")


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]


def by_text(matches: list[dict]) -> list[dict]:
    return sorted(matches, key=str)


def difference(found, wanted, path: str = "") -> str:
    """Where two messages differ first."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in [*wanted, *found]:
            if found.get(name) != wanted.get(name):
                return difference(found.get(name), wanted.get(name), f"{path}.{name}")
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, (one, two) in enumerate(zip(found, wanted, strict=True)):
            if one != two:
                return difference(one, two, f"{path}[{number}]")
    return f"{path} is {found!r:.400}, expected {wanted!r:.400}"
