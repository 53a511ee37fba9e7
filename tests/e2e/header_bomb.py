"""Records of a hundred thousand headers on both topics: whoever reads them needs no more memory than before."""

from pathlib import Path

from blocklog_harness import load, paths, process, services, tools
from blocklog_harness.scenario import Scenario, check, equal, main

RECORDS = 200
# As many as librdkafka takes, and as many as fit a record of 64 KiB.
HEADERS = {"blockchain": 100_000, "transactions": 32_000}
LIMIT_MIB = 256


def run(s: Scenario) -> None:
    """200 records with 100 000 headers on `blockchain`, 200 with 32 000 on `transactions`: memory stays below 256 MiB."""
    net = s.net().init()
    ledger, miner, ingest = net.ledger(), net.miner("miner-0", 0), net.ingest()
    net.await_ready()
    load.submit(ingest, load.rounds(senders=10, per_sender=1), partition=0)
    services.await_included(ledger, 10)
    for topic, headers in HEADERS.items():
        argv = [paths.example("foreign"), "headers", net.bootstrap, net.topic(topic), "0", RECORDS, headers]
        done = tools.run(argv)
        equal(done.returncode, 0, f"exit code of the foreign producer, {done.stderr.decode()}")
    s.step(f"{RECORDS} records on each topic, with {HEADERS} headers each")

    load.submit(ingest, load.rounds(senders=10, per_sender=1, first_nonce=2), partition=0)
    services.await_included(ledger, 20)
    told = {service.name: peak_mib(service) for service in (ledger, miner)}
    s.step(f"10 transactions behind them were included; most memory, in MiB: {told}")
    for service in (ledger, miner):
        equal(service.stop(), 0, f"exit code of {service.name}")
        service.restart()
    load.submit(ingest, load.rounds(senders=10, per_sender=1, first_nonce=3), partition=0)
    info = services.await_included(ledger, 30)
    again = {service.name: peak_mib(service) for service in (ledger, miner)}
    s.step(f"and 10 more after a restart of both: {again}")

    commands = {}
    for words in (["verify", "--tip", info["tip"]["hash"]], ["audit"]):
        commands[words[0]] = command_mib(s, [*words, "--journal", net.journal])
    lines = topic_cat(s, net)
    check(any("headers" in line for line in lines), "`topic cat` shows all headers")
    s.step(f"verify and audit agree: {commands}; `topic cat` counts the headers that it does not show")
    for name, mib in [*told.items(), *again.items(), *commands.items()]:
        check(mib < LIMIT_MIB, f"{name} took {mib} MiB")


def peak_mib(service: process.Process) -> int:
    """The most memory that a process has had."""
    for line in Path(f"/proc/{service.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise process.Failure(f"{service.name} has no VmHWM")


def command_mib(s: Scenario, words: list) -> int:
    """Runs a command that succeeds; the most memory it has had."""
    out = s.folder / f"{words[0]}.memory"
    argv = ["/usr/bin/env", "python3", "-c", MEASURE, out, paths.binary("blocklog"), *words]
    done = tools.run(argv)
    equal(done.returncode, 0, f"exit code of {words[0]}, {done.stdout.decode()}{done.stderr.decode()}")
    return int(out.read_text()) // 1024


MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def topic_cat(s: Scenario, net: services.Net) -> list[dict]:
    return tools.blocklog("topic", "cat", "transactions", "--journal", net.journal).lines


if __name__ == "__main__":
    main(run, limit=150)
