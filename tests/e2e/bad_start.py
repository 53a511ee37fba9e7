"""Starts that must fail, with a message that says what to do."""

import os
import socket

from blocklog_harness import evidence, services, tools
from blocklog_harness.scenario import Scenario, check, contains, equal, main

UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def refused(service: services.Service, words: list[str], code: int | None = None) -> None:
    """The service ends by itself, not with 0, and its log has the words."""
    found = service.start().wait(30)
    check(found > 0 if code is None else found == code, f"{service.name} ended with {found}\n{service.tail()}")
    contains(service.output(), words, f"the log of {service.name}")


def run(s: Scenario) -> None:
    """Wrong flags, a port in use, an unusable data folder, a genesis that differs from block 0."""
    net = s.net().init()
    wrong_flags(s, net)
    ports_and_folders(s, net)
    other_genesis(s, net)


def wrong_flags(s: Scenario, net: services.Net) -> None:
    flags: list[tuple[str, str, list, list[str]]] = [
        ("miner", "no-account", ["--partition", 0], ["--account"]),
        ("miner", "no-partition", ["--account", "m"], ["--partition"]),
        ("miner", "bad-account", ["--partition", 0, "--account", "NOT A NAME"], ["NOT A NAME"]),
        ("ledger", "unknown", ["--data", "d", "--no-such-flag"], ["--no-such-flag"]),
    ]
    for kind, name, extra, words in flags:
        refused(net.add(kind, name, *extra, start=False), words, code=2)
    bare = services.Service("ledger", "no-journal", net.folder / "no-journal", ["--data", "d"])
    refused(bare, ["--journal"], code=2)
    odd = services.Service("ledger", "odd-journal", net.folder / "odd-journal", ["--data", "d", "--journal", "ftp:x"])
    refused(odd, ["ftp:x", "kafka://", "disk:"], code=2)
    refused(net.miner("far-partition", 7, start=False), ["partition", "7", "2"])
    equal(tools.blocklog("tx", "send", "--no-such-flag", code=None).code, 2, "exit code for a wrong flag")
    nobody = "http://127.0.0.1:1"
    contains(tools.blocklog("tip", "save", "-", "--ledger", nobody, code=5).err, [nobody, "refused", "--ledger"], "nobody")
    equal(tools.blocklog("status", "--ledger", nobody, code=None).code, 5, "exit code without a ledger")
    s.step("wrong flags end with code 2 and name the flag")


def ports_and_folders(s: Scenario, net: services.Net) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        data = net.folder / "port-in-use" / "data"
        given = ["--journal", net.journal, "--data", data]
        refused(
            services.Service("ledger", "port-in-use", data.parent, given, grpc=port), [str(port), "another process", "--listen"]
        )
    file = net.folder / "a-file"
    file.write_text("not a folder")
    closed = net.folder / "closed"
    closed.mkdir(mode=0o000)
    for kind, own in [("ledger", []), ("miner", ["--partition", 0, "--account", "m"])]:
        refused(net.add(kind, f"{kind}-on-a-file", *own, "--data", file, start=False), [str(file), "--data"])
        unreadable = net.add(kind, f"{kind}-unreadable", *own, "--data", closed, start=False)
        # Root reads everything; without its capabilities it is a user like any other.
        unreadable.argv = [*UNPRIVILEGED, *unreadable.argv]
        refused(unreadable, [str(closed), "permission denied", "--data"])
    first = net.ledger("owner").await_ready()
    second = net.add("ledger", "second-owner", "--data", net.folder / "owner" / "data", start=False)
    refused(second, [str(net.folder / "owner" / "data"), "another process"])
    check(first.running(), "the first owner of the folder is undisturbed")
    damaged(first)
    s.step("a port in use, a data folder that is a file, unreadable, or in use: each is named; a damaged one heals")


def damaged(ledger: services.Service) -> None:
    """Noise in place of the index: it is built anew from the topic."""
    tip = services.info(ledger)["tip"]
    equal(ledger.stop(), 0, "exit code after SIGTERM")
    for file in (ledger.folder / "data" / "index").rglob("*"):
        if file.is_file():
            file.write_bytes(os.urandom(1000))
    ledger.restart()
    contains(ledger.output(), ["built anew"], "the log of a ledger whose index was damaged")
    equal(services.info(ledger)["tip"], tip, "the tip after the index was damaged")


def other_genesis(s: Scenario, net: services.Net) -> None:
    other = net.folder / "other-genesis.json"
    services.write_genesis(other, {"name": "other", "reward": 5})
    own = evidence.read(net.bootstrap, net.topic("blockchain")).chain_id.hex()
    starters: list[tuple[str, list]] = [
        ("ingest", []),
        ("ledger", ["--data", "other-data"]),
        ("miner", ["--partition", 0, "--account", "m"]),
    ]
    for kind, flags in starters:
        service = net.add(kind, f"other-{kind}", "--genesis", other, *flags, start=False, genesis=False)
        refused(service, [own, "genesis"])
    answer = tools.blocklog("init", "--journal", net.journal, "--genesis", other, code=None)
    check(answer.code not in (0, 2), f"`blocklog init` with another genesis ended with {answer.code}")
    contains(answer.out + answer.err, [own], "`blocklog init` with another genesis")
    equal(len(tools.consume(net.bootstrap, net.topic("blockchain"))), 1, "records on blockchain after the refusals")
    s.step("a genesis that differs from block 0 is refused, naming both chains")


if __name__ == "__main__":
    main(run)
