"""A gRPC client in a few lines of HTTP/2 (RFC 9113, RFC 7541): thousands of calls a second, where a process for each takes minutes.

It knows what it needs against servers on this machine: plaintext, requests of one frame, replies of any size, and for
streams in both directions the flow control of what is sent. Everything that a person would look at is left to grpcurl.
"""

import base64
import socket
import struct
from collections.abc import Iterator
from functools import cache

from . import evidence
from .process import Failure
from .protos import Contract

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
LARGEST_WINDOW = (1 << 31) - 1
LARGEST_FRAME = 16_384
# What the peer may send before it is given more room.
REFILL = 1 << 28
# Calls in progress at once.
IN_FLIGHT = 32
CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
# Printable characters by the length of their Huffman code (RFC 7541, appendix B); the codes themselves follow, being canonical.
BY_LENGTH = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
}


@cache
def contract() -> Contract:
    """The contract, read once."""
    return Contract()


class Status(Failure):
    """A call that ended with another status than OK."""

    def __init__(self, method: str, trailers: dict[str, str]):
        number = int(trailers.get("grpc-status", "2"))
        self.code, self.message = CODES[number], trailers.get("grpc-message", "")
        self.reason, self.metadata = _error_info(trailers.get("grpc-status-details-bin", ""))
        super().__init__(f"{method}: {self.code} {self.reason} {self.message}")


class Channel:
    """Calls to one address; a connection that the server ends is made anew."""

    def __init__(self, address: str, seconds: float = 60):
        self.address, self.seconds = address, seconds
        self._connection: _Connection | None = None

    def call(self, method: str, request: dict | None = None) -> dict:
        """One unary call by its name without `blocklog.`; Status if it fails."""
        return self.calls(method, [request or {}])[0]

    def calls(self, method: str, requests: list[dict]) -> list[dict]:
        """Unary calls of one method, many at once; the replies in the order of the requests."""
        found = self.attempts(method, requests)
        for reply in found:
            if isinstance(reply, Status):
                raise reply
        return found

    def attempts(self, method: str, requests: list[dict]) -> list:
        """The same, with a Status in place of each reply that failed."""
        name, replies = f"blocklog.{method}", [None] * len(requests)
        kind = contract().methods[name]
        waiting, open_calls = list(enumerate(requests))[::-1], {}
        while waiting or open_calls:
            connection = self._open() if not open_calls else connection
            while waiting and len(open_calls) < IN_FLIGHT and not connection.leaving:
                number, request = waiting.pop()
                open_calls[connection.send(kind.path, contract().encode(kind.request, request))] = number
            stream, message, trailers = connection.next()
            number = open_calls.get(stream)
            if number is None:
                continue
            if message is not None:
                replies[number] = contract().decode(kind.reply, message)
            if trailers is not None:
                del open_calls[stream]
                if trailers.get("grpc-status") != "0":
                    replies[number] = Status(method, trailers)
        return replies

    def stream(self, method: str, request: dict) -> Iterator[dict]:
        """A server stream; closing the iterator ends the call."""
        name = f"blocklog.{method}"
        kind, connection = contract().methods[name], self._open()
        own = connection.send(kind.path, contract().encode(kind.request, request))
        try:
            while True:
                stream, message, trailers = connection.next()
                if stream == own and message is not None:
                    yield contract().decode(kind.reply, message)
                if stream == own and trailers is not None:
                    own = None
                    if trailers.get("grpc-status") != "0":
                        raise Status(method, trailers)
                    return
        finally:
            if own is not None:
                connection.cancel(own)

    def pages(self, method: str, request: dict, rows: str, page_size: int = 1000) -> list[dict]:
        """The rows of all pages of a list."""
        found, token = [], ""
        while True:
            asked = {**request, "page_size": page_size} | ({"page_token": token} if token else {})
            reply = self.call(method, asked)
            found += reply.get(rows, [])
            token = reply.get("next_page_token", "")
            if not token:
                return found

    def close(self) -> None:
        if self._connection:
            self._connection.socket.close()
            self._connection = None

    def _open(self) -> "_Connection":
        if self._connection is None or self._connection.leaving:
            self.close()
            self._connection = _Connection(self.address, self.seconds)
        return self._connection


