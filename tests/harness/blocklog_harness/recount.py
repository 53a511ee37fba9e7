"""What the two topics add up to, in the words of `blocklog.ledger.v1`: every reply that a ledger owes, made from records alone.

The rules are those of tests/verifier, which shares no code with the product. Here they become blocks, records, entries,
miners, findings and series, each as the very message that a ledger should answer with.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from blocklog_verifier import account, block, leaf, transaction, wire, work
from blocklog_verifier.block import Refused
from blocklog_verifier.chain import Accepted, Chain
from blocklog_verifier.merkle import sha256

from .messages import message, shown, text
from .tools import Record

# Verdicts after which a record is an occurrence of its id; those that spend the sender's nonce.
OCCURRENCES = {transaction.INCLUDED, *range(transaction.EXPIRED, len(transaction.VERDICTS))}
SPENDING = {transaction.INCLUDED, transaction.INSUFFICIENT_FUNDS, transaction.BALANCE_OVERFLOW}
I64 = (-(1 << 63), (1 << 63) - 1)


@dataclass
class State:
    """An account after the leaf of some height."""

    height: int
    balance: int
    nonce: int
    entries: int
    last_leaf: int | None


@dataclass
class Account:
    """An account over time."""

    states: list[State] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def change(self, height: int, **changes: Any) -> None:
        last = self.states[-1] if self.states else State(height, 0, 0, 0, None)
        after = State(**{**vars(last), **changes, "height": height})
        if self.states and last.height == height:
            self.states[-1] = after
        else:
            self.states.append(after)

    def at(self, height: int) -> State | None:
        """After the block at a height; None: unknown as of then."""
        found = [state for state in self.states if state.height <= height]
        return found[-1] if found else None


class Recount:
    """The chain and everything a ledger tells of it."""

    def __init__(self, partitions: int = 2):
        self.chain = Chain()
        self.traces: dict[tuple[int, int], str] = {}
        self.topic: dict[int, dict[int, Record]] = {}
        self.ends: dict[int, int] = {}
        # Offset of the next candidate, and end of the topic.
        self.next = self.end = 0
        self.blocks: list[dict[str, Any]] = []
        self.raw_blocks: list[bytes] = []
        self.slices: list[tuple[int, int, int]] = []
        self.records: dict[int, list[dict[str, Any]]] = {p: [] for p in range(partitions)}
        self.by_height: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.raw: dict[tuple[int, int], bytes] = {}
        self.leaves: list[bytes] = []
        self.leaf_records: dict[int, bytes] = {}
        self.occurrences: dict[str, dict[str, Any]] = {}
        self.omitted: dict[str, dict[str, Any]] = {}
        self.waiting: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, Account] = defaultdict(Account)
        self.candidates: list[dict[str, Any]] = []
        self.miners: dict[str, dict[str, Any]] = {}
        self.findings: list[dict[str, Any]] = []
        self.verdicts: Counter[str] = Counter()
        # Append time, and what a bucket of the series adds up.
        self.measures: list[tuple[int, dict[str, Any]]] = []
        self.pending: dict[int, list[dict[str, Any]]] = {}

    def read(
        self,
        blockchain: list[Record],
        transactions: dict[int, list[Record]],
        ends: dict[int, int],
        end: int,
        traces: dict[tuple[int, int], str],
    ) -> "Recount":
        """Goes on with topics that have grown: whole partitions, in offset order, their ends, and trace ids by place."""
        self.topic = {p: {r.offset: r for r in records} for p, records in transactions.items()}
        self.ends, self.end, self.traces, self.waiting = ends, end, traces, {}
        for candidate in blockchain:
            if candidate.offset >= self.next:
                self._candidate(candidate)
                self.next = candidate.offset + 1
        self.pending = {p: self._pending(p) for p in self.records}
        return self

    @property
    def tip(self) -> dict[str, Any]:
        return self.tip_at(self.chain.header["height"])

    def tip_at(self, height: int) -> dict[str, Any]:
        found = self.blocks[height]
        return {name: found[name] for name in ("height", "hash", "timestamp", "log_root", "log_size")}

    @property
    def chain_id(self) -> bytes:
        return self.chain.chain_id

    # Candidates.

    def _candidate(self, candidate: Record) -> None:
        first_leaf = self.chain.log.size
        try:
            accepted = self.chain.apply(candidate.value, candidate.append_ms)
        except Refused as refused:
            self._refused(candidate, refused.rule)
            return
        content = block.body(candidate.value)
        self.leaves += accepted.leaves
        if first_leaf == 0:
            self.leaf_records[0] = content["records"][0]
            self._allocations(accepted.leaves[1:], accepted.header)
        self._block(candidate, accepted, content, first_leaf)

    def _refused(self, candidate: Record, rule: str) -> None:
        row = {"topic_offset": candidate.offset, "reason": rule, "append_time": candidate.append_ms}
        try:
            framed = block.frame(candidate.value)
            row |= {"hash": framed.hash.hex(), "height": framed.header["height"]}
            row["miner"] = text(framed.header["miner"])
        except Refused:
            pass
        self.candidates.append(message(**row))
        if rule == "STALE":
            self.measures.append((candidate.append_ms, {"stale": 1}))

    def _allocations(self, leaves: list[bytes], header: dict[str, Any]) -> None:
        for index, data in enumerate(leaves, 1):
            found = leaf.parse(data)
            self._entry(found["account"], found["entries"][0], index, header, found["amount"], "ALLOCATION", None)

    def _block(self, candidate: Record, accepted: Accepted, content: dict[str, Any], first_leaf: int) -> None:
        header, height = accepted.header, accepted.header["height"]
        partition = header["partition"]
        paid, records = 0, []
        if height:
            first = leaf.parse(accepted.leaves[0])
            paid = first["paid"]
            if paid:
                self._entry(header["miner"], first["entries"][0], first_leaf, header, paid, "REWARD", None)
            carried = iter(content["records"])
            for index, data in enumerate(accepted.leaves[1:], first_leaf + 1):
                records += self._slot(data, index, header, carried)
            self._audit(candidate, accepted, content, records)
            self._won(header, paid)
        included = sum(verdict == transaction.INCLUDED for verdict in accepted.verdicts)
        rejected = len(accepted.verdicts) - included
        self.verdicts.update(transaction.VERDICTS[verdict] for verdict in accepted.verdicts)
        self.blocks.append(
            message(
                hash=accepted.hash.hex(),
                height=height,
                previous_hash=header["previous_hash"].hex(),
                log_root=header["log_root"].hex(),
                log_size=header["log_size"],
                timestamp=header["timestamp_ms"],
                partition=partition,
                from_offset=header["from_offset"],
                to_offset=header["to_offset"],
                miner=text(header["miner"]),
                bits=f"{header['bits']:08x}",
                nonce=header["nonce"],
                reward=paid,
                signature=content["signature"].hex(),
                included=included,
                rejected=rejected,
                size_bytes=len(candidate.value),
                topic_offset=candidate.offset,
                append_time=candidate.append_ms,
                header=block.header_bytes(header).hex(),
                void_offsets=header["to_offset"] - header["from_offset"] - len(accepted.verdicts),
            )
        )
        self.raw_blocks.append(candidate.value)
        self.slices.append((partition, header["from_offset"], header["to_offset"]))
        tries = (1 << 256) / (work.target(header["bits"]) + 1) if height else 0
        self.measures.append(
            (
                candidate.append_ms,
                {
                    "blocks": 1,
                    "included": included,
                    "rejected": rejected,
                    "bytes": len(candidate.value),
                    "work": tries,
                },
            )
        )

    def _won(self, header: dict[str, Any], paid: int) -> None:
        row = self.miners.setdefault(
            text(header["miner"]),
            {
                "account": text(header["miner"]),
                "blocks": 0,
                "rewards": 0,
                "first_height": header["height"],
            },
        )
        row["blocks"] += 1
        row["rewards"] += paid
        row["last_height"] = header["height"]

    # Records.

    def _slot(self, data: bytes, index: int, header: dict[str, Any], carried: Iterator[bytes]) -> list[dict[str, Any]]:
        """The rows of one leaf: one for a record, one for each offset of a void."""
        found, height, partition = leaf.parse(data), header["height"], header["partition"]
        place = lambda offset: {"partition": partition, "offset": offset}
        if found["kind"] == "void":
            rows = [
                {"position": place(offset), "verdict": "VERDICT_VOID", "height": height, "leaf_index": index}
                for offset in range(found["from"], found["to"])
            ]
            self.records[partition] += rows
            return rows
        value, offset, verdict = next(carried), found["offset"], found["verdict"]
        held = self.topic[partition].get(offset)
        row = message(
            position=place(offset),
            verdict=f"VERDICT_{transaction.VERDICTS[verdict]}",
            height=height,
            leaf_index=index,
            record_hash=found["record_hash"].hex(),
            append_time=held.append_ms if held else None,
        )
        moved = None
        # Of a record that is too large there is only the hash.
        if verdict != transaction.TOO_LARGE:
            self.raw[partition, offset] = self.leaf_records[index] = value
            moved = self._decoded(value)
        if moved:
            row["transaction"] = shown(moved, self.chain_id)
        self.records[partition].append(row)
        self.by_height[height].append(row)
        if moved:
            self._moved(moved, row, found, verdict, index, header)
        return [row]

    def _decoded(self, value: bytes) -> dict[str, Any] | None:
        try:
            return wire.decode(transaction.FIELDS, value)
        except wire.Malformed:
            return None

    def _moved(
        self, moved: dict[str, Any], row: dict[str, Any], found: dict[str, Any], verdict: int, index: int, header: dict[str, Any]
    ) -> None:
        if verdict in OCCURRENCES:
            self.occurrences.setdefault(row["transaction"]["id"], row)
        if verdict in SPENDING:
            self.accounts[text(moved["sender"])].change(header["height"], nonce=moved["nonce"])
        if verdict != transaction.INCLUDED:
            return
        sender, recipient, amount = moved["sender"], moved["recipient"], moved["amount"]
        alone = len(found["entries"]) == 1
        self._entry(sender, found["entries"][0], index, header, 0 if alone else -amount, "SENT", row)
        if not alone:
            self._entry(recipient, found["entries"][1], index, header, amount, "RECEIVED", row)

    def _entry(
        self,
        owner: bytes,
        entry: dict[str, Any],
        index: int,
        header: dict[str, Any],
        change: int,
        kind: str,
        row: dict[str, Any] | None,
    ) -> None:
        its = self.accounts[text(owner)]
        its.change(header["height"], balance=entry["balance"], entries=entry["sequence"], last_leaf=index)
        its.entries.append(
            message(
                sequence=entry["sequence"],
                leaf_index=index,
                height=header["height"],
                timestamp=header["timestamp_ms"],
                change=max(I64[0], min(I64[1], change)),
                balance=entry["balance"],
                record=row,
                kind=f"KIND_{kind}",
            )
        )

    def _pending(self, partition: int) -> list[dict[str, Any]]:
        cursor = self.chain.cursors[partition]
        waiting = sorted(offset for offset in self.topic[partition] if offset >= cursor)
        rows = []
        for ahead, offset in enumerate(waiting):
            held = self.topic[partition][offset]
            self.raw[partition, offset] = held.value
            verdict, moved = transaction.judge(held.value, self.chain_id, bool(self.chain.genesis["open"]))
            rows.append(
                message(
                    position={"partition": partition, "offset": offset},
                    verdict="VERDICT_PENDING",
                    record_hash=sha256(held.value).hex(),
                    append_time=held.append_ms,
                    queue_ahead=ahead,
                    transaction=shown(moved, self.chain_id) if moved else None,
                )
            )
            # What no state is needed to refuse is no occurrence of its id.
            if verdict == transaction.INCLUDED and len(held.value) <= transaction.MAX_RECORD:
                self.waiting.setdefault(rows[-1]["transaction"]["id"], rows[-1])
        return rows

    # The audit.

    def _audit(self, candidate: Record, accepted: Accepted, content: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Block against topic, offset by offset; and how old its records were."""
        header, ages = accepted.header, []
        partition = header["partition"]
        for row in rows:
            offset, void = row["position"]["offset"], row["verdict"] == "VERDICT_VOID"
            held = self.topic[partition].get(offset)
            in_block, in_topic = row.get("record_hash", ""), sha256(held.value).hex() if held else ""
            if held and not void:
                ages.append(max(0, candidate.append_ms - held.append_ms))
            if held and void:
                kind = "MISSING"
            elif held and in_topic != in_block:
                kind = "REPLACED"
            elif held and row["verdict"] == "VERDICT_TOO_LARGE" and len(held.value) <= transaction.MAX_RECORD:
                kind = "MISJUDGED"
            elif not held and not void:
                kind = "INVENTED"
            else:
                continue
            self._found(accepted, partition, offset, f"KIND_{kind}", in_block, in_topic)
            if held and (moved := self._decoded(held.value)) and (its := shown(moved, self.chain_id).get("id")):
                self.omitted[its] = row
        if ages:
            sums = {"latencies": len(ages), "latency_sum": sum(ages), "latency_max": max(ages)}
            self.measures.append((candidate.append_ms, sums))

    def _found(self, accepted: Accepted, partition: int, offset: int, kind: str, in_block: str, in_topic: str) -> None:
        last = self.findings[-1] if self.findings else None
        if last and (last["block_hash"], last["kind"], last["to_offset"]) == (accepted.hash.hex(), kind, offset):
            last["to_offset"] += 1
            return
        self.findings.append(
            message(
                height=accepted.header["height"],
                block_hash=accepted.hash.hex(),
                miner=text(accepted.header["miner"]),
                kind=kind,
                partition=partition,
                from_offset=offset,
                to_offset=offset + 1,
                in_block=in_block,
                in_topic=in_topic,
            )
        )

    # Replies.

    def info(self) -> dict[str, Any]:
        """GetLedgerInfo, but for the version."""
        partitions = []
        for number, cursor in enumerate(self.chain.cursors):
            oldest = self.pending[number][0]["append_time"] if self.pending[number] else None
            partitions.append(
                message(
                    partition=number,
                    cursor=cursor,
                    end_offset=self.ends[number],
                    oldest_pending_time=oldest,
                )
            )
        rejected = sum(self.verdicts.values()) - self.verdicts["INCLUDED"]
        audit = message(
            checked_height=self.tip["height"],
            findings=len(self.findings),
            latest=self.findings[-1] if self.findings else None,
        )
        return message(
            chain_id=self.chain_id.hex(),
            chain_name=self.chain.genesis["name"],
            open=bool(self.chain.genesis["open"]),
            tip=self.tip,
            partitions=partitions,
            applied_offset=self.end,
            end_offset=self.end,
            accounts=len(self.accounts),
            transactions_included=self.verdicts["INCLUDED"],
            records_rejected=rejected,
            supply=self.chain.supply(),
            audit=audit,
            miners=[text(miner) for miner in self.chain.miners],
        )

    def genesis(self) -> dict[str, Any]:
        """GetGenesis."""
        rules = self.chain.genesis
        return message(
            chain_id=self.chain_id.hex(),
            chain_name=rules["name"],
            timestamp=rules["timestamp_ms"],
            open=bool(rules["open"]),
            partitions=rules["partitions"],
            reward=rules["reward"],
            bits=f"{rules['bits']:08x}",
            target_block_ms=rules["target_block_ms"],
            max_block_records=rules["max_block_records"],
            max_block_bytes=rules["max_block_bytes"],
            miners=[text(miner) for miner in rules["miners"]],
            allocations=len(rules["allocations"]),
            record=self.leaf_records[0],
            admin=text(rules["admin"]),
        )

    def account(self, name: str, height: int) -> dict[str, Any] | None:
        """GetAccount's account as of a height; None: UNKNOWN_ACCOUNT."""
        state = self.accounts[name].at(height) if name in self.accounts else None
        return (
            None
            if state is None
            else message(
                account=name,
                balance=state.balance,
                nonce=state.nonce,
                entries=state.entries,
                last_leaf_index=state.last_leaf,
            )
        )

    def status(self, transaction_id: str) -> dict[str, Any] | None:
        """The status of an id; None: UNKNOWN_TRANSACTION."""
        if row := self.occurrences.get(transaction_id):
            state = "INCLUDED" if row["verdict"] == "VERDICT_INCLUDED" else "REJECTED"
        elif row := self.waiting.get(transaction_id):
            state = "PENDING"
        elif row := self.omitted.get(transaction_id):
            state = "OMITTED"
        else:
            return None
        where = self.blocks[row["height"]] if "height" in row else None
        place = row["position"]["partition"], row["position"]["offset"]
        trace = self.traces.get(place) if row["verdict"] != "VERDICT_VOID" else None
        return message(id=transaction_id, state=f"STATE_{state}", record=row, block=where, trace_id=trace)

    def ranked_miners(self) -> list[dict[str, Any]]:
        """ListMiners: most blocks first, equals by the bytes of their accounts."""
        return sorted(self.miners.values(), key=lambda row: (-row["blocks"], account.parse(row["account"])))

    def bucket(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        """One bucket of GetSeries."""
        sums: Counter[str] = Counter()
        largest = 0
        for at_ms, measure in self.measures:
            if start_ms <= at_ms < end_ms:
                largest = max(largest, measure.get("latency_max", 0))
                sums.update({name: value for name, value in measure.items() if name != "latency_max"})
        found = {"start_time": start_ms, "work": float(sums["work"])}
        found |= {name: sums[name] for name in ("blocks", "included", "rejected", "stale", "bytes")}
        if sums["latencies"]:
            found |= {"latency_mean_ms": sums["latency_sum"] / sums["latencies"], "latency_max_ms": largest}
        return found
