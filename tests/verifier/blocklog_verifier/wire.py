"""Canonical protobuf: fields in order, each once, defaults left out, minimal varints, nothing unknown.

Bytes are canonical if encoding what was decoded gives them back, so reading strictly is all it takes.
"""

from typing import Any

LIMITS = {"bool": 1 << 1, "uint32": 1 << 32, "uint64": 1 << 64}


# Of a message: name and kind by number. A kind is a word, such a table (a message) or [kind] (repeated).
Fields = dict[int, tuple[str, Any]]


class Malformed(ValueError):
    """Not the canonical encoding of such a message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A minimal varint below 2^64, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a varint without an end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if byte == 0 and shift:
        raise Malformed("a varint longer than needed")
    if value >> 64:
        raise Malformed("a varint above 64 bits")
    return value, at


def counted(data: bytes, at: int) -> tuple[bytes, int]:
    """Length and that many bytes, and where they end."""
    length, at = varint(data, at)
    if length > len(data) - at:
        raise Malformed("a field that ends behind the message")
    return data[at : at + length], at + length


def decode(fields: Fields, data: bytes) -> dict[str, Any]:
    """Fields by name; as `fields` has them.

    Absent: 0, empty, [] or, for a message, None.
    """
    found = {name: _absent(kind) for name, kind in fields.values()}
    at = last = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire_type = key >> 3, key & 7
        if number not in fields:
            raise Malformed(f"an unknown field {number}")
        name, kind = fields[number]
        repeated = isinstance(kind, list)
        if number < last or (number == last and not repeated):
            raise Malformed(f"{name} out of order or twice")
        last = number
        value, at = _value(kind[0] if repeated else kind, wire_type, data, at)
        if repeated:
            found[name].append(value)
        elif value is not None and value == _absent(kind):
            raise Malformed(f"{name} is there, and is what it would be if it were not")
        else:
            found[name] = value
    return found


def _absent(kind: Any) -> Any:
    if isinstance(kind, list):
        return []
    if isinstance(kind, dict):
        return None
    return {"bytes": b"", "string": ""}.get(kind, 0)


def _wire_type(kind: Any) -> int:
    if isinstance(kind, dict):
        return 2
    return {"fixed64": 1, "bytes": 2, "string": 2}.get(kind, 0)


def _value(kind: Any, wire_type: int, data: bytes, at: int) -> tuple[Any, int]:
    if wire_type != _wire_type(kind):
        raise Malformed(f"wire type {wire_type}")
    if wire_type == 0:
        number, at = varint(data, at)
        if number >= LIMITS[kind]:
            raise Malformed(f"more than a {kind} holds")
        return number, at
    if wire_type == 1:
        if len(data) - at < 8:
            raise Malformed("a field that ends behind the message")
        return int.from_bytes(data[at : at + 8], "little"), at + 8
    value, at = counted(data, at)
    if isinstance(kind, dict):
        return decode(kind, value), at
    if kind == "string":
        try:
            return value.decode("utf-8"), at
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None
    return value, at
