"""Other people's eyes on Blocklog: kcat, grpcurl, plain HTTP, and the `blocklog` command."""

import io
import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocklog_verifier import export

from . import paths
from .process import Failure

SECONDS = 60
# Of one call of kcat: what a command line takes, many times over.
FILES = 1000


def run(argv: list[Any], stdin: bytes = b"", seconds: float = SECONDS) -> subprocess.CompletedProcess[bytes]:
    """Runs a command to its end; stdout and stderr as bytes."""
    argv = [str(a) for a in argv]
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        said = ((late.stdout or b"") + (late.stderr or b"")).decode(errors="replace")[-3000:]
        raise Failure(f"did not end within {seconds:.0f} s: {' '.join(argv)}\n{said}") from None


def _checked(argv: list[Any]) -> bytes:
    done = run(argv)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


# --- kcat


@dataclass(frozen=True)
class Record:
    """One record of a topic partition."""

    offset: int
    append_ms: int
    value: bytes


def publish(bootstrap: str, topic: str, partition: int, *files: Path) -> None:
    """Publishes each file as one record, in order."""
    # kcat takes several files as several records, but says nothing when one cannot be delivered: one call each.
    for file in files:
        done = run(["kcat", "-P", "-b", bootstrap, "-t", topic, "-p", partition, "-X", "acks=all", file])
        if done.returncode != 0 or b"ERROR" in done.stderr or b"failed" in done.stderr:
            raise Failure(f"kcat did not publish {file} to {topic}/{partition}:\n{done.stderr.decode()}")


def consume(bootstrap: str, topic: str, partition: int = 0) -> list[Record]:
    """All records of a partition, as `kcat -C` gives them."""
    argv = ["kcat", "-C", "-b", bootstrap, "-t", topic, "-p", partition, "-e", "-q"]
    argv += ["-o", "beginning", "-X", "isolation.level=read_uncommitted", "-f", "%o %T %R%s"]
    return [Record(*row) for row in export.read(io.BytesIO(_checked(argv)))]


def read(bootstrap: str, topic: str, partition: int = 0) -> tuple[list[Record], int]:
    """All records of a partition, and its end, which lies behind holes too."""
    return consume(bootstrap, topic, partition), ends(bootstrap, topic, partition)[1]


def ends(bootstrap: str, topic: str, partition: int = 0) -> tuple[int, int]:
    """First offset, and the one of the record to come."""
    found = []
    for which in (-2, -1):
        # Not the end of what is committed.
        argv = ["kcat", "-Q", "-b", bootstrap, "-X", "isolation.level=read_uncommitted", "-t", f"{topic}:{partition}:{which}"]
        line = _checked(argv).decode()
        found.append(int(line.split("offset")[1]))
    return found[0], found[1]


def traces(bootstrap: str, topic: str, partition: int = 0) -> dict[int, str]:
    """The trace id of each record whose trace is sampled, by offset."""
    argv = ["kcat", "-C", "-b", bootstrap, "-t", topic, "-p", partition, "-e", "-q", "-o", "beginning"]
    text = _checked([*argv, "-X", "isolation.level=read_uncommitted", "-f", "%o %h\n"]).decode(errors="replace")
    found = {}
    for line in text.splitlines():
        offset, _, headers = line.partition(" ")
        if parent := re.search(r"traceparent=00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})", headers):
            if int(parent[2], 16) & 1:
                found[int(offset)] = parent[1]
    return found


def publish_values(bootstrap: str, topic: str, partition: int, values: list[bytes]) -> None:
    """Publishes records in bulk, in order, none of them empty. That all of them landed is for the topic's reader to see: kcat says
    nothing when one of several files cannot be delivered."""
    argv = ["kcat", "-P", "-b", bootstrap, "-t", topic, "-p", partition, "-X", "acks=all", "-X", "enable.idempotence=true"]
    # A batch must fit the topic, where a record does.
    argv += ["-X", "message.max.bytes=5000000", "-X", "batch.size=60000"]
    with tempfile.TemporaryDirectory(prefix="blocklog-kcat-") as folder:
        for first in range(0, len(values), FILES):
            files = []
            for number, value in enumerate(values[first : first + FILES]):
                files.append(Path(folder) / str(number))
                files[-1].write_bytes(value)
            done = run([*argv, *files])
            if done.returncode != 0 or b"ERROR" in done.stderr or b"failed" in done.stderr:
                raise Failure(f"kcat did not publish {len(files)} records to {topic}/{partition}:\n{done.stderr.decode()}")


