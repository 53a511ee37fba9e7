"""Clients that write down every attempt: what was sent, what the service answered, and what it therefore promised.

A lane is one sender (or one after the other) in a thread. Each retries in its own way, as the contract allows it; whether the
promises were kept is for `promises` to find out, from the topics.
"""

import heapq
import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from blocklog_mint.encoding import encode
from blocklog_verifier import transaction

from .mixture import Signer
from .process import Failure
from .rpc import CODES, Channel, Pipe, Status
from .services import Service

SUBMIT = "ingest.v1.IngestService.SubmitTransaction"
STREAM = "ingest.v1.IngestService.SubmitTransactions"
# Longer than ingest waits for the log.
CALL_SECONDS = 40
# Of one attempt.
ACKNOWLEDGED, REFUSED, UNKNOWN, UNSENT, FINAL = "acknowledged", "refused", "unknown", "unsent", "final"
# Codes and reasons that ask for another try, because nothing was persisted.
PASSING = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"}
# "There is no chain" is untrue here: it is counted, and the lane goes on.
UNTRUE = "NO_CHAIN"


@dataclass
class Attempt:
    """One submission and its answer."""

    lane: str
    id: str
    nonce: int
    outcome: str
    code: str = ""
    reason: str = ""
    message: str = ""
    position: tuple[int, int] | None = None
    at: float = 0.0
    seconds: float = 0.0


@dataclass
class Book:
    """Every attempt of all lanes; each is a line in a file too."""

    file: Path
    attempts: list[Attempt] = field(default_factory=list)
    # Record by id, where the client made it; sender by memo, where ingest chose the nonce.
    records: dict[str, bytes] = field(default_factory=dict)
    memos: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._out, self._lock = self.file.open("w"), threading.Lock()

    def note(self, attempt: Attempt) -> Attempt:
        with self._lock:
            self.attempts.append(attempt)
            self._out.write(json.dumps(asdict(attempt)) + "\n")
        return attempt

    def close(self) -> None:
        self._out.close()

    def acknowledged(self) -> int:
        return sum(attempt.outcome == ACKNOWLEDGED for attempt in list(self.attempts))

    def moments(self) -> list[float]:
        """When something was acknowledged, on the clock of time.monotonic."""
        return sorted(a.at + a.seconds for a in list(self.attempts) if a.outcome == ACKNOWLEDGED)

    def refusals(self) -> Counter[str]:
        """How often each reason was given."""
        return Counter(a.reason or a.code for a in self.attempts if a.outcome != ACKNOWLEDGED)


def outcome(code: str, reason: str) -> str:
    """What an answer other than OK means for the client."""
    if reason == "OUTCOME_UNKNOWN" or not reason:
        return UNKNOWN
    return REFUSED if code in PASSING or reason == UNTRUE else FINAL