class Pipe:
    """One call that streams in both directions, on a connection of its own. Whoever uses it sees OSError or Failure when the
    connection is lost, and Status when the server ends the call badly."""

    def __init__(self, address: str, method: str, seconds: float = 60):
        self.method, self.kind = method, contract().methods[f"blocklog.{method}"]
        self._connection, self._seconds = _Connection(address, seconds), seconds
        self._stream = self._connection.open(self.kind.path)

    def send(self, request: dict) -> bool:
        """Whether it was sent; if not, the peer gives no room for now."""
        self._connection.socket.settimeout(self._seconds)
        return self._connection.write(self._stream, contract().encode(self.kind.request, request))

    def receive(self, seconds: float) -> list[dict]:
        """The replies that are there, or the first ones that come within the time."""
        found: list[dict] = []
        while True:
            self._connection.socket.settimeout(0.001 if found else seconds)
            try:
                stream, message, trailers = self._connection.next()
            except TimeoutError:
                return found
            if stream != self._stream:
                continue
            if message is not None:
                found.append(contract().decode(self.kind.reply, message))
            elif trailers.get("grpc-status") != "0":
                raise Status(self.method, trailers)
            else:
                raise Failure(f"{self.method}: the server ended the call")

    def close(self) -> None:
        self._connection.socket.close()


class _Connection:
    """One connection: frames in, frames out."""

    def __init__(self, address: str, seconds: float):
        host, port = address.rsplit(":", 1)
        self.address = address
        self.socket = socket.create_connection((host, int(port)), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.leaving = False
        self._held, self._stream, self._eaten = b"", -1, 0
        self._data: dict[int, bytearray] = {}
        self._ready: list[tuple] = []
        # What may be sent: on the connection, on a new stream, and on those that stay open.
        self._room, self._initial = 65_535, 65_535
        self._rooms: dict[int, int] = {}
        # No table of headers, so that every header is spelt out; windows as wide as they go.
        settings = struct.pack(">HIHIHI", 1, 0, 2, 0, 4, LARGEST_WINDOW)
        room = struct.pack(">I", LARGEST_WINDOW - 65_535)
        self.socket.sendall(PREFACE + _frame(SETTINGS, 0, 0, settings) + _frame(WINDOW_UPDATE, 0, 0, room))

    def send(self, path: str, message: bytes) -> int:
        """Starts a call of one request; its stream."""
        head, body = self._head(path), _body(message)
        self.socket.sendall(head + _frame(DATA, END_STREAM, self._stream, body))
        self._room -= len(body)
        return self._stream

    def open(self, path: str) -> int:
        """Starts a call of many requests; its stream."""
        self.socket.sendall(self._head(path))
        self._rooms[self._stream] = self._initial
        return self._stream

    def write(self, stream: int, message: bytes) -> bool:
        """Sends one request on an open stream, if the peer has room for it."""
        body = _body(message)
        if len(body) > min(self._room, self._rooms[stream]):
            return False
        self.socket.sendall(_frame(DATA, 0, stream, body))
        self._room -= len(body)
        self._rooms[stream] -= len(body)
        return True

    def _head(self, path: str) -> bytes:
        self._stream += 2
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", self.address)]
        head += [("content-type", "application/grpc"), ("te", "trailers")]
        block = b"".join(b"\0" + _text(name) + _text(value) for name, value in head)
        return _frame(HEADERS, END_HEADERS, self._stream, block)

    def cancel(self, stream: int) -> None:
        """Ends a call early."""
        try:
            self.socket.sendall(_frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))
        except OSError:
            self.leaving = True

    def next(self) -> tuple:
        """Stream, and a message or the trailers that end it."""
        while not self._ready:
            kind, flags, stream, payload = self._read()
            if kind == DATA:
                self._take(stream, payload)
            elif kind == HEADERS:
                fields = _headers(payload)
                if flags & END_STREAM:
                    self._ready.append((stream, None, fields))
                    self._data.pop(stream, None)
            elif kind == RST_STREAM:
                self._ready.append((stream, None, {"grpc-message": "the server reset the stream"}))
            elif kind == SETTINGS and not flags & ACK:
                self._settings(payload)
                self.socket.sendall(_frame(SETTINGS, ACK, 0, b""))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(_frame(PING, ACK, 0, payload))
            elif kind == WINDOW_UPDATE:
                self._widen(stream, int.from_bytes(payload, "big"))
            elif kind == GOAWAY:
                self.leaving = True
            elif kind == CONTINUATION:
                raise Failure("headers in several frames are beyond this client")
        return self._ready.pop(0)

    def _settings(self, payload: bytes) -> None:
        for number, value in struct.iter_unpack(">HI", payload):
            if number == 4:
                # It holds for the streams that are open already too.
                self._rooms = {stream: room + value - self._initial for stream, room in self._rooms.items()}
                self._initial = value

    def _widen(self, stream: int, more: int) -> None:
        if stream == 0:
            self._room += more
        elif stream in self._rooms:
            self._rooms[stream] += more

    def _take(self, stream: int, payload: bytes) -> None:
        data = self._data.setdefault(stream, bytearray())
        data += payload
        at = 0
        while len(data) - at >= 5:
            size = int.from_bytes(data[at + 1 : at + 5], "big")
            if len(data) - at < 5 + size:
                break
            self._ready.append((stream, bytes(data[at + 5 : at + 5 + size]), None))
            at += 5 + size
        del data[:at]
        self._eaten += len(payload)
        if self._eaten > REFILL:
            more = struct.pack(">I", self._eaten)
            self.socket.sendall(_frame(WINDOW_UPDATE, 0, 0, more) + _frame(WINDOW_UPDATE, 0, stream, more))
            self._eaten = 0

    def _read(self) -> tuple[int, int, int, bytes]:
        self._fill(9)
        size, kind, flags = int.from_bytes(self._held[:3], "big"), self._held[3], self._held[4]
        stream = int.from_bytes(self._held[5:9], "big")
        self._fill(9 + size)
        payload, self._held = self._held[9 : 9 + size], self._held[9 + size :]
        return kind, flags, stream, payload

    def _fill(self, wanted: int) -> None:
        while len(self._held) < wanted:
            more = self.socket.recv(1 << 18)
            if not more:
                self.leaving = True
                raise Failure(f"{self.address} closed the connection")
            self._held += more


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _body(message: bytes) -> bytes:
    body = b"\0" + struct.pack(">I", len(message)) + message
    if len(body) > LARGEST_FRAME:
        raise Failure(f"a request of {len(body)} bytes is too large for this client")
    return body


