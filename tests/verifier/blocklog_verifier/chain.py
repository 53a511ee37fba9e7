"""A chain as a fold over candidates: `Chain.apply` takes the next record of the `blockchain` topic, or says why not."""

import re
from dataclasses import dataclass, replace
from typing import Any

from . import account, block, ed25519, genesis, leaf, transaction, work
from .block import Refused
from .merkle import Log, sha256

LARGEST = 2**63 - 1
# How far ahead of its append time a block may say it was made.
MAX_AHEAD_MS = 10_000
MINER_ORDER = re.compile(r"miner([+-]) (bl1[a-z0-9]+)")
VERSION_ORDER = re.compile(r"version ([1-9][0-9]*)")


@dataclass(frozen=True)
class State:
    """An account: its entries so far and the leaf of the last."""

    balance: int = 0
    nonce: int = 0
    entries: int = 0
    last_leaf: int = leaf.NONE


@dataclass
class Accepted:
    """What a block did."""

    header: dict[str, Any]
    hash: bytes
    leaves: list[bytes]
    verdicts: bytes


class Chain:
    """Empty until the first valid block 0."""

    def __init__(self) -> None:
        self.genesis: dict[str, Any] = {}
        self.chain_id = b""
        self.header: dict[str, Any] = {}
        self.hash = b""
        self.parent_time = 0
        self.log = Log()
        self.accounts: dict[bytes, State] = {}
        self.cursors: list[int] = []
        self.miners: list[bytes] = []
        self.version = 1

    def apply(self, value: bytes, append_ms: int) -> Accepted:
        """The next block, or Refused: then nothing has changed."""
        if not self.genesis:
            return self._start(value)
        framed = self._admit(value, max(append_ms, 0))
        return Evaluation(self, framed, block.body(value)).finish()

    def supply(self) -> int:
        """All balances together."""
        return sum(state.balance for state in self.accounts.values())

    def next_bits(self) -> int:
        """The work of the next block."""
        rules = self.genesis
        return work.next_bits(rules["bits"], rules["target_block_ms"], self.header["height"] + 1, self.header, self.parent_time)

    def _start(self, value: bytes) -> Accepted:
        rules, header, record = genesis.block_zero(value)
        leaves = genesis.leaves(record, rules)
        self.genesis, self.header, self.hash = rules, header, sha256(block.header_bytes(header))
        self.chain_id = self.hash
        for number, allocation in enumerate(rules["allocations"], 1):
            self.accounts[allocation["account"]] = State(allocation["amount"], 0, 1, number)
        for data in leaves:
            self.log.append(data)
        self.cursors = [0] * rules["partitions"]
        self.miners = list(rules["miners"])
        return Accepted(header, self.hash, leaves, b"")

    def _admit(self, value: bytes, append_ms: int) -> block.Frame:
        """All rules before the body."""
        rules = self.genesis
        if self.version != 1:
            raise Refused("STOPPED")
        if len(value) > rules["max_block_bytes"]:
            raise Refused("OVERSIZE")
        framed = block.frame(value)
        header, parent = framed.header, self.header
        if header["previous_hash"] != self.hash:
            raise Refused("STALE")
        if header["height"] != parent["height"] + 1:
            raise Refused("BAD_HEIGHT")
        if header["partition"] >= rules["partitions"]:
            raise Refused("BAD_PARTITION")
        start, end = header["from_offset"], header["to_offset"]
        if start != self.cursors[header["partition"]]:
            raise Refused("BAD_FROM")
        if not start < end <= start + rules["max_block_records"]:
            raise Refused("BAD_SLICE")
        if header["timestamp_ms"] < parent["timestamp_ms"]:
            raise Refused("TOO_EARLY")
        if header["timestamp_ms"] > max(parent["timestamp_ms"], append_ms + MAX_AHEAD_MS):
            raise Refused("TOO_LATE")
        if header["bits"] != self.next_bits():
            raise Refused("BAD_BITS")
        if int.from_bytes(framed.hash, "big") > work.target(header["bits"]):
            raise Refused("BAD_WORK")
        self._check_miner(framed)
        return framed

    def _check_miner(self, framed: block.Frame) -> None:
        miner = framed.header["miner"]
        if not account.well_formed(miner, self.genesis["open"]) or (self.miners and miner not in self.miners):
            raise Refused("BAD_MINER")
        if account.is_key(miner):
            genuine = ed25519.verify(miner, framed.signature, block.signed_bytes(framed.hash))
        else:
            genuine = not framed.signature
        if not genuine:
            raise Refused("BAD_BLOCK_SIGNATURE")


