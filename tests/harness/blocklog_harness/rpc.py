"""Thousands of gRPC calls a second, where a process of grpcurl for each takes minutes.

Requests and replies are dictionaries as `contract` has them. What a person would look at is left to grpcurl.
"""

import os
import queue
import socket
import threading
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from typing import Any

# Children are started from a process with channels: they replace themselves at once, and need no handlers of a fork.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
# A connection that is refused is expected here, and reported by the call.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status as RpcStatus

from .contract import contract
from .process import Failure

# Calls in progress at once.
IN_FLIGHT = 32
# Requests of a pipe that the peer gave no room for yet.
UNSENT = 16
OPTIONS = [
    # Replies of any size, and no way around this machine.
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    # Nothing is sent twice, and no connection is shared: each channel stands for one client.
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
# Codes that the client itself gives to a call without an answer; those of a service come with a reason.
LOST = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
CODES = tuple(code.name for code in sorted(grpc.StatusCode, key=lambda code: code.value[0]))


class Status(Failure):
    """A call that ended with another status than OK."""

    def __init__(self, method: str, error: grpc.Call):
        self.code, self.message = error.code().name, error.details() or ""
        self.reason, self.metadata = _error_info(dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b""))
        super().__init__(f"{method}: {self.code} {self.reason} {self.message}")

    @property
    def lost(self) -> bool:
        """Whether no answer came, as far as one can know."""
        return self.code in LOST and not self.reason


class Channel:
    """Calls to one address; a connection that is lost is opened again by the next call. OSError if nobody listens there,
    Failure if the answer is lost, Status if it is an error."""

    def __init__(self, address: str, seconds: float = 60):
        self.address, self.seconds = address, seconds
        self._channel: grpc.Channel | None = None

    def call(self, method: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """One unary call by its name without `blocklog.`."""
        return self.calls(method, [request or {}])[0]

    def calls(self, method: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Unary calls of one method, many at once; the replies in the order of the requests."""
        replies = []
        for reply in self.attempts(method, requests):
            if isinstance(reply, Status):
                raise reply
            replies.append(reply)
        return replies

    def attempts(self, method: str, requests: list[dict[str, Any]]) -> list[dict[str, Any] | Status]:
        """The same, with a Status in place of each reply that failed."""
        kind = contract().method(f"blocklog.{method}")
        call = self._open().unary_unary(_path(method))
        flights: deque[grpc.Future] = deque()
        replies: list[dict[str, Any] | Status] = []
        for request in requests:
            if len(flights) == IN_FLIGHT:
                replies.append(self._reply(method, flights.popleft()))
            flights.append(call.future(contract().encode(kind.input_type.full_name, request), timeout=self.seconds))
        return replies + [self._reply(method, flight) for flight in flights]

    def _reply(self, method: str, flight: grpc.Future) -> dict[str, Any] | Status:
        try:
            data = flight.result()
        except grpc.RpcError as error:
            return self._failed(Status(method, error))
        return contract().decode(contract().method(f"blocklog.{method}").output_type.full_name, data)

    def _failed(self, status: Status) -> Status:
        if status.lost:
            self.close()
            raise Failure(f"{self.address}: {status}")
        return status

    def stream(self, method: str, request: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """A server stream; closing the iterator ends the call."""
        kind = contract().method(f"blocklog.{method}")
        call = self._open().unary_stream(_path(method))(contract().encode(kind.input_type.full_name, request))
        try:
            for data in call:
                yield contract().decode(kind.output_type.full_name, data)
        except grpc.RpcError as error:
            raise self._failed(Status(method, error)) from None
        finally:
            call.cancel()

    def pages(self, method: str, request: dict[str, Any], rows: str, page_size: int = 1000) -> list[dict[str, Any]]:
        """The rows of all pages of a list."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            asked = {**request, "page_size": page_size} | ({"page_token": token} if token else {})
            reply = self.call(method, asked)
            found += reply.get(rows, [])
            token = reply.get("next_page_token", "")
            if not token:
                return found

    def close(self) -> None:
        if self._channel:
            self._channel.close()
            self._channel = None

    def _open(self) -> grpc.Channel:
        if self._channel is None:
            self._channel = _connect(self.address, self.seconds)
        return self._channel


class Pipe:
    """One call that streams in both directions, on a connection of its own. Whoever uses it sees OSError if nobody listens
    there, Failure when the connection is lost, and Status when the server ends the call badly."""

    def __init__(self, address: str, method: str, seconds: float = 60):
        self.method, self._kind = method, contract().method(f"blocklog.{method}")
        self._channel = _connect(address, seconds)
        self._requests: queue.Queue[bytes | None] = queue.Queue(UNSENT)
        self._replies: queue.Queue[dict[str, Any] | Exception] = queue.Queue()
        self._call = self._channel.stream_stream(_path(method))(iter(self._requests.get, None))
        threading.Thread(target=self._read, name=f"pipe to {address}", daemon=True).start()

    def send(self, request: dict[str, Any]) -> bool:
        """Whether it was sent; if not, the peer gives no room for now."""
        try:
            self._requests.put_nowait(contract().encode(self._kind.input_type.full_name, request))
        except queue.Full:
            return False
        return True

    def receive(self, seconds: float) -> list[dict[str, Any]]:
        """The replies that are there, or the first ones that come within the time."""
        found: list[dict[str, Any]] = []
        try:
            while True:
                reply = self._replies.get(timeout=0.001 if found else seconds)
                if isinstance(reply, Exception):
                    raise reply
                found.append(reply)
        except queue.Empty:
            return found

    def close(self) -> None:
        self._call.cancel()
        # The thread that sends may wait for a request.
        with suppress(queue.Full):
            self._requests.put_nowait(None)
        self._channel.close()

    def _read(self) -> None:
        try:
            for data in self._call:
                self._replies.put(contract().decode(self._kind.output_type.full_name, data))
            self._replies.put(Failure(f"{self.method}: the server ended the call"))
        except grpc.RpcError as error:
            self._replies.put(Status(self.method, error))
        except Exception as error:
            self._replies.put(error)


def _connect(address: str, seconds: float) -> grpc.Channel:
    """A channel to somebody who listens. Whoever is refused knows that nothing was sent, which gRPC's own error does not tell."""
    host, port = address.rsplit(":", 1)
    socket.create_connection((host, int(port)), seconds).close()
    return grpc.insecure_channel(address, OPTIONS)


def _path(method: str) -> str:
    service, _, name = method.rpartition(".")
    return f"/blocklog.{service}/{name}"


def _error_info(details: bytes) -> tuple[str, dict[str, str]]:
    """Reason and metadata of the ErrorInfo in a google.rpc.Status."""
    info = ErrorInfo()
    for wrapped in RpcStatus.FromString(details).details:
        if wrapped.Unpack(info):
            return info.reason, dict(info.metadata)
    return "", {}
