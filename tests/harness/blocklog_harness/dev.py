"""The whole chain in one process, on free ports."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from . import paths
from .process import Failure, Process, wait_until

READY_SECONDS = 60
# Nobody listens there.
NOWHERE = "127.0.0.1:1"


@dataclass(frozen=True)
class Place:
    """One service of the process."""

    name: str
    grpc: str


class Dev(Process):
    """`blocklog-dev --ports auto`: its ports change with every start, so they are looked up at every use."""

    def __init__(self, folder: Path, *flags: object, name: str = "dev"):
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.file = folder / f"{name}.json"
        argv = [paths.binary("blocklog-dev"), "--data", self.data, "--ports", "auto", "--announce", self.file, *flags]
        super().__init__(name, argv, folder / f"{name}.log", cwd=folder)

    def start(self) -> Self:
        self.file.unlink(missing_ok=True)
        super().start()
        return self

    def await_ready(self, seconds: float = READY_SECONDS) -> "Dev":
        """Waits until this very process says where it is."""

        def announced() -> bool:
            if not self.running():
                raise RuntimeError(f"{self.name} ended with {self.exit_code()} instead of getting ready\n{self.tail()}")
            if not self.file.exists() or self.announcement()["pid"] != self.pid:
                raise Failure("nothing is announced yet")
            return True

        wait_until(f"{self.name} to be ready", announced, seconds)
        return self

    def announcement(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    @property
    def grpc(self) -> str:
        """Where ingest is."""
        return self._place("ingest")

    @property
    def ledger(self) -> Place:
        return Place("ledger", self._place("ledger"))

    def _place(self, service: str) -> str:
        try:
            return str(self.announcement()[service]["grpc"])
        except (OSError, ValueError):
            # Between a kill and the next start, a call fails as it would at the old address, and is tried again.
            return NOWHERE
