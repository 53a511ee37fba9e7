"""Child processes that never outlive their parent.

Each child asks the kernel to be killed with its parent, leads a session of its own (so a signal meant for it
hits nobody else), writes to a log file, and is ended by its own pid.
"""

import atexit
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, AnyStr, Self, TypeVar

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_living: list["Process"] = []
_started: list["Process"] = []


T = TypeVar("T")


class Failure(Exception):
    """Something was not as expected; the message says what was awaited and what is there instead."""


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel kills the child when this process is gone, however it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def piped(child: subprocess.Popen[AnyStr]) -> tuple[IO[AnyStr], IO[AnyStr]]:
    """Stdin and stdout of a child that has pipes for both."""
    if child.stdin is None or child.stdout is None:
        raise ValueError("the child has no pipes")
    return child.stdin, child.stdout


def wait_until(what: str, check: Callable[[], T], seconds: float = 30.0, every: float = 0.1) -> T:
    """Polls `check` until it gives something true, and returns that. A Failure names `what` was awaited."""
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            found = check()
            if found:
                return found
            last = found
        except (Failure, OSError, ValueError, KeyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds:.0f} s for {what}; last seen: {last!r}")
        time.sleep(every)


class Process:
    """One child with its log file."""

    def __init__(self, name: str, argv: list[Any], log: Path, env: dict[str, Any] | None = None, cwd: Path | None = None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log = log
        self.env = env
        self.cwd = cwd
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Starts it; the log of an earlier start is kept and appended to."""
        if self.running():
            raise Failure(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(self.env or {})},
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        _living.append(self)
        if self not in _started:
            _started.append(self)
        return self

    @property
    def pid(self) -> int:
        if self.child is None:
            raise Failure(f"{self.name} was never started")
        return self.child.pid

    def running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self.child.poll() if self.child else None

    def signal(self, number: int) -> None:
        if self.running():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        self._gone(10)

    def stop(self, seconds: float = 30.0) -> int:
        """Asks it to end and waits; its exit code."""
        self.signal(signal.SIGTERM)
        return self._gone(seconds)

    def wait(self, seconds: float) -> int:
        """Waits for it to end by itself; its exit code."""
        return self._gone(seconds)

    def _gone(self, seconds: float) -> int:
        if self.child is None:
            return 0
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} (pid {self.pid}) did not end within {seconds:.0f} s\n{self.tail()}") from None
        if self in _living:
            _living.remove(self)
        return code

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines: int = 25) -> str:
        """The end of its log, for messages."""
        last = self.output().splitlines()[-lines:]
        return "\n".join([f"--- {self.name}: {self.log}", *last])


def end_all() -> None:
    """Ends every child that still runs, each by its pid."""
    for process in list(_living):
        try:
            process.signal(signal.SIGKILL)
            if process.child:
                process.child.wait(10)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"could not end {process.name}: {error}", file=sys.stderr)
    _living.clear()


def living() -> list[Process]:
    """The children that were started and not yet ended by this process."""
    return list(_living)


def latest(count: int) -> list[Process]:
    """Of the children that were ever started those whose logs were written to last, in that order."""
    return sorted(_started, key=lambda process: process.log.stat().st_mtime)[-count:]


def _on_signal(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def guard() -> None:
    """To be called once by every command: children end with it, however it ends."""
    atexit.register(end_all)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _on_signal)
