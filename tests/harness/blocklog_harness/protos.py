"""Protobuf messages as dicts, by the text of the .proto files: nothing is generated, and nothing of the product's is used.

A message holds what its bytes hold, and nothing else: `optional` numbers even when zero, everything else only when it
differs from its default. Enums are their names, timestamps milliseconds, bytes are bytes.
"""

import re
import struct
from dataclasses import dataclass

from . import paths

TOKEN = re.compile(r'"[^"]*"|[\w.]+|[{}=;<>,()]')
COMMENT = re.compile(r"//[^\n]*")
TIMESTAMP = "google.protobuf.Timestamp"
NUMBERS = {"bool", "uint32", "uint64", "int32", "int64"}
SIGNED = {"int32", "int64"}


@dataclass(frozen=True)
class Field:
    """One field of a message; `kind` is a scalar's word, or the full name of a message or enum."""

    number: int
    name: str
    kind: str
    repeated: bool


@dataclass(frozen=True)
class Method:
    """One RPC."""

    path: str
    request: str
    reply: str


class Contract:
    """All messages, enums and methods of the files below `proto`."""

    def __init__(self):
        self.messages: dict[str, list[Field]] = {}
        self.enums: dict[str, dict[int, str]] = {}
        self.methods: dict[str, Method] = {}
        for file in sorted((paths.ROOT / "proto" / "blocklog").rglob("*.proto")):
            _Reader(self, COMMENT.sub("", file.read_text())).file()
        self._by_number, self._by_name = {}, {}
        for name, fields in self.messages.items():
            fields = [self._resolved(name, field) for field in fields]
            self._by_number[name] = {field.number: field for field in fields}
            self._by_name[name] = {field.name: field for field in fields}
        for name, method in self.methods.items():
            scope = name.rsplit(".", 2)[0]
            self.methods[name] = Method(method.path, self._find(scope, method.request), self._find(scope, method.reply))

    def _resolved(self, scope: str, field: Field) -> Field:
        return Field(field.number, field.name, self._find(scope, field.kind), field.repeated)

    def _find(self, scope: str, kind: str) -> str:
        """The full name of a type, looked for from the innermost scope outward."""
        while scope:
            full = f"{scope}.{kind}"
            if full in self.messages or full in self.enums:
                return full
            scope = scope.rpartition(".")[0]
        return kind

    # Writing.

    def encode(self, name: str, message: dict) -> bytes:
        """The bytes of a message: strings, bytes, unsigned numbers and messages, which is all that requests hold."""
        out = b""
        for key, value in message.items():
            field = self._by_name[name][key]
            for one in value if field.repeated else [value]:
                out += self._encoded(field, one)
        return out

    def _encoded(self, field: Field, value) -> bytes:
        if field.kind in NUMBERS:
            return varint(field.number << 3) + varint(int(value))
        if field.kind == TIMESTAMP:
            data = varint(1 << 3) + varint(value // 1000) + varint(2 << 3) + varint(value % 1000 * 1_000_000)
        elif isinstance(value, dict):
            data = self.encode(field.kind, value)
        else:
            data = value.encode() if isinstance(value, str) else value
        return varint(field.number << 3 | 2) + varint(len(data)) + data

    # Reading.

    def decode(self, name: str, data: bytes) -> dict:
        """A message; ValueError if it is none, or holds a field that the contract does not have."""
        fields, found, at = self._by_number[name], {}, 0
        while at < len(data):
            key, at = read_varint(data, at)
            field = fields.get(key >> 3)
            if field is None:
                raise ValueError(f"{name} has no field {key >> 3}")
            wire_type = key & 7
            if wire_type == 0:
                raw, at = read_varint(data, at)
            elif wire_type == 1:
                raw, at = data[at : at + 8], at + 8
            elif wire_type == 2:
                size, at = read_varint(data, at)
                raw, at = data[at : at + size], at + size
            else:
                raise ValueError(f"{name}.{field.name} has wire type {wire_type}")
            value = self._decoded(field, raw)
            if field.repeated:
                found.setdefault(field.name, []).append(value)
            else:
                found[field.name] = value
        return found

    def _decoded(self, field: Field, raw):
        kind = field.kind
        if kind == "string":
            return raw.decode()
        if kind == "bytes":
            return raw
        if kind == "double":
            return struct.unpack("<d", raw)[0]
        if kind == "bool":
            return bool(raw)
        if kind in NUMBERS:
            return raw - (1 << 64) if kind in SIGNED and raw >> 63 else raw
        if kind in self.enums:
            return self.enums[kind][raw]
        if kind == TIMESTAMP:
            return _milliseconds(raw)
        return self.decode(kind, raw)


class _Reader:
    """Recursive descent over the tokens of one file."""

    def __init__(self, contract: Contract, text: str):
        self.contract, self.tokens, self.at, self.package = contract, TOKEN.findall(text), 0, ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def skip_to(self, end: str) -> list[str]:
        found = []
        while (token := self.take()) != end:
            found.append(token)
        return found

    def file(self) -> None:
        while self.at < len(self.tokens):
            word = self.take()
            if word == "package":
                self.package = self.skip_to(";")[0]
            elif word == "message":
                self.message(self.package)
            elif word == "enum":
                self.enum(self.package)
            elif word == "service":
                self.service()
            else:
                self.skip_to(";")

    def message(self, scope: str) -> None:
        name = f"{scope}.{self.take()}"
        fields = self.contract.messages.setdefault(name, [])
        self.take()
        self.body(name, fields)

    def body(self, name: str, fields: list[Field]) -> None:
        while (word := self.take()) != "}":
            if word == "message":
                self.message(name)
            elif word == "enum":
                self.enum(name)
            elif word == "oneof":
                self.take(), self.take()
                self.body(name, fields)
            elif word in ("reserved", "option"):
                self.skip_to(";")
            elif word == "map":
                self.map(name, fields, self.skip_to(";"))
            else:
                rest = [word, *self.skip_to(";")]
                label = rest.pop(0) if word in ("optional", "repeated") else ""
                kind, field, _, number = rest[:4]
                fields.append(Field(int(number), field, kind, label == "repeated"))

    def map(self, scope: str, fields: list[Field], rest: list[str]) -> None:
        """On the wire a map is a repeated message of a key and a value."""
        _, key, _, value, _, field, _, number = rest[:8]
        entry = f"{scope}.{field}_entry"
        self.contract.messages[entry] = [Field(1, "key", key, False), Field(2, "value", value, False)]
        fields.append(Field(int(number), field, entry, True))

    def enum(self, scope: str) -> None:
        values = self.contract.enums.setdefault(f"{scope}.{self.take()}", {})
        self.take()
        while (word := self.take()) != "}":
            values[int(self.skip_to(";")[1])] = word

    def service(self) -> None:
        service = f"{self.package}.{self.take()}"
        self.take()
        while self.take() != "}":
            name = self.take()
            types = [token for token in self.skip_to(";") if token not in ("(", ")", "returns", "stream", "{", "}")]
            self.contract.methods[f"{service}.{name}"] = Method(f"/{service}/{name}", *types[:2])


def varint(number: int) -> bytes:
    """The shortest."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _milliseconds(raw: bytes) -> int:
    found, at = {1: 0, 2: 0}, 0
    while at < len(raw):
        key, at = read_varint(raw, at)
        found[key >> 3], at = read_varint(raw, at)
    if found[2] % 1_000_000:
        raise ValueError(f"a time of {found[2]} ns is no whole millisecond")
    return found[1] * 1000 + found[2] // 1_000_000
