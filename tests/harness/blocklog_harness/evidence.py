"""The chain as the blockchain topic tells it, read by nothing of Blocklog's own code.

Enough of the format to count: headers, hashes, who was first, verdicts, transaction ids, balances. It trusts that
candidates are valid but for their order, so it is for runs in which nobody publishes invalid blocks.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from . import tools
from .process import Failure

VERDICTS = [
    "INCLUDED",
    "TOO_LARGE",
    "UNDECODABLE",
    "BAD_ACCOUNT",
    "NAMES_NOT_ALLOWED",
    "MEMO_TOO_LARGE",
    "EMPTY",
    "BAD_SIGNATURE",
    "EXPIRED",
    "NONCE_TOO_LOW",
    "INSUFFICIENT_FUNDS",
    "BALANCE_OVERFLOW",
]


def fields(data: bytes):
    """The fields of a protobuf message: number, and an int or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 1:
            value, at = int.from_bytes(data[at : at + 8], "little"), at + 8
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("a field ends behind the message")
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("a number ends behind the message")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


@dataclass
class Block:
    """One candidate."""

    topic_offset: int
    header: dict
    records: list[bytes]
    verdicts: bytes

    @property
    def height(self) -> int:
        return self.header.get(2, 0)

    @property
    def previous(self) -> bytes:
        return self.header.get(3, b"")

    @property
    def slice(self) -> tuple[int, int, int]:
        """Partition, first offset, offset behind the last."""
        return self.header.get(7, 0), self.header.get(8, 0), self.header.get(9, 0)

    @property
    def miner(self) -> str:
        return name(self.header.get(10, b""))

    @property
    def hash(self) -> bytes:
        h = self.header
        number = lambda n, size: h.get(n, 0).to_bytes(size, "big")
        parts = [number(1, 4), number(2, 8), h.get(3, b""), h.get(4, b""), number(5, 8), number(6, 8), number(7, 4)]
        parts += [number(8, 8), number(9, 8), h.get(10, b"").ljust(32, b"\0"), number(11, 4), number(12, 8)]
        return hashlib.sha256(b"".join(parts)).digest()


def name(account: bytes) -> str:
    """A named account as text, a key as hex."""
    return account.decode() if len(account) < 32 else account.hex()


def block(offset: int, value: bytes) -> Block:
    """Decodes a block record; ValueError if it is none."""
    header, records, verdicts = {}, [], b""
    for number, content in fields(value):
        if number == 1:
            header = dict(fields(content))
        elif number == 3:
            records.append(content)
        elif number == 4:
            verdicts = content
    return Block(offset, header, records, verdicts)


@dataclass
class Transaction:
    """A decoded record."""

    sender: bytes = b""
    recipient: bytes = b""
    amount: int = 0
    nonce: int = 0
    memo: bytes = b""
    valid_until: int = 0

    def id(self, chain_id: bytes) -> str:
        account = lambda a: bytes([len(a)]) + a
        signed = b"blocklog:tx:v1" + chain_id + account(self.sender) + account(self.recipient)
        signed += self.amount.to_bytes(8, "big") + self.nonce.to_bytes(8, "big")
        signed += self.valid_until.to_bytes(8, "big") + len(self.memo).to_bytes(2, "big") + self.memo
        return hashlib.sha256(signed).hexdigest()


def transaction(record: bytes) -> Transaction:
    """Decodes a transaction record."""
    found = dict(fields(record))
    get = lambda number, default: found.get(number, default)
    return Transaction(get(1, b""), get(2, b""), get(3, 0), get(4, 0), get(5, b""), get(6, 0))


@dataclass
class Chain:
    """What a topic adds up to."""

    chain_id: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    stale: list[Block] = field(default_factory=list)
    verdicts: Counter = field(default_factory=Counter)
    included: Counter = field(default_factory=Counter)
    balances: Counter = field(default_factory=Counter)
    cursors: dict = field(default_factory=dict)

    @property
    def tip(self) -> Block:
        return self.blocks[-1]

    def made_by(self) -> Counter:
        """Blocks by miner, block 0 aside."""
        return Counter(b.miner for b in self.blocks[1:])

    def _add(self, candidate: Block, reward: int) -> None:
        partition, start, end = candidate.slice
        if start != self.cursors.get(partition, 0) or end - start != len(candidate.records):
            raise Failure(f"block {candidate.height} takes {start}..{end} of partition {partition} out of turn")
        self.cursors[partition] = end
        self.blocks.append(candidate)
        self.balances[candidate.miner] += reward
        for record, verdict in zip(candidate.records, candidate.verdicts, strict=True):
            self.verdicts[VERDICTS[verdict]] += 1
            if verdict == 0:
                moved = transaction(record)
                self.included[moved.id(self.chain_id)] += 1
                self.balances[name(moved.sender)] -= moved.amount
                if moved.recipient:
                    self.balances[name(moved.recipient)] += moved.amount


def read(bootstrap: str, topic: str = "blockchain") -> Chain:
    """Folds the topic: the first candidate on the tip is the next block, the others are stale."""
    chain, reward = Chain(), 0
    for record in tools.consume(bootstrap, topic):
        candidate = block(record.offset, record.value)
        if not chain.blocks:
            genesis = dict(fields(candidate.records[0]))
            reward = genesis.get(5, 0)
            for number, allocation in fields(candidate.records[0]):
                if number == 10:
                    found = dict(fields(allocation))
                    chain.balances[name(found[1])] += found.get(2, 0)
            chain.chain_id = candidate.hash
            chain.blocks.append(candidate)
        elif candidate.previous == chain.tip.hash:
            chain._add(candidate, reward)
        else:
            chain.stale.append(candidate)
    return chain
