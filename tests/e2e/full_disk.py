"""A disk that fills up under the whole chain in one process, and has room again later."""

import itertools
import json
import os
import subprocess
from pathlib import Path

from blocklog_harness import dev, load, services, tools
from blocklog_harness.process import Failure, wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main

DISK_MIB = 32
# Room that is left, one after the other, until it is the index that finds none: enough for a block in the journal, or not.
SPARE_KIB = (64, 24, 48, 32, 80, 40)


class Disk:
    """A small file system of its own."""

    def __init__(self, place: Path):
        self.place = place
        self.filler = place / "filler"
        place.mkdir(parents=True)

    def __enter__(self) -> "Disk":
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", self.place)
        return self

    def __exit__(self, *_error) -> None:
        # Lazily: whoever still holds a file there is killed right after.
        _run("umount", "-l", self.place)

    def free(self) -> int:
        found = os.statvfs(self.place)
        return found.f_bavail * found.f_frsize

    def leave(self, spare: int) -> None:
        """Takes or gives back room, so that this much is left."""
        self.filler.touch()
        with self.filler.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            wanted = size + self.free() - spare
            if wanted < size:
                file.truncate(max(0, wanted))
            while self.free() > spare and file.write(b"\xa5" * min(1 << 16, self.free() - spare)):
                file.flush()


def _run(*words) -> None:
    done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise Failure(f"{words[0]}: {done.stderr.strip()}")


def run(s: Scenario) -> None:
    """Submissions are refused with a reason, reads go on, nothing ends; with room everything goes on and nothing is lost."""
    if os.geteuid() != 0:
        s.step("not run: only root may mount a small disk")
        return
    with Disk(s.folder / "home" / "data") as disk:
        node = dev.Dev(s.folder / "home")
        fills_up_and_goes_on(s, disk, node)


def fills_up_and_goes_on(s: Scenario, disk: Disk, node: dev.Dev) -> None:
    node.start().await_ready()
    first = load.submit(node, load.rounds(senders=10, per_sender=5, prefix="early"))
    services.await_included(node.ledger, len(first))
    # One transaction of each sender at a time: a refused one is sent again before its successor.
    running = load.Load(node, senders=100, batch=1, pause=0.05).start()
    wait_until("some load", lambda: len(running.acknowledged) > 200, 30)
    spares = itertools.cycle(SPARE_KIB)
    admin = node.announcement()["ledger"]["admin"]

    def full() -> str:
        if not node.running():
            raise services.Ended(f"the process ended with {node.exit_code()}\n{node.tail()}")
        status, body = tools.http(admin, "/ready")
        if "INDEX_FULL" not in body:
            disk.leave(next(spares) << 10)
            raise Failure(f"/ready says {status} {body.strip()}")
        return body

    said = wait_until("the index to say that it is full", full, 90, every=0.7)
    contains(said, ["make room", str(disk.place)], "/ready of the ledger")
    s.step("the disk is full: the ledger says INDEX_FULL, and where")
    late = refusals(node, disk)
    tip = services.info(node.ledger)["tip"]
    tools.call(node.ledger.grpc, "ledger.v1.LedgerService/GetBlock", {"height": tip["height"], "withRecords": True})
    check(node.running(), "the process has ended")
    s.step(f"it answers reads at height {tip['height']}, and refuses submissions with a reason that says so")

    disk.filler.unlink()
    wait_until("the ledger to be ready again", lambda: tools.http(admin, "/ready")[0] == 200, 60)
    accepted = {*running.stop(), *first, *late}
    included = services.await_included(node.ledger, len(accepted))
    equal(int(included["transactionsIncluded"]), len(accepted), "transactions included, of those acknowledged")
    equal(int(included.get("recordsRejected", 0)), 0, "records rejected")
    for identity in sorted(accepted)[:: max(1, len(accepted) // 50)]:
        found = tools.call(node.ledger.grpc, "ledger.v1.LedgerService/GetTransaction", {"id": identity})
        equal(found["status"]["state"], "STATE_INCLUDED", f"state of {identity}")
    equal(services.info(node.ledger).get("audit", {}).get("findings", "0"), "0", "findings of the audit")
    s.step(f"there is room: it went on by itself; {len(accepted)} acknowledged, all included once")

    tip = services.info(node.ledger)["tip"]
    equal(node.stop(), 0, "exit code after SIGTERM")
    verified = tools.blocklog("verify", "--journal", f"disk:{node.data / 'journal'}").json
    node.start().await_ready()
    check(int(services.info(node.ledger)["tip"]["height"]) >= int(tip["height"]), "the tip went back over a restart")
    equal(verified["tip"], tip["hash"], "the tip that was verified")
    equal(node.stop(), 0, "exit code at the end")
    s.step("verified from the journal alone; a restart goes on from there")


def refusals(node: dev.Dev, disk: Disk) -> set[str]:
    """More transactions, until one is refused as something to send again, and as the disk's fault; the ids of those before it,
    which found room: an index that gives up leaves some."""
    acknowledged: set[str] = set()

    def refused() -> str:
        disk.leave(0)
        wanted = load.Wanted("late", "later", 1, len(acknowledged) + 1)
        accepted, refused, error = load.attempt(node, [wanted], 0, 20)
        acknowledged.update(reply["transaction"]["id"] for reply in accepted.values())
        check(not accepted, "there was room for a transaction")
        return json.dumps(list(refused.values())) if refused else str(error)

    contains(wait_until("a refusal", refused, 60), ["LOG_UNAVAILABLE", "disk is full"], "the refusal")
    return acknowledged


if __name__ == "__main__":
    main(run, limit=240)
