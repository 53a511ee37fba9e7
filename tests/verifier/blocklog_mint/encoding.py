"""Writing protobuf: what the verifier only reads."""

from typing import Any

from blocklog_verifier.wire import Fields


def varint(number: int) -> bytes:
    """The shortest."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def encode(fields: Fields, message: dict[str, Any]) -> bytes:
    """The canonical encoding of what wire.decode gives."""
    out = b""
    for number, (name, kind) in fields.items():
        many = message[name] if isinstance(kind, list) else [message[name]]
        kind = kind[0] if isinstance(kind, list) else kind
        for value in many:
            if value or (isinstance(kind, dict) and value is not None) or many is message[name]:
                out += _field(number, kind, value)
    return out


def _field(number: int, kind: Any, value: Any) -> bytes:
    if kind == "fixed64":
        return varint(number << 3 | 1) + int(value).to_bytes(8, "little")
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = encode(kind, value) if isinstance(kind, dict) else value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data