class Evaluation:
    """One block upon the tip, tried beside the chain and moved into it when everything holds."""

    def __init__(self, chain: Chain, framed: block.Frame, body: dict[str, Any]):
        self.chain, self.header, self.hash = chain, framed.header, framed.hash
        self.body = body
        self.changed: dict[bytes, State] = {}
        self.log = chain.log.copy()
        self.leaves: list[bytes] = []
        self.miners, self.version = list(chain.miners), chain.version

    def finish(self) -> Accepted:
        """Checks the body; then the chain has the block."""
        self._check_holes()
        header, records, verdicts = self.header, self.body["records"], self.body["verdicts"]
        missing = sum(hole["to_offset"] - hole["from_offset"] for hole in self.body["holes"])
        if len(records) + missing != header["to_offset"] - header["from_offset"] or len(verdicts) != len(records):
            raise Refused("BAD_RECORD_COUNT")
        self.pay()
        self._slice()
        if header["log_size"] != self.log.size or header["log_root"] != self.log.root():
            raise Refused("BAD_LOG")
        return self._commit()

    def _check_holes(self) -> None:
        # Touching the slice's first offset is fine; one before, so that the first hole may.
        last = self.header["from_offset"] - 1
        for hole in self.body["holes"]:
            if not last < hole["from_offset"] < hole["to_offset"] <= self.header["to_offset"]:
                raise Refused("BAD_HOLES")
            last = hole["to_offset"]

    def _state(self, owner: bytes) -> State:
        return self.changed.get(owner) or self.chain.accounts.get(owner) or State()

    def _entry(self, owner: bytes, change: int) -> bytes:
        """Changes a balance, in the leaf that is added next."""
        before = self._state(owner)
        after = replace(before, balance=before.balance + change, entries=before.entries + 1, last_leaf=self.log.size)
        self.changed[owner] = after
        return leaf.entry(before.last_leaf, after.entries, after.balance)

    def _append(self, data: bytes) -> None:
        self.log.append(data)
        self.leaves.append(data)

    def pay(self) -> None:
        """The block leaf: the miner comes first."""
        miner = self.header["miner"]
        paid = min(self.chain.genesis["reward"], LARGEST - self._state(miner).balance)
        self._append(leaf.block(self.header, paid, self._entry(miner, paid) if paid else b""))

    def _slice(self) -> None:
        """Records and holes in offset order."""
        offset = self.header["from_offset"]
        holes = {hole["from_offset"]: hole["to_offset"] for hole in self.body["holes"]}
        judged = zip(self.body["records"], self.body["verdicts"], strict=True)
        while offset < self.header["to_offset"]:
            if offset in holes:
                offset = self.void(offset, holes[offset])
                continue
            record, claimed = next(judged)
            if claimed == transaction.TOO_LARGE:
                if len(record) != 32:
                    raise Refused("BAD_VERDICT")
                self.too_large(offset, record)
            elif len(record) > transaction.MAX_RECORD or self.record(offset, record) != claimed:
                raise Refused("BAD_VERDICT")
            offset += 1

    def void(self, start: int, end: int) -> int:
        """A run of offsets without a record; returns its end."""
        self._append(leaf.void(self.header["height"], self.header["partition"], start, end))
        return end

    def too_large(self, offset: int, record_hash: bytes) -> None:
        """A record of which the block carries the hash."""
        height, partition = self.header["height"], self.header["partition"]
        self._append(leaf.record(height, partition, offset, record_hash, transaction.TOO_LARGE, b""))

    def record(self, offset: int, record: bytes) -> int:
        """Judges a record of at most 1024 bytes, and does what it says; returns the verdict."""
        rules, entries = self.chain.genesis, b""
        verdict, moved = transaction.judge(record, self.chain.chain_id, rules["open"])
        if moved and verdict == transaction.INCLUDED:
            verdict = self._verdict(moved)
            if verdict in (transaction.INCLUDED, transaction.INSUFFICIENT_FUNDS, transaction.BALANCE_OVERFLOW):
                self.changed[moved["sender"]] = replace(self._state(moved["sender"]), nonce=moved["nonce"])
            if verdict == transaction.INCLUDED:
                entries = self._move(moved)
                self._order(moved)
        height, partition = self.header["height"], self.header["partition"]
        self._append(leaf.record(height, partition, offset, sha256(record), verdict, entries))
        return verdict

    def _verdict(self, moved: dict[str, Any]) -> int:
        """The rules that need the state."""
        sender, recipient, amount = moved["sender"], moved["recipient"], moved["amount"]
        if 0 < moved["valid_until"] < self.header["height"]:
            return transaction.EXPIRED
        before = self._state(sender)
        if moved["nonce"] <= before.nonce:
            return transaction.NONCE_TOO_LOW
        if account.is_key(sender) and before.balance < amount:
            return transaction.INSUFFICIENT_FUNDS
        if recipient and recipient != sender:
            if before.balance - amount < -LARGEST or self._state(recipient).balance + amount > LARGEST:
                return transaction.BALANCE_OVERFLOW
        return transaction.INCLUDED

    def _move(self, moved: dict[str, Any]) -> bytes:
        sender, recipient, amount = moved["sender"], moved["recipient"], moved["amount"]
        if not recipient or recipient == sender:
            return self._entry(sender, 0)
        return self._entry(sender, -amount) + self._entry(recipient, amount)

    def _order(self, moved: dict[str, Any]) -> None:
        """What the admin says, from the next block on."""
        if moved["sender"] != self.chain.genesis["admin"] or moved["recipient"]:
            return
        if version := VERSION_ORDER.fullmatch(moved["memo"]):
            if self.version < int(version[1]) < 1 << 32:
                self.version = int(version[1])
        if order := MINER_ORDER.fullmatch(moved["memo"]):
            miner = account.parse(order[2])
            if miner is None:
                return
            if order[1] == "+" and miner not in self.miners:
                self.miners.append(miner)
            elif order[1] == "-" and miner in self.miners and len(self.miners) > 1:
                self.miners.remove(miner)

    def _commit(self) -> Accepted:
        chain, header = self.chain, self.header
        chain.accounts.update(self.changed)
        chain.log, chain.miners, chain.version = self.log, self.miners, self.version
        chain.cursors[header["partition"]] = header["to_offset"]
        chain.parent_time = chain.header["timestamp_ms"]
        chain.header, chain.hash = header, self.hash
        return Accepted(header, self.hash, self.leaves, self.body["verdicts"])
