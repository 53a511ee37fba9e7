"""The five kinds of leaves, written and read."""

from typing import Any

from . import account
from .transaction import INCLUDED, VERDICTS

NONE = 2**64 - 1


def entry(previous: int, sequence: int, balance: int) -> bytes:
    """An account's entry: `previous` is the leaf index of the one before, or NONE."""
    return _u64(previous) + _u64(sequence) + balance.to_bytes(8, "big", signed=True)


def genesis(record_hash: bytes) -> bytes:
    """The first leaf."""
    return b"\0" + record_hash


def allocation(owner: bytes, amount: int, its_entry: bytes) -> bytes:
    """One for each allocation of genesis."""
    return b"\1" + account.hashed(owner) + _u64(amount) + its_entry


def block(header: dict[str, Any], paid: int, its_entry: bytes) -> bytes:
    """The first of each other block; `its_entry` is empty if nothing was paid."""
    where: bytes = _u64(header["height"]) + header["previous_hash"] + _u64(header["timestamp_ms"])
    return b"\2" + where + account.hashed(header["miner"]) + _u64(paid) + its_entry


def record(height: int, partition: int, offset: int, record_hash: bytes, verdict: int, entries: bytes) -> bytes:
    """One for each record of a slice."""
    where = _u64(height) + partition.to_bytes(4, "big") + _u64(offset)
    return b"\3" + where + record_hash + bytes([verdict]) + entries


def void(height: int, partition: int, start: int, end: int) -> bytes:
    """One for each run of offsets without a record."""
    return b"\4" + _u64(height) + partition.to_bytes(4, "big") + _u64(start) + _u64(end)


class NoLeaf(ValueError):
    """Bytes that no leaf has."""


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise NoLeaf("a leaf is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int = 8, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "big", signed=signed)

    def account(self) -> bytes:
        found = self.take(self.number(1))
        if not account.well_formed(found):
            raise NoLeaf("an account in a leaf is malformed")
        return found

    def entry(self) -> dict[str, Any]:
        return {"previous": self.number(), "sequence": self.number(), "balance": self.number(signed=True)}

    @property
    def ended(self) -> bool:
        return self.at == len(self.data)


def parse(data: bytes) -> dict[str, Any]:
    """The fields of a leaf, with its `kind` and, where it has some, its `entries`."""
    read = _Reader(data)
    kind = read.number(1)
    if kind == 0:
        found: dict[str, Any] = {"kind": "genesis", "record_hash": read.take(32)}
    elif kind == 1:
        found = {"kind": "allocation", "account": read.account(), "amount": read.number(), "entries": [read.entry()]}
    elif kind == 2:
        found = {
            "kind": "block",
            "height": read.number(),
            "previous_hash": read.take(32),
            "timestamp_ms": read.number(),
            "miner": read.account(),
            "paid": read.number(),
        }
        found["entries"] = [read.entry()] if found["paid"] else []
    elif kind == 3:
        found = {
            "kind": "record",
            "height": read.number(),
            "partition": read.number(4),
            "offset": read.number(),
            "record_hash": read.take(32),
            "verdict": read.number(1),
        }
        if found["verdict"] >= len(VERDICTS):
            raise NoLeaf("a leaf with a verdict that there is not")
        found["verdict_code"] = VERDICTS[found["verdict"]]
        found["entries"] = []
        if found["verdict"] == INCLUDED:
            found["entries"].append(read.entry())
            if not read.ended:
                found["entries"].append(read.entry())
    elif kind == 4:
        found = {
            "kind": "void",
            "height": read.number(),
            "partition": read.number(4),
            "from": read.number(),
            "to": read.number(),
        }
    else:
        raise NoLeaf(f"no leaf begins with {kind}")
    if not read.ended:
        raise NoLeaf("bytes behind a leaf")
    return found


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")
