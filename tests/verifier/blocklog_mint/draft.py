"""The next block of a chain that is being made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blocklog_verifier import block, transaction, work
from blocklog_verifier.block import Frame, Refused
from blocklog_verifier.chain import MAX_AHEAD_MS, Evaluation
from blocklog_verifier.merkle import sha256

from .encoding import encode

if TYPE_CHECKING:
    from .mint import Mint


class Draft:
    """The next block of a mint's chain, right, and wrong in many ways."""

    def __init__(self, mint: Mint):
        self.mint, self.chain, self.random = mint, mint.chain, mint.random
        r, rules, parent = self.random, self.chain.genesis, self.chain.header
        self.partition = r.randrange(rules["partitions"])
        start = self.chain.cursors[self.partition]
        records: list[bytes] = []
        holes: list[dict[str, int]] = []
        offset = start
        for _ in range(r.randint(1, min(7, rules["max_block_records"]))):
            after_hole = holes and holes[-1]["to_offset"] == offset
            if r.random() < 0.15 and not after_hole and offset + 1 < start + rules["max_block_records"]:
                end = min(offset + r.choice((1, 1, 2, 1000)), start + rules["max_block_records"])
                holes.append({"from_offset": offset, "to_offset": end})
                offset = end
            else:
                records.append(mint.record(parent["height"] + 1))
                offset += 1
            if offset >= start + rules["max_block_records"]:
                break
        wait = r.choice((0, 1, 500, 1000, 60_000, 10**7))
        self.append_ms = parent["timestamp_ms"] + wait
        self.body: dict[str, Any] = {"signature": b"", "records": records, "verdicts": b"", "holes": holes}
        self.header: dict[str, Any] = {
            "version": 1,
            "height": parent["height"] + 1,
            "previous_hash": self.chain.hash,
            "log_root": bytes(32),
            "log_size": 0,
            "timestamp_ms": parent["timestamp_ms"] + r.choice((0, wait, wait + MAX_AHEAD_MS)),
            "partition": self.partition,
            "from_offset": start,
            "to_offset": offset,
            "miner": self.miner(),
            "bits": self.chain.next_bits(),
            "nonce": 0,
        }

    def miner(self) -> bytes:
        r = self.random
        if self.chain.miners:
            return r.choice(self.chain.miners)
        return r.choice([key.account for key in self.mint.keys] + [b"m", b"alice"] * self.chain.genesis["open"])

    def honest(self) -> tuple[bytes, int]:
        """Value and append time of the right one."""
        header, body = self.judged(self.header, self.body)
        return self.sealed(header, body), self.append_ms

    def judged(self, header: dict[str, Any], body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """With verdicts, carried hashes and the log that follow."""
        trial = Evaluation(self.chain, Frame(header, b"", b""), body)
        trial.pay()
        offset, carried, verdicts = header["from_offset"], [], []
        holes = {hole["from_offset"]: hole["to_offset"] for hole in body["holes"]}
        for record in body["records"]:
            while offset in holes:
                offset = trial.void(offset, holes.pop(offset))
            if len(record) > transaction.MAX_RECORD:
                record = sha256(record)
                trial.too_large(offset, record)
                verdicts.append(transaction.TOO_LARGE)
            else:
                verdicts.append(trial.record(offset, record))
            carried.append(record)
            offset += 1
        while offset in holes:
            offset = trial.void(offset, holes.pop(offset))
        header = {**header, "log_root": trial.log.root(), "log_size": trial.log.size}
        return header, {**body, "records": carried, "verdicts": bytes(verdicts)}

    def sealed(self, header: dict[str, Any], body: dict[str, Any], mined: bool = True) -> bytes:
        """Mined, signed and encoded."""
        header = dict(header)
        goal = work.target(self.chain.next_bits())
        digest = lambda: sha256(block.header_bytes(header))
        try:
            while mined and int.from_bytes(digest(), "big") > goal:
                header["nonce"] += 1
            key = self.mint.by_account.get(header["miner"])
            signature = body["signature"] or (
                key.sign(block.signed_bytes(digest()), torsion=header["height"] % 4 == 1) if key else b""
            )
        except OverflowError:
            signature = b""
        return encode(block.BLOCK, {**body, "header": header, "signature": signature})

    def lie(self) -> tuple[bytes, int]:
        """One thing is another than it should be. Some lies are true: both verifiers must say so."""
        r = self.random
        kind = r.choice(
            (
                self.lie_in_header,
                self.lie_in_header,
                self.lie_in_header_judged,
                self.lie_in_body,
                self.lie_in_body,
                self.lie_in_slice,
                self.lie_in_signature,
                self.lie_in_bytes,
                self.lie_in_size,
                self.lie_of_another_chain,
            )
        )
        return kind()

    def lie_in_header(self) -> tuple[bytes, int]:
        header, body = self.judged(self.header, self.body)
        return self.sealed({**header, **self.odd_field()}, body, self.random.random() < 0.9), self.append_ms

    def lie_in_header_judged(self) -> tuple[bytes, int]:
        """Everything follows from the lie."""
        changed = self.odd_field()
        if not set(changed) <= {"timestamp_ms", "miner", "bits"}:
            changed = {"timestamp_ms": self.append_ms + MAX_AHEAD_MS}
        return self.sealed(*self.judged({**self.header, **changed}, self.body)), self.append_ms

    def odd_field(self) -> dict[str, Any]:
        r, h, rules, parent = self.random, self.header, self.chain.genesis, self.chain.header
        longest = h["from_offset"] + rules["max_block_records"]
        return r.choice(
            (
                {"version": r.choice((0, 2, 2**32 - 1))},
                {"height": r.choice((0, h["height"] - 1, h["height"] + 1, 2**64 - 1))},
                {"previous_hash": r.choice((bytes(32), self.chain.chain_id, parent["previous_hash"], self.chain.hash[:31]))},
                {"log_root": r.choice((bytes(32), parent["log_root"], b""))},
                {"log_size": h["log_size"] + r.choice((1, 2**63))},
                {"partition": r.choice((rules["partitions"], 2**32 - 1, 0))},
                {
                    "timestamp_ms": r.choice(
                        (
                            max(parent["timestamp_ms"] - 1, 0),
                            self.append_ms + MAX_AHEAD_MS,
                            self.append_ms + MAX_AHEAD_MS + 1,
                            parent["timestamp_ms"],
                            2**64 - 1,
                        )
                    )
                },
                {"from_offset": r.choice((0, h["from_offset"] + 1, max(h["from_offset"] - 1, 0)))},
                {"to_offset": r.choice((h["from_offset"], longest, longest + 1, h["to_offset"] + 1, 0, 2**64 - 1))},
                {
                    "miner": r.choice(
                        (
                            b"",
                            b"m",
                            b"m\0",
                            b"M",
                            b"bl1x",
                            b"a" * 31,
                            b"a" * 33,
                            b"m" + bytes(31),
                            bytes(32),
                            self.mint.keys[3].account,
                            *(key.account for key in self.mint.keys),
                        )
                    )
                },
                {"miner": r.choice(self.mint.keys).account},
                {"bits": r.choice((h["bits"] - 1, rules["bits"], 0, 0x207FFFFF, 2**32 - 1))},
            )
        )

    def lie_in_body(self) -> tuple[bytes, int]:
        """Behind header, work and signature, which fit."""
        r = self.random
        header, body = self.judged(self.header, self.body)
        records, verdicts, holes = list(body["records"]), bytearray(body["verdicts"]), [dict(h) for h in body["holes"]]
        kind = r.choice(("verdict", "verdict", "less", "more", "drop", "record", "hole", "no holes", "swap"))
        at = r.randrange(len(records)) if records else 0
        if kind == "verdict" and records:
            verdicts[at] = r.choice((*range(len(transaction.VERDICTS) + 1), 255))
        elif kind == "less":
            del verdicts[-1:]
        elif kind == "more":
            verdicts.append(0)
        elif kind == "drop":
            del records[at : at + 1]
        elif kind == "record" and records:
            records[at] = self.mint.spoil(records[at])
        elif kind == "swap":
            records.reverse()
        elif kind == "no holes":
            holes = []
        else:
            holes = self.odd_holes(holes)
        return self.sealed(header, {**body, "records": records, "verdicts": bytes(verdicts), "holes": holes}), self.append_ms

    def odd_holes(self, holes: list[Any]) -> list[Any]:
        r, start, end = self.random, self.header["from_offset"], self.header["to_offset"]
        if holes and r.random() < 0.6:
            hole = r.choice(holes)
            hole[r.choice(("from_offset", "to_offset"))] += r.choice((1, -1)) if hole["from_offset"] else 1
            return holes
        first = r.randrange(max(start - 1, 0), end + 1)
        return sorted(
            [*holes, {"from_offset": first, "to_offset": max(first + r.choice((0, 1, -1, 2)), 0)}],
            key=lambda hole: hole["from_offset"] * r.choice((1, 1, 1, -1)),
        )

    def lie_in_slice(self) -> tuple[bytes, int]:
        """A record left out, invented or said to be too large, and everything that follows from it: mostly true."""
        r, body, header = self.random, dict(self.body), dict(self.header)
        records = list(body["records"])
        if records and r.random() < 0.4:
            header, body = self.judged(header, body)
            return self.too_large_at(r.randrange(len(records)))
        records.append(self.mint.record(header["height"]))
        header["to_offset"] += 1
        return self.sealed(*self.judged(header, {**body, "records": records})), self.append_ms

    def too_large_at(self, at: int) -> tuple[bytes, int]:
        # Longer by what no transaction needs, so that its hash stands in the block.
        records = list(self.body["records"])
        records[at] = records[at] + bytes(transaction.MAX_RECORD + 1)
        header, body = self.judged(self.header, {**self.body, "records": records})
        if self.random.random() < 0.3:
            body["records"][at] += b"\0"
        return self.sealed(header, body), self.append_ms

    def lie_in_size(self) -> tuple[bytes, int]:
        """As long as a block may be, or a byte longer."""
        limit = self.chain.genesis["max_block_bytes"] + self.random.choice((0, 1))
        header, last = dict(self.header), 500
        count = self.chain.genesis["max_block_bytes"] // 1027
        if header["to_offset"] + count + 1 > header["from_offset"] + self.chain.genesis["max_block_records"]:
            return self.lie_in_body()
        header["to_offset"] += count
        for _ in range(3):
            filler = [bytes(1024)] * (count - 1) + [bytes(last)]
            value = self.sealed(*self.judged(header, {**self.body, "records": self.body["records"] + filler}))
            last += limit - len(value)
            if not 0 <= last <= transaction.MAX_RECORD:
                count, last = count - 1, 500
                header["to_offset"] -= 1
        return value, self.append_ms

    def lie_of_another_chain(self) -> tuple[bytes, int]:
        """With the work done, upon a block that is not on this one, or far ahead of it."""
        refused = [
            value for (_, value), result in zip(self.mint.candidates, self.mint.results, strict=True) if result[:3] == "BAD"
        ]
        previous = bytes(31) + b"\1"
        if refused:
            try:
                previous = block.frame(self.random.choice(refused)).hash
            except Refused:
                pass
        header, body = self.judged(self.header, self.body)
        ahead = self.random.choice((1, 1, 1000))
        return self.sealed({**header, "previous_hash": previous, "height": header["height"] + ahead}, body), self.append_ms

    def lie_in_signature(self) -> tuple[bytes, int]:
        r = self.random
        header, body = self.judged(self.header, self.body)
        signature = r.choice((b"\0", bytes(63), bytes(64), b"\1" + bytes(63), bytes(65)))
        value = self.sealed(header, {**body, "signature": signature})
        if r.random() < 0.4:
            # There and empty; or a length that is longer than needed.
            size = 2 + value[1]
            value = value[:size] + r.choice((b"\x12\0", b"\x12\x80\0", b"\x12\xff", b"\x12")) + value[size:]
        return value, self.append_ms

    def lie_in_bytes(self) -> tuple[bytes, int]:
        """Any byte, half of the time behind header and signature, so that it is looked at."""
        value = self.honest()[0]
        if self.random.random() < 0.5:
            return self.mint.spoil(value), self.append_ms
        at = min(len(value), 2 + value[1] + 66)
        return value[:at] + self.mint.spoil(value[at:]), self.append_ms