class Lane:
    """A client in a thread; `lane` is its letter and number."""

    def __init__(
        self, lane: str, book: Book, chain_id: bytes, ingests: list[Service], signer: Signer | None = None, pause: float = 0.05
    ):
        self.lane, self.book, self.chain_id, self.ingests = lane, book, chain_id, ingests
        self.signer, self.pause, self.ingest = signer, pause, 0
        self.sender = signer.account if signer else f"lane-{lane}".encode()
        self.channel: Channel | None = None
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._guarded, name=lane, daemon=True)

    @property
    def kind(self) -> str:
        return self.lane[0]

    def start(self) -> "Lane":
        self._thread.start()
        return self

    def stop(self) -> None:
        """Asks it to end, once what it has begun is settled."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive():
            raise Failure(f"lane {self.lane} did not settle what it had begun; its last attempts: {self._latest()}")
        self.check()

    def check(self) -> None:
        """A Failure if it went wrong by itself."""
        if self._error:
            raise Failure(f"lane {self.lane} failed: {self._error!r}") from self._error

    def run(self) -> None:
        raise NotImplementedError

    def _guarded(self) -> None:
        try:
            self.run()
        except Exception as error:  # handed to whoever joins
            self._error = error
        finally:
            self._hang_up()

    def _latest(self) -> list[Attempt]:
        return [attempt for attempt in self.book.attempts if attempt.lane == self.lane][-3:]

    def address(self) -> str:
        return self.ingests[self.ingest % len(self.ingests)].grpc

    def record(self, nonce: int, memo: str = "") -> tuple[str, bytes]:
        """A transaction of this lane's sender: its id, and the record, which is the same however often it is made."""
        moved = {
            "sender": self.sender,
            "recipient": b"sink",
            "amount": nonce % 7 + 1,
            "nonce": nonce,
            "memo": memo,
            "valid_until": 0,
            "signature": b"",
        }
        if self.signer:
            moved["signature"] = self.signer.sign(transaction.signed_bytes(moved, self.chain_id))
        identity = transaction.id_of(moved, self.chain_id).hex()
        record = encode(transaction.FIELDS, moved)
        self.book.records[identity] = record
        return identity, record

    def submit(self, request: dict[str, Any], identity: str, nonce: int) -> tuple[Attempt, dict[str, Any]]:
        """One unary call, written down; with what the error says of the transaction."""
        attempt, known = Attempt(self.lane, identity, nonce, UNKNOWN, at=time.monotonic()), {}
        try:
            self.channel = self.channel or Channel(self.address(), CALL_SECONDS)
            reply = self.channel.attempts(SUBMIT, [request])[0]
            if isinstance(reply, Status):
                attempt.code, attempt.reason, attempt.message = reply.code, reply.reason, reply.message
                attempt.outcome, known = outcome(reply.code, reply.reason), reply.metadata
                attempt.id, attempt.nonce = identity or known.get("id", ""), nonce or int(known.get("nonce", 0))
            else:
                accept(attempt, reply)
        except ConnectionRefusedError:
            attempt.outcome, attempt.code = UNSENT, "connection refused"
            self._hang_up()
        except (OSError, Failure) as error:
            attempt.code = f"connection lost: {error}"
            self._hang_up()
        attempt.seconds = time.monotonic() - attempt.at
        return self.book.note(attempt), known

    def _hang_up(self) -> None:
        if self.channel:
            self.channel.close()
            self.channel = None

    def _elsewhere(self) -> None:
        """To the other ingest, after a moment."""
        self._hang_up()
        self.ingest += 1
        time.sleep(0.3)


def accept(attempt: Attempt, reply: dict[str, Any]) -> None:
    """An acknowledgement: the id that is promised, and where it is."""
    attempt.outcome, attempt.code = ACKNOWLEDGED, "OK"
    attempt.id, attempt.nonce = reply["transaction"]["id"], reply["transaction"]["nonce"]
    place = reply.get("position", {})
    if "offset" in place:
        attempt.position = place["partition"], place["offset"]


class Sequential(Lane):
    """One after the other, the same bytes until each is acknowledged, at whichever ingest answers."""

    def run(self) -> None:
        nonce = 0
        while not self._stop.is_set():
            nonce += 1
            identity, record = self.record(nonce)
            while True:
                attempt, _ = self.submit({"record": record}, identity, nonce)
                if attempt.outcome in (ACKNOWLEDGED, FINAL):
                    break
                self._elsewhere()
            time.sleep(self.pause)


class Once(Lane):
    """Never tries anything again: what is unknown stays unknown, and what was refused must stay absent."""

    def run(self) -> None:
        nonce = 0
        while not self._stop.is_set():
            nonce += 1
            identity, record = self.record(nonce)
            attempt, _ = self.submit({"record": record}, identity, nonce)
            if attempt.outcome != ACKNOWLEDGED:
                self._elsewhere()
            time.sleep(self.pause)


class Unnumbered(Lane):
    """Lets ingest choose the nonces. An unknown outcome is tried again as the error names it; a lost connection is let go."""

    def run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._one(f"{self.lane}-{number}", number % 7 + 1)
            time.sleep(self.pause)

    def _one(self, memo: str, amount: int) -> None:
        self.book.memos[memo] = self.sender
        content = {"sender": self.sender.decode(), "recipient": "sink", "amount": amount, "memo": memo}
        while True:
            attempt, known = self.submit({"transaction": content}, "", 0)
            if attempt.outcome in (ACKNOWLEDGED, FINAL) or (attempt.outcome == UNKNOWN and "nonce" not in known):
                return
            if attempt.outcome == UNKNOWN:
                content = {**content, "nonce": int(known["nonce"])}
            self._hang_up()
            time.sleep(0.3)


@dataclass
class Flight:
    """A submission on its way."""

    nonce: int
    id: str
    record: bytes
    at: float


