"""Transactions in bulk: senders with explicit nonces, submitted until each is acknowledged."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from . import tools
from .process import Failure
from .services import Server

Replies = dict[int, dict[str, Any]]

SUBMIT = "ingest.v1.IngestService/SubmitTransactions"


@dataclass(frozen=True)
class Wanted:
    """One transaction to be; the same bytes however often it is sent."""

    sender: str
    recipient: str
    amount: int
    nonce: int

    def request(self, tag: int, partition: int | None) -> dict[str, Any]:
        content = {"sender": self.sender, "recipient": self.recipient, "amount": self.amount, "nonce": self.nonce}
        request: dict[str, Any] = {"transaction": content}
        if partition is not None:
            request["partition"] = partition
        return {"tag": tag, "request": request}


def rounds(senders: int, per_sender: int, prefix: str = "sender", first_nonce: int = 1) -> list[Wanted]:
    """`per_sender` transactions of each sender to its neighbour, all senders' first ones first."""
    names = [f"{prefix}-{n}" for n in range(senders)]
    found = []
    for nonce in range(first_nonce, first_nonce + per_sender):
        found += [Wanted(names[n], names[(n + 1) % senders], n % 7 + 1, nonce) for n in range(senders)]
    return found


def submit(ingest: Server, wanted: list[Wanted], partition: int | None = None, seconds: float = 60) -> dict[str, dict[str, Any]]:
    """Submits them on one stream, all of which must be accepted: id → accepted reply."""
    found, refused, error = attempt(ingest, wanted, partition, seconds)
    if error or refused or len(found) != len(wanted):
        raise Failure(f"{len(found)} of {len(wanted)} accepted; refused: {list(refused.values())[:3]}; {error}")
    return {reply["transaction"]["id"]: reply for reply in found.values()}


def attempt(
    ingest: Server, wanted: list[Wanted], partition: int | None, seconds: float
) -> tuple[Replies, Replies, tools.GrpcError | None]:
    """One stream: replies by index of those accepted, of those refused, and how the stream failed if it did."""
    requests = [one.request(tag, partition) for tag, one in enumerate(wanted)]
    error: tools.GrpcError | None = None
    try:
        replies = tools.stream(ingest.grpc, SUBMIT, requests, seconds)
    except tools.GrpcError as failed:
        replies, error = failed.replies, failed
    accepted = {int(r.get("tag", 0)): r["accepted"] for r in replies if "accepted" in r}
    refused = {int(r.get("tag", 0)): r["refused"] for r in replies if "refused" in r}
    return accepted, refused, error


class Load:
    """Submits in the background, batch after batch, until stopped. What is not acknowledged is sent again as it is,
    so at the end every transaction it ever made has been acknowledged."""

    def __init__(self, ingest: Server, senders: int = 20, batch: int = 5, pause: float = 0.2, prefix: str = "load"):
        self.ingest = ingest
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.retries = 0
        self._senders, self._batch, self._pause, self._prefix = senders, batch, pause, prefix
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> "Load":
        self._thread.start()
        return self

    def stop(self, seconds: float = 120) -> dict[str, dict[str, Any]]:
        """Ends after the present batch is acknowledged; id → accepted reply."""
        self._stop.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise Failure(f"the load did not get its last batch acknowledged within {seconds:.0f} s")
        if self._error:
            raise Failure(f"the load failed: {self._error}") from self._error
        return self.acknowledged

    def _run(self) -> None:
        try:
            nonce = 1
            while not self._stop.is_set():
                self._until_acknowledged(rounds(self._senders, self._batch, self._prefix, nonce))
                nonce += self._batch
                time.sleep(self._pause)
        except Exception as error:  # handed to whoever stops the load
            self._error = error

    def _until_acknowledged(self, wanted: list[Wanted]) -> None:
        deadline = time.monotonic() + 120
        while wanted:
            accepted, refused, error = attempt(self.ingest, wanted, None, 60)
            self.acknowledged.update({r["transaction"]["id"]: r for r in accepted.values()})
            wanted = [one for tag, one in enumerate(wanted) if tag not in accepted]
            if wanted:
                self.retries += 1
                if time.monotonic() > deadline:
                    raise Failure(f"{len(wanted)} not acknowledged in 120 s: {list(refused.values())[:2]} {error}")
                time.sleep(0.3)
