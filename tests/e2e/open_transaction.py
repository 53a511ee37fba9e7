"""Somebody else's Kafka transactions, open and aborted, on both topics: they hold nothing up and hide nothing."""

import subprocess
import time

from blocklog_harness import load, paths, process, services, tools
from blocklog_harness.scenario import Scenario, check, equal, main
from blocklog_verifier import export

# Longer than the miner and the ledger take to compare the ends of the log with what they have read.
HELD_SECONDS = 12


def run(s: Scenario) -> None:
    """An open transaction on each topic: nobody stops, and every acknowledged transaction is included."""
    net = s.net().init()
    ledger = net.ledger()
    miners = [net.miner("miner-0", 0), net.miner("miner-1", 1)]
    ingest = net.ingest()
    net.await_ready()
    load.submit(ingest, load.rounds(senders=20, per_sender=2))
    services.await_included(ledger, 40)
    opened = [Transaction(net, topic) for topic in ("transactions", "blockchain")]
    since = time.monotonic()
    s.step("40 transactions included; then a Kafka transaction is opened on each topic, and stays open")

    load.submit(ingest, load.rounds(senders=20, per_sender=2, first_nonce=3))
    info = services.await_included(ledger, 80)
    s.step(f"40 more were acknowledged and included in blocks up to {info['tip']['height']}")
    # Whoever starts compares what it has kept with the log.
    for service in (ledger, *miners):
        equal(service.stop(), 0, f"exit code of {service.name}")
        service.restart()
    load.submit(ingest, load.rounds(senders=20, per_sender=1, first_nonce=5))
    services.await_included(ledger, 100)
    s.step("ledger and miners were restarted meanwhile, and 20 more were included")

    rest = HELD_SECONDS - (time.monotonic() - since)
    time.sleep(max(rest, 0))
    for service in net.services:
        check(service.running(), f"{service.name} ended with {service.exit_code()}\n{service.tail()}")
        status, body = service.readiness()
        equal(status, 200, f"/ready of {service.name}, {body}")
    check(all(one.child.poll() is None for one in opened), "the transactions are not open any more")
    offline(s, net, ledger, "open")
    s.step("services run and are ready; verify, audit, export and kcat see the true end")

    for one in opened:
        one.abort()
    offline(s, net, ledger, "aborted")
    s.step("both were aborted: their records are records still, for everybody")


def offline(s: Scenario, net: services.Net, ledger: services.Service, name: str) -> None:
    """What needs no service gives the chain that the ledger has; an export is the same by kcat."""
    file = s.folder / f"{name}.export"
    exported = tools.blocklog("export", file, "--journal", net.journal).json
    argv = ["kcat", "-C", "-b", net.bootstrap, "-t", net.topic("blockchain"), "-p", 0]
    dumped = tools.run([*argv, "-X", "isolation.level=read_uncommitted", "-e", "-q", "-f", "%o %T %R%s"])
    check(dumped.stdout == file.read_bytes(), f"{name}: kcat and `blocklog export` differ")
    with file.open("rb") as content:
        foreign = sum(value == b"x" for _, _, value in export.read(content))
    equal(foreign, 1, f"{name}: records of the foreign transaction among {exported['records']}")
    tip = services.info(ledger)["tip"]
    verified = tools.blocklog("verify", "--journal", net.journal, "--tip", tip["hash"]).json
    equal(int(verified["height"]), int(tip["height"]), f"{name}: height by verify")
    audited = tools.blocklog("audit", "--journal", net.journal).json
    equal((audited["findings"], int(audited["height"])), (0, int(tip["height"])), f"{name}: findings and height by audit")


class Transaction:
    """A transaction of another client of Kafka with one record in it, open until it is aborted."""

    def __init__(self, net: services.Net, topic: str):
        name = net.topic(topic)
        argv = [str(paths.example("foreign")), "open", net.bootstrap, name, "0", f"foreign-{name}"]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=process.die_with_parent)
        self.commands, answers = process.piped(self.child)
        equal(answers.readline(), b"open\n", f"the transaction on {name}")

    def abort(self) -> None:
        self.commands.close()
        equal(self.child.wait(30), 0, "exit code of the transaction")


if __name__ == "__main__":
    main(run, limit=150)
