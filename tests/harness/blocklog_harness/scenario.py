"""What a script in tests/e2e is: a function with a folder, a broker, and steps that say what was seen."""

import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import kafka, process
from .process import Failure
from .secure import SecureCluster
from .services import Net

SHARED = "BLOCKLOG_TEST_KAFKA"


class Scenario:
    """One run of one script."""

    def __init__(self, name: str):
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"blocklog-e2e-{name}-"))
        self.started = time.monotonic()
        self._clusters: list[kafka.Cluster] = []

    def step(self, text: str) -> None:
        """Says what has just been seen."""
        print(f"  {time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def cluster(self, brokers: int = 1, start: bool = True) -> kafka.Cluster:
        """A cluster of this scenario's own."""
        cluster = kafka.Cluster(brokers, self.folder / f"kafka-{len(self._clusters)}")
        self._clusters.append(cluster)
        return cluster.start() if start else cluster.prepare()

    def secure_cluster(self) -> SecureCluster:
        """A broker that wants TLS and a password."""
        cluster = SecureCluster(self.folder / f"kafka-{len(self._clusters)}")
        self._clusters.append(cluster)
        cluster.start()
        return cluster

    def bootstrap(self) -> str:
        """The shared broker, or one of its own where none is named."""
        return os.environ.get(SHARED) or self.cluster().bootstrap

    def net(
        self, genesis: dict[str, Any] | None = None, bootstrap: str | None = None, prefix: str | None = None, is_open: bool = True
    ) -> Net:
        """A chain of its own on that broker; by default on the shared one, under a prefix nobody else has."""
        prefix = f"{self.name.replace('_', '-')}-{uuid.uuid4().hex[:8]}" if prefix is None else prefix
        folder = self.folder / (prefix or "chain")
        return Net(folder, bootstrap or self.bootstrap(), prefix, genesis, is_open)

    def close(self, failed: bool) -> None:
        """Ends what still runs; the folder stays when it failed."""
        if failed:
            # Only those: a broker's segments and a disk journal's are named *.log too.
            for child in process.latest(12):
                print(child.tail())
            print(f"kept: {self.folder}")
        process.end_all()
        for cluster in self._clusters:
            cluster.close()
        if not failed:
            shutil.rmtree(self.folder, ignore_errors=True)


def check(condition: object, message: str) -> None:
    """A Failure with that message unless it holds."""
    if not condition:
        raise Failure(message)


def equal(found: object, expected: object, what: str) -> None:
    """A Failure naming both unless they are equal."""
    check(found == expected, f"{what}: {found!r}, expected {expected!r}")


def contains(text: str, words: list[str], what: str) -> None:
    """A Failure unless all words are in the text, whatever their case."""
    missing = [word for word in words if word.lower() not in text.lower()]
    check(not missing, f"{what} lacks {missing}:\n{text}")


def main(run: Callable[[Scenario], None], limit: float = 300) -> None:
    """Runs a script's function; ends the process with 0 or 1, within the limit."""
    process.guard()
    name = Path(sys.argv[0]).stem
    print(f"{name}: {(run.__doc__ or '').strip().splitlines()[0]}", flush=True)
    scenario = Scenario(name)

    def too_long() -> None:
        print(f"FAILED {name}: not over after {limit:.0f} s", flush=True)
        scenario.close(failed=True)
        os._exit(1)

    watchdog = threading.Timer(limit, too_long)
    watchdog.daemon = True
    watchdog.start()
    try:
        run(scenario)
    except (Exception, KeyboardInterrupt) as error:
        if not isinstance(error, Failure):
            traceback.print_exc(file=sys.stdout)
        print(f"FAILED {name}: {error}", flush=True)
        scenario.close(failed=True)
        sys.exit(1)
    watchdog.cancel()
    scenario.close(failed=False)
    print(f"passed {name} in {time.monotonic() - scenario.started:.0f} s", flush=True)