# --- gRPC


class GrpcError(Failure):
    """A call that ended with a status other than OK."""

    def __init__(self, method: str, text: str):
        super().__init__(f"{method}: {text}")
        self.text = text
        # What a stream brought before it.
        self.replies: list[dict[str, Any]] = []

    @property
    def code(self) -> str:
        """Such as `NotFound`, as grpcurl writes it."""
        for line in self.text.splitlines():
            if "Code:" in line:
                return line.split("Code:")[1].strip()
        return "none"


def grpcurl(*arguments: str, stdin: bytes = b"", seconds: float = SECONDS) -> str:
    """Runs grpcurl in plaintext; its output."""
    argv = ["grpcurl", "-plaintext", "-max-time", str(int(seconds)), *arguments]
    done = run(argv, stdin=stdin, seconds=seconds + 10)
    if done.returncode != 0:
        raise GrpcError(" ".join(arguments[-2:]), (done.stdout + done.stderr).decode())
    return done.stdout.decode()


def call(address: str, method: str, request: dict[str, Any] | None = None, seconds: float = 20) -> dict[str, Any]:
    """One unary call by reflection; the reply's JSON. `method` without the leading `blocklog.`."""
    text = grpcurl("-d", json.dumps(request or {}), address, f"blocklog.{method}", seconds=seconds)
    reply: dict[str, Any] = json.loads(text)
    return reply


def stream(address: str, method: str, requests: list[dict[str, Any]], seconds: float = SECONDS) -> list[dict[str, Any]]:
    """One streaming call; all replies. When it ends badly, the replies are in `GrpcError.replies`."""
    sent = "\n".join(map(json.dumps, requests)).encode()
    # A port that nobody listens on is tried again until the connect timeout, by default 10 s.
    argv = ["grpcurl", "-plaintext", "-connect-timeout", 2, "-max-time", int(seconds)]
    argv += ["-d", "@", address, f"blocklog.{method}"]
    done = run(argv, stdin=sent, seconds=seconds + 10)
    replies = documents(done.stdout.decode())
    if done.returncode != 0:
        error = GrpcError(method, done.stderr.decode())
        error.replies = replies
        raise error
    return replies


def documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that follow one another; a torn last one is left out."""
    decoder, at = json.JSONDecoder(), 0
    found: list[dict[str, Any]] = []
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at >= len(text):
            return found
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            return found
        found.append(document)


# --- HTTP


def http(address: str, path: str, seconds: float = 5) -> tuple[int, str]:
    """Status and body of a GET; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=seconds) as reply:
            return reply.status, reply.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


# --- the command line


@dataclass(frozen=True)
class Answer:
    """What a `blocklog` command left behind."""

    argv: list[str]
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The first JSON document of its output."""
        found = documents(self.out)
        if not found:
            raise Failure(f"no JSON from {' '.join(self.argv)}: {self.out}{self.err}")
        return found[0]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All JSON documents of its output."""
        return documents(self.out)


def blocklog(*arguments: object, code: int | None = 0, seconds: float = SECONDS) -> Answer:
    """Runs `blocklog … --output json`. Another exit code than `code` is a Failure; None takes any."""
    argv = [str(paths.binary("blocklog")), *map(str, arguments), "--output", "json"]
    done = run(argv, seconds=seconds)
    answer = Answer(argv, done.returncode, done.stdout.decode(), done.stderr.decode())
    if code is not None and answer.code != code:
        raise Failure(f"exit code {answer.code}, not {code}: {' '.join(argv)}\n{answer.out}{answer.err}")
    return answer