def _text(value: str) -> bytes:
    # Shorter than 127, so that the length is one byte without Huffman's bit.
    return bytes([len(value)]) + value.encode()


def _headers(block: bytes) -> dict[str, str]:
    """The fields of a header block that are spelt out; those of the static table are left out, being of no interest."""
    found, at = {}, 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            _, at = _number(block, at, 7)
        elif first & 0xE0 == 0x20:
            _, at = _number(block, at, 5)
        else:
            index, at = _number(block, at, 6 if first & 0x40 else 4)
            name, at = _string(block, at) if index == 0 else (f"#{index}", at)
            found[name], at = _string(block, at)
    return found


def _number(block: bytes, at: int, bits: int) -> tuple[int, int]:
    value, at = block[at] & (1 << bits) - 1, at + 1
    if value < (1 << bits) - 1:
        return value, at
    shift = 0
    while True:
        value, shift, at = value + ((block[at] & 0x7F) << shift), shift + 7, at + 1
        if block[at - 1] < 0x80:
            return value, at


def _string(block: bytes, at: int) -> tuple[str, int]:
    coded = block[at] & 0x80
    size, at = _number(block, at, 7)
    data = block[at : at + size]
    return (_plain(data) if coded else data.decode()), at + size


@cache
def _codes() -> dict[tuple[int, int], str]:
    found, code, last = {}, 0, 5
    for length, characters in BY_LENGTH.items():
        code, last = code << (length - last), length
        for character in characters:
            found[length, code] = character
            code += 1
    return found


@cache
def _plain(data: bytes) -> str:
    """Huffman's code undone."""
    out, code, length = [], 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code, length = code << 1 | byte >> shift & 1, length + 1
            if (character := _codes().get((length, code))) is not None:
                out.append(character)
                code = length = 0
    return "".join(out)


def _error_info(details: str) -> tuple[str, dict[str, str]]:
    """Reason and metadata of the ErrorInfo in a google.rpc.Status."""
    data = base64.b64decode(details + "=" * (-len(details) % 4))
    for number, content in evidence.fields(data):
        if number == 3:
            wrapped = dict(evidence.fields(content))
            if wrapped.get(1, b"").endswith(b"ErrorInfo"):
                info = list(evidence.fields(wrapped[2]))
                pairs = [dict(evidence.fields(pair)) for key, pair in info if key == 3]
                metadata = {pair.get(1, b"").decode(): pair.get(2, b"").decode() for pair in pairs}
                return dict(info).get(1, b"").decode(), metadata
    return "", {}