class Hop(Exception):
    """The lane wants another connection."""


class Pipelined(Lane):
    """One sender, many submissions on their way on one stream. What is refused or without an answer is sent again, lowest nonce first.

    `eager` sends on at once, `drain` first waits until nothing is on its way, `hop` goes to the other ingest and sends again
    whatever has no answer.
    """

    def __init__(
        self,
        lane: str,
        book: Book,
        chain_id: bytes,
        ingests: list[Service],
        habit: str = "eager",
        window: int = 50,
        rate: float = 30.0,
        partition: int | None = None,
    ):
        super().__init__(lane, book, chain_id, ingests)
        self.habit, self.window, self.rate, self.partition = habit, window, rate, partition
        self.nonce, self.due = 0, time.monotonic()
        # To be sent again, lowest nonce first.
        self.again: list[tuple[int, str, bytes]] = []
        self.flights: dict[int, Flight] = {}
        self.tag, self.quiet_until, self.draining = 0, 0.0, False

    def run(self) -> None:
        while not self._settled():
            try:
                pipe = Pipe(self.address(), STREAM, CALL_SECONDS)
            except OSError:
                self._elsewhere()
                continue
            try:
                self._stream(pipe)
            except (OSError, Failure, Hop) as error:
                self._lost(f"{type(error).__name__} {error}")
                self._elsewhere()
            finally:
                pipe.close()

    def _settled(self) -> bool:
        return self._stop.is_set() and not self.again and not self.flights

    def _stream(self, pipe: Pipe) -> None:
        self.draining = False
        while not self._settled():
            self._send(pipe)
            for reply in pipe.receive(0.02):
                self._take(reply)
            oldest = next(iter(self.flights.values()), None)
            if oldest and time.monotonic() - oldest.at > CALL_SECONDS:
                raise Failure(f"nonce {oldest.nonce} has no answer after {CALL_SECONDS} s")

    def _send(self, pipe: Pipe) -> None:
        self.draining = self.draining and bool(self.flights)
        while len(self.flights) < self.window and not self.draining and time.monotonic() >= self.quiet_until:
            if not self.again and not self._new():
                return
            nonce, identity, record = self.again[0]
            request: dict[str, Any] = {"record": record}
            if self.partition is not None:
                request["partition"] = self.partition
            if not pipe.send({"tag": self.tag + 1, "request": request}):
                return
            heapq.heappop(self.again)
            self.tag += 1
            self.flights[self.tag] = Flight(nonce, identity, record, time.monotonic())

    def _new(self) -> bool:
        """The next transaction, if it is time for one."""
        now = time.monotonic()
        if self._stop.is_set() or now < self.due:
            return False
        # What was missed while the window was full is not made up for.
        self.due = max(self.due + 1 / self.rate, now - 0.1)
        self.nonce += 1
        identity, record = self.record(self.nonce)
        heapq.heappush(self.again, (self.nonce, identity, record))
        return True

    def _take(self, reply: dict[str, Any]) -> None:
        flight = self.flights.pop(reply.get("tag", 0))
        attempt = Attempt(self.lane, flight.id, flight.nonce, UNKNOWN, at=flight.at, seconds=time.monotonic() - flight.at)
        if "accepted" in reply:
            accept(attempt, reply["accepted"])
            self.book.note(attempt)
            return
        refused = reply["refused"]
        attempt.code, attempt.reason = CODES[refused.get("code", 2)], refused.get("reason", "")
        attempt.message = refused.get("message", "")
        attempt.outcome = outcome(attempt.code, attempt.reason)
        self.book.note(attempt)
        if attempt.outcome == FINAL:
            return
        heapq.heappush(self.again, (flight.nonce, flight.id, flight.record))
        if self.habit == "hop":
            raise Hop(f"after {attempt.reason}")
        self.draining = self.habit == "drain"
        self.quiet_until = time.monotonic() + min(refused.get("retry_after_ms", 0) / 1000, 0.2)

    def _lost(self, why: str) -> None:
        for flight in self.flights.values():
            seconds = time.monotonic() - flight.at
            self.book.note(Attempt(self.lane, flight.id, flight.nonce, UNKNOWN, why, at=flight.at, seconds=seconds))
            heapq.heappush(self.again, (flight.nonce, flight.id, flight.record))
        self.flights.clear()
