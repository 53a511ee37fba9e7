"""Exports: `offset SP append-time SP length(4 bytes, big-endian) value`, again and again."""

import re
from collections.abc import Iterator
from typing import BinaryIO

# kcat says -1 where the log has no time, and all ones for the length of a null value.
NUMBERS = re.compile(rb"([0-9]{1,20}) ([0-9]{1,20}|-[0-9]{1,19}) ")
NULL = 0xFFFFFFFF
# Two numbers of twenty digits, two spaces, a length.
LONGEST_START = 46
CHUNK = 1 << 16


class Broken(ValueError):
    """Not an export, or not a whole one."""


def write(offset: int, append_ms: int, value: bytes) -> bytes:
    """One record of an export."""
    return b"%d %d %s%s" % (offset, append_ms, len(value).to_bytes(4, "big"), value)


def read(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Offset, append time and value of each record, in offset order."""
    held, last = b"", -1
    while True:
        held = _fill(file, held, LONGEST_START)
        if not held:
            return
        start = NUMBERS.match(held)
        if not start or len(held) < start.end() + 4:
            raise Broken(f"behind offset {last} there is no record of an export")
        offset, append_ms, at = int(start[1]), int(start[2]), start.end() + 4
        if max(offset, append_ms) >> 64:
            raise Broken(f"behind offset {last} there is a number above 64 bits")
        if offset <= last:
            raise Broken(f"offset {offset} after {last}: an export is in offset order")
        length = int.from_bytes(held[start.end() : at], "big")
        length = 0 if length == NULL else length
        held = _fill(file, held, at + length)
        if len(held) < at + length:
            raise Broken(f"the record at offset {offset} is cut off")
        yield offset, append_ms, held[at : at + length]
        held, last = held[at + length :], offset


def _fill(file: BinaryIO, held: bytes, wanted: int) -> bytes:
    parts, have = [held], len(held)
    while have < wanted and (more := file.read(max(CHUNK, wanted - have))):
        parts.append(more)
        have += len(more)
    return b"".join(parts)
