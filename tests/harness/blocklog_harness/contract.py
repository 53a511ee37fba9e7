"""The contract of `proto/` in Python: messages as plain dictionaries, to bytes and back.

A dictionary holds fields by their names in the .proto files, those alone that are there; enums are their words, and a
`google.protobuf.Timestamp` is a number of milliseconds.
"""

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

import grpc_tools
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet
from grpc_tools import protoc

from . import paths
from .process import Failure

PROTO = paths.ROOT / "proto"
TIMESTAMP = "google.protobuf.Timestamp"


@cache
def contract() -> "Contract":
    """The contract of this checkout, compiled once in a process."""
    return Contract(compiled())


def compiled() -> FileDescriptorSet:
    """The descriptors of all files below `proto/` and of what they import."""
    files = [str(file.relative_to(PROTO)) for file in sorted(PROTO.rglob("*.proto"))]
    with tempfile.TemporaryDirectory(prefix="blocklog-proto-") as folder:
        out = Path(folder) / "contract.bin"
        known = Path(grpc_tools.__file__).parent / "_proto"
        words = ["protoc", f"-I{PROTO}", f"-I{known}", "--include_imports", f"--descriptor_set_out={out}", *files]
        if code := protoc.main(words):
            raise Failure(f"protoc ended with {code} on {PROTO}")
        return FileDescriptorSet.FromString(out.read_bytes())


class Contract:
    """Messages and methods by their full names."""

    def __init__(self, files: FileDescriptorSet):
        self._pool = DescriptorPool()
        for file in files.file:
            self._pool.AddSerializedFile(file.SerializeToString())

    def method(self, name: str) -> MethodDescriptor:
        """An RPC by its full name, with a dot before its own."""
        return self._pool.FindMethodByName(name)

    def encode(self, name: str, message: dict[str, Any]) -> bytes:
        """The bytes of a message."""
        return _filled(self._empty(name), message).SerializeToString()

    def decode(self, name: str, data: bytes) -> dict[str, Any]:
        """A message; ValueError if it is none, or holds a field that the contract does not have."""
        found = self._empty(name)
        try:
            found.ParseFromString(data)
        except DecodeError as error:
            raise ValueError(f"not a {name}: {error}") from None
        return _plain(found)

    def _empty(self, name: str) -> Message:
        return GetMessageClass(self._pool.FindMessageTypeByName(name))()


def _filled(message: Message, content: dict[str, Any]) -> Message:
    """A message with the fields of a dictionary."""
    message.SetInParent()
    for name, value in content.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            if field.is_repeated:
                getattr(message, name).extend(value)
            else:
                setattr(message, name, value)
        elif field.is_repeated:
            for one in value:
                _filled(getattr(message, name).add(), one)
        elif isinstance(value, int):
            getattr(message, name).FromMilliseconds(value)
        else:
            _filled(getattr(message, name), value)
    return message


def _plain(message: Message) -> dict[str, Any]:
    """The fields that are there."""
    if strangers := UnknownFieldSet(message):
        raise ValueError(f"{message.DESCRIPTOR.full_name} has no field {strangers[0].field_number}")
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return [_one(field, one) for one in cast(Iterable[Any], value)]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type:
        return field.enum_type.values_by_number[value].name
    if not field.message_type:
        return value
    if field.message_type.full_name != TIMESTAMP:
        return _plain(value)
    if value.nanos % 1_000_000:
        raise ValueError(f"a time of {value.nanos} ns is no whole millisecond")
    return value.seconds * 1000 + value.nanos // 1_000_000
