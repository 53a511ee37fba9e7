"""Records of the `blockchain` topic: how their bytes are cut, and the 156 bytes that are hashed."""

from dataclasses import dataclass
from typing import Any

from . import account, wire
from .merkle import sha256

HEADER: wire.Fields = {
    1: ("version", "uint32"),
    2: ("height", "uint64"),
    3: ("previous_hash", "bytes"),
    4: ("log_root", "bytes"),
    5: ("log_size", "uint64"),
    6: ("timestamp_ms", "uint64"),
    7: ("partition", "uint32"),
    8: ("from_offset", "uint64"),
    9: ("to_offset", "uint64"),
    10: ("miner", "bytes"),
    11: ("bits", "uint32"),
    12: ("nonce", "fixed64"),
}
HOLE: wire.Fields = {1: ("from_offset", "uint64"), 2: ("to_offset", "uint64")}
BLOCK: wire.Fields = {
    1: ("header", HEADER),
    2: ("signature", "bytes"),
    3: ("records", ["bytes"]),
    4: ("verdicts", "bytes"),
    5: ("holes", [HOLE]),
}
LAYOUT = (
    ("version", 4),
    ("height", 8),
    ("previous_hash", 0),
    ("log_root", 0),
    ("log_size", 8),
    ("timestamp_ms", 8),
    ("partition", 4),
    ("from_offset", 8),
    ("to_offset", 8),
    ("miner", 0),
    ("bits", 4),
    ("nonce", 8),
)
HEADER_BYTES = 156
MAX_HEADER_MESSAGE = 200
HASHES = ("previous_hash", "log_root")


class Refused(Exception):
    """The rule that a candidate breaks."""

    def __init__(self, rule: str):
        super().__init__(rule)
        self.rule = rule


@dataclass
class Frame:
    """A candidate as far as it is read before its body."""

    header: dict[str, Any]
    hash: bytes
    signature: bytes


def header_bytes(header: dict[str, Any]) -> bytes:
    """The hashed layout of a header whose hashes have 32 bytes and its miner at most that."""
    return b"".join(header[name].to_bytes(size, "big") if size else header[name].ljust(32, b"\0") for name, size in LAYOUT)


def header_fields(layout: bytes) -> dict[str, Any]:
    """The fields of the 156 bytes; the miner still filled up."""
    header, at = {}, 0
    for name, size in LAYOUT:
        part = layout[at : at + (size or 32)]
        header[name] = int.from_bytes(part, "big") if size else part
        at += len(part)
    return header


def frame(value: bytes) -> Frame:
    """Header and signature of a candidate; BAD_VERSION comes before all that another version may change."""
    try:
        if value[:1] != b"\x0a":
            raise wire.Malformed("it does not begin with a header")
        content, end = wire.counted(value, 1)
        if len(content) > MAX_HEADER_MESSAGE or content[:1] != b"\x08":
            raise wire.Malformed("the header is too long, or does not begin with a version")
        version, _ = wire.varint(content, 1)
    except wire.Malformed:
        raise Refused("UNDECODABLE") from None
    if version != 1:
        raise Refused("BAD_VERSION")
    try:
        header = wire.decode(HEADER, content)
    except wire.Malformed:
        raise Refused("UNDECODABLE") from None
    if any(len(header[name]) != 32 for name in HASHES) or len(header["miner"]) > 32:
        raise Refused("UNDECODABLE")
    return Frame(header, sha256(header_bytes(header)), _signature(value, end))


def _signature(value: bytes, at: int) -> bytes:
    if value[at : at + 1] != b"\x12":
        return b""
    try:
        return wire.counted(value, at + 1)[0]
    except wire.Malformed:
        return b""


def body(value: bytes) -> dict[str, Any]:
    """The whole value; canonical or refused."""
    try:
        return wire.decode(BLOCK, value)
    except wire.Malformed:
        raise Refused("UNDECODABLE") from None


def signed_bytes(block_hash: bytes) -> bytes:
    """What a key account that mines signs."""
    return b"blocklog:block:v1" + block_hash


def miner_of(header: dict[str, Any]) -> str:
    """The miner in words."""
    miner = header["miner"]
    return account.text(miner) if account.well_formed(miner) else miner.hex()
