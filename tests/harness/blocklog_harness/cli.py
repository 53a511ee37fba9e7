"""The command `kafka.py`: a broker for a shell, a test process or a CI run."""

import argparse
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import kafka, paths, process

STATE = "kafka-up.json"


def main(argv: list[str] | None = None) -> int:
    """Runs one verb; the exit code."""
    parser = argparse.ArgumentParser(prog="kafka.py", description="Apache Kafka for tests, on free loopback ports.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fetch", help="bring Kafka's jars, and start nothing")
    run = verbs.add_parser("run", help="run until stdin closes, or a signal; prints the bootstrap servers first")
    up = verbs.add_parser("up", help="start in the background; prints the bootstrap servers")
    for verb in (run, up):
        verb.add_argument("--brokers", type=int, default=1, help="1 or 3 (default 1)")
        verb.add_argument("--hours", type=float, default=4.0, help="it ends by itself after this time (default 4)")
    run.add_argument("--owner", type=int, help="end also when this process is gone")
    verbs.add_parser("down", help="end what `up` started, and remove its data")
    verbs.add_parser("env", help="print the line that points cargo test at what `up` started")
    options = parser.parse_args(argv)
    process.guard()
    try:
        return {"fetch": _fetch, "run": _run, "up": _up, "down": _down, "env": _env}[options.verb](options)
    except (process.Failure, kafka.Dead, OSError, subprocess.SubprocessError) as error:
        print(f"kafka.py: {error}", file=sys.stderr)
        return 1


def _fetch(_options: argparse.Namespace) -> int:
    print(kafka.libraries())
    return 0


def _run(options: argparse.Namespace) -> int:
    deadline = time.monotonic() + options.hours * 3600
    cluster = kafka.Cluster(options.brokers)
    try:
        cluster.start()
        print(cluster.bootstrap, flush=True)
        while time.monotonic() < deadline and _owned(options.owner):
            # A closed stdin is readable at once and gives nothing.
            readable, _, _ = select.select([sys.stdin], [], [], 0.5)
            if readable and not os.read(sys.stdin.fileno(), 4096):
                break
            for broker in cluster.brokers:
                if not broker.process.running():
                    raise process.Failure(f"a broker ended by itself\n{broker.process.tail()}")
        return 0
    finally:
        cluster.close()


def _owned(owner: int | None) -> bool:
    return owner is None or Path(f"/proc/{owner}").exists()


def _state() -> Path:
    return paths.target() / STATE


def _read_state() -> dict[str, Any] | None:
    try:
        state = json.loads(_state().read_text())
        # The pid alone could belong to somebody else by now.
        line = Path(f"/proc/{state['pid']}/cmdline").read_bytes()
        return state if b"kafka.py" in line else None
    except (OSError, ValueError, KeyError):
        return None


def _up(options: argparse.Namespace) -> int:
    state = _read_state()
    if state is None:
        _state().parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(paths.ROOT / "tests" / "harness" / "kafka.py"), "run"]
        command += ["--brokers", str(options.brokers), "--hours", str(options.hours)]
        # The child holds both ends of its stdin, which so never closes, so only time or a signal ends the broker.
        silent, held = os.pipe()
        child = subprocess.Popen(
            command,
            stdin=silent,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            start_new_session=True,
            pass_fds=(held,),
        )
        line = child.stdout.readline().strip() if child.stdout else ""
        if not line:
            return child.wait(30) or 1
        state = {"pid": child.pid, "bootstrap": line}
        _state().write_text(json.dumps(state))
    print(state["bootstrap"])
    return 0


def _down(_options: argparse.Namespace) -> int:
    state = _read_state()
    if state is not None:
        os.kill(state["pid"], 15)
        process.wait_until("the broker to end", lambda: _read_state() is None, 60)
    _state().unlink(missing_ok=True)
    return 0


def _env(_options: argparse.Namespace) -> int:
    state = _read_state()
    if state is None:
        raise process.Failure("no broker is up: run `tests/harness/kafka.py up`")
    print(f"export BLOCKLOG_TEST_KAFKA={state['bootstrap']}")
    return 0
