"""Services that start at once on brokers that have never seen their topics."""

from blocklog_harness import load, services
from blocklog_harness.scenario import Scenario, equal, main

PARTITIONS = 6
# Chains beside each other: each is one more chance for a broker to be late.
CHAINS = 2


def run(s: Scenario) -> None:
    """Ten services with --genesis at once on three fresh brokers: all get ready, on one chain."""
    cluster = s.cluster(brokers=3)
    s.step("three brokers")
    for number in range(CHAINS):
        net = s.net({"partitions": PARTITIONS}, cluster.bootstrap, f"together-{number}")
        ledgers = [net.ledger("ledger-0"), net.ledger("ledger-1")]
        ingests = [net.ingest("ingest-0"), net.ingest("ingest-1")]
        for partition in range(PARTITIONS):
            net.miner(f"miner-{partition}", partition)
        net.await_ready()
        load.submit(ingests[0], load.rounds(senders=20, per_sender=1))
        chains = {services.await_included(ledger, 20)["chainId"] for ledger in ledgers}
        equal(len(chains), 1, f"chains, {chains}")
        s.step(f"{len(net.services)} services that started at once are ready, and 20 transactions included")
        for service in net.services:
            equal(service.stop(), 0, f"exit code of {service.name}")


if __name__ == "__main__":
    main(run, limit=150)
