"""Block 0: the table of its own."""

import re
from typing import Any

from . import account, block, leaf, wire, work
from .block import Refused
from .merkle import Log, sha256

ALLOCATION: wire.Fields = {1: ("account", "bytes"), 2: ("amount", "uint64")}
GENESIS: wire.Fields = {
    1: ("name", "string"),
    2: ("timestamp_ms", "uint64"),
    3: ("open", "bool"),
    4: ("partitions", "uint32"),
    5: ("reward", "uint64"),
    6: ("bits", "uint32"),
    7: ("target_block_ms", "uint64"),
    8: ("max_block_records", "uint32"),
    9: ("max_block_bytes", "uint32"),
    10: ("allocations", [ALLOCATION]),
    11: ("miners", ["bytes"]),
    12: ("admin", "bytes"),
}
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MAX_GENESIS = 1 << 20


def checked(record: bytes) -> dict[str, Any]:
    """The genesis of a record; raises Refused."""
    try:
        if len(record) > MAX_GENESIS:
            raise wire.Malformed("too long")
        genesis = wire.decode(GENESIS, record)
    except wire.Malformed:
        raise Refused("GENESIS_UNDECODABLE") from None
    for rule, holds in RULES:
        if not holds(genesis):
            raise Refused(rule)
    return genesis


def _bits(genesis: dict[str, Any]) -> bool:
    bits: int = genesis["bits"]
    return bits >> 24 <= 33 and 1 << 128 <= work.target(bits) < 1 << 256 and work.is_canonical(bits)


def _limits(genesis: dict[str, Any]) -> bool:
    records: int = genesis["max_block_records"]
    size: int = genesis["max_block_bytes"]
    return 1 <= records <= 10_000 and 64 << 10 <= size <= 16 << 20


def _allocations(genesis: dict[str, Any]) -> bool:
    owners = [a["account"] for a in genesis["allocations"]]
    return (
        all(account.well_formed(owner, genesis["open"]) for owner in owners)
        and len(set(owners)) == len(owners)
        and sum(a["amount"] for a in genesis["allocations"]) <= 1 << 62
    )


def _miners(genesis: dict[str, Any]) -> bool:
    miners = genesis["miners"]
    return all(account.is_key(miner) for miner in miners) and len(set(miners)) == len(miners)


RULES = (
    ("GENESIS_BAD_NAME", lambda g: NAME.fullmatch(g["name"])),
    ("GENESIS_BAD_TIME", lambda g: g["timestamp_ms"] < 1 << 53),
    ("GENESIS_BAD_PARTITIONS", lambda g: 1 <= g["partitions"] <= 1024),
    ("GENESIS_BAD_REWARD", lambda g: g["reward"] < 1 << 31),
    ("GENESIS_BAD_BITS", _bits),
    ("GENESIS_BAD_INTERVAL", lambda g: g["target_block_ms"] == 0 or 1000 <= g["target_block_ms"] <= 86_400_000),
    ("GENESIS_BAD_LIMITS", _limits),
    ("GENESIS_BAD_ALLOCATIONS", _allocations),
    ("GENESIS_BAD_MINERS", _miners),
    ("GENESIS_BAD_ADMIN", lambda g: not g["admin"] or account.is_key(g["admin"])),
)


def leaves(record: bytes, genesis: dict[str, Any]) -> list[bytes]:
    """What block 0 adds to the log. Accounts are distinct, so each entry is its account's first."""
    first = [leaf.genesis(sha256(record))]
    return first + [
        leaf.allocation(a["account"], a["amount"], leaf.entry(leaf.NONE, 1, a["amount"])) for a in genesis["allocations"]
    ]


def header(record: bytes, genesis: dict[str, Any]) -> dict[str, Any]:
    """The one header that block 0 may have."""
    log = Log()
    for data in leaves(record, genesis):
        log.append(data)
    return {
        "version": 1,
        "height": 0,
        "previous_hash": bytes(32),
        "log_root": log.root(),
        "log_size": log.size,
        "timestamp_ms": genesis["timestamp_ms"],
        "partition": 0,
        "from_offset": 0,
        "to_offset": 0,
        "miner": b"",
        "bits": genesis["bits"],
        "nonce": 0,
    }


def block_zero(value: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Genesis, header and genesis record of a value that is a block 0; raises Refused."""
    try:
        found = wire.decode(block.BLOCK, value)
    except wire.Malformed:
        raise Refused("NOT_BLOCK_ZERO") from None
    if found["header"] is None or len(found["records"]) != 1:
        raise Refused("NOT_BLOCK_ZERO")
    if found["verdicts"] or found["holes"] or found["signature"]:
        raise Refused("NOT_BLOCK_ZERO")
    record = found["records"][0]
    genesis = checked(record)
    if found["header"] != header(record, genesis):
        raise Refused("GENESIS_BAD_HEADER")
    return genesis, found["header"], record
