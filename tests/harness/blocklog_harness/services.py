"""Blocklog's own processes on one chain, each on free ports, with a folder and a log of its own."""

from pathlib import Path
from typing import Any, Protocol, Self

from . import paths, ports, tools
from .process import Failure, Process, wait_until

READY_SECONDS = 60


class Server(Protocol):
    """Whoever answers gRPC calls."""

    @property
    def name(self) -> str: ...
    @property
    def grpc(self) -> str: ...


class Service(Process):
    """One service: a process with a gRPC and an admin address."""

    def __init__(self, kind: str, name: str, folder: Path, flags: list[Any], grpc: int | None = None):
        grpc_port, admin_port = ports.free(2)
        self.kind = kind
        self.folder = folder
        self.grpc = f"127.0.0.1:{grpc or grpc_port}"
        self.admin = f"127.0.0.1:{admin_port}"
        argv = [paths.binary(f"blocklog-{kind}"), "--listen", self.grpc, "--admin", self.admin, *flags]
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(name, argv, folder / f"{name}.log", cwd=folder)

    @property
    def url(self) -> str:
        return f"http://{self.grpc}"

    def readiness(self) -> tuple[int, str]:
        """Status and body of `/ready`."""
        return tools.http(self.admin, "/ready")

    def await_ready(self, seconds: float = READY_SECONDS) -> Self:
        def ready() -> bool:
            if not self.running():
                raise Ended(f"{self.name} ended with {self.exit_code()} instead of getting ready\n{self.tail()}")
            status, body = self.readiness()
            if status != 200:
                raise Failure(f"/ready says {status} {body.strip()}")
            return True

        wait_until(f"{self.name} to be ready", ready, seconds)
        return self

    def await_unready(self, word: str, seconds: float = READY_SECONDS) -> str:
        """Waits until `/ready` refuses, with `word` in its reasons; those."""

        def unready() -> str:
            status, body = self.readiness()
            if status != 503 or word not in body:
                raise Failure(f"/ready says {status} {body.strip()}")
            return body

        return wait_until(f"{self.name} not to be ready because of {word}", unready, seconds)

    def restart(self) -> Self:
        """Starts it again with the same flags; the ports are the same."""
        return self.start().await_ready()


class Ended(Exception):
    """A service ended by itself; waiting longer is useless."""


class Net:
    """One chain on one broker: where it is, and who serves it."""

    def __init__(
        self, folder: Path, bootstrap: str, prefix: str = "", genesis: dict[str, Any] | None = None, is_open: bool = True
    ):
        self.folder = folder
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.journal = f"kafka://{bootstrap}" + (f"/{prefix}" if prefix else "")
        self.genesis = folder / "genesis.json"
        self.services: list[Service] = []
        folder.mkdir(parents=True, exist_ok=True)
        write_genesis(self.genesis, genesis or {}, is_open)

    def topic(self, name: str) -> str:
        return f"{self.prefix}-{name}" if self.prefix else name

    def init(self) -> "Net":
        """Topics and block 0. Without it each of the services that start at once publishes a block 0, which is
        harmless, but makes copies on the topic."""
        tools.blocklog("init", "--journal", self.journal, "--genesis", self.genesis)
        return self

    def add(self, kind: str, name: str, *flags: object, start: bool = True, genesis: bool = True) -> Service:
        """A service of this chain; started, but not waited for."""
        given: list[object] = ["--journal", self.journal, *flags]
        if genesis:
            given += ["--genesis", self.genesis]
        service = Service(kind, name, self.folder / name, given)
        self.services.append(service)
        return service.start() if start else service

    def ingest(self, name: str = "ingest", *flags: object, **options: bool) -> Service:
        return self.add("ingest", name, *flags, **options)

    def miner(self, name: str, partition: int, *flags: object, **options: bool) -> Service:
        """A miner that is paid to the named account of its own name, on one thread."""
        own: list[object] = ["--partition", partition, "--account", name, "--threads", 1, "--data", self.folder / name / "data"]
        return self.add("miner", name, *own, *flags, **options)

    def ledger(self, name: str = "ledger", *flags: object, **options: bool) -> Service:
        return self.add("ledger", name, "--data", self.folder / name / "data", *flags, **options)

    def await_ready(self) -> "Net":
        for service in self.services:
            service.await_ready()
        return self


def write_genesis(path: Path, changes: dict[str, Any], is_open: bool = True) -> None:
    """A new genesis file, by default of an open chain; `changes` are further flags of `blocklog genesis new`, lists those to repeat."""
    several = lambda value: value if isinstance(value, list) else [value]
    flags = [part for name, value in {"name": "e2e", **changes}.items() for one in several(value) for part in (f"--{name}", one)]
    tools.blocklog("genesis", "new", *["--open"] * is_open, *flags, "--out", path)


def info(ledger: Server) -> dict[str, Any]:
    """GetLedgerInfo."""
    return tools.call(ledger.grpc, "ledger.v1.LedgerService/GetLedgerInfo")


def height(ledger: Server) -> int:
    return int(info(ledger)["tip"]["height"])


def account(ledger: Server, name: str) -> dict[str, Any]:
    """GetAccount."""
    found: dict[str, Any] = tools.call(ledger.grpc, "ledger.v1.LedgerService/GetAccount", {"account": name})["account"]
    return found


def candidates(ledger: Server, limit: int = 1000) -> list[dict[str, Any]]:
    """The candidates that did not become blocks, as `blocklog candidates` lists them, by offset."""
    rows = tools.blocklog("candidates", "--limit", limit, "--ledger", f"http://{ledger.grpc}").lines
    return sorted(rows, key=lambda row: int(row["topicOffset"]))


def await_included(ledger: Server, count: int, seconds: float = 120) -> dict[str, Any]:
    """Waits until the ledger knows that many included transactions; its info."""

    def enough() -> dict[str, Any]:
        found = info(ledger)
        if int(found.get("transactionsIncluded", 0)) < count:
            raise Failure(f"{found.get('transactionsIncluded', 0)} included, {found.get('recordsRejected', 0)} refused")
        return found

    return wait_until(f"{count} transactions in {ledger.name}", enough, seconds, every=0.3)
