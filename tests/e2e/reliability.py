"""The campaign: everything that may befall brokers and services, under every kind of client, and an independent reader at the end."""

import time
from collections.abc import Iterator

import harness_path  # noqa: F401
from blocklog_harness import services, tools
from blocklog_harness.campaign import Campaign
from blocklog_harness.lanes import Once, Pipelined, Sequential, Unnumbered
from blocklog_harness.scenario import Scenario, main

PARTITIONS = 3


def run(s: Scenario) -> None:
    """Three brokers (RF 3, ISR 2), twelve services; nine times something befalls brokers, services are killed: promises hold."""
    campaign = Campaign(s, PARTITIONS)
    start(campaign)
    campaign.begin()
    load(campaign)
    campaign.await_load()
    s.step(f"three brokers, {len(campaign.net.services)} services, {len(campaign.lanes)} senders")
    befall(campaign)
    campaign.finish()


def start(campaign: Campaign) -> None:
    """Two ingests, six miners (a third of them signs), three ledgers, an explorer."""
    net = campaign.net
    calm = net.ledger("ledger-calm")
    for number in range(2):
        net.ledger(f"ledger-{number}")
    for number in range(4):
        net.miner(f"miner-{number}", number % PARTITIONS)
    for number in range(4, 6):
        key = campaign.s.folder / f"miner-{number}.pem"
        tools.blocklog("keys", "new", key)
        net.add("miner", f"miner-{number}", "--partition", number % PARTITIONS, "--key", key, "--threads", 1)
    net.ingest("ingest-0", "--ledger", calm.url)
    net.ingest("ingest-1")
    campaign.explorer()


def load(campaign: Campaign) -> None:
    """Senders of every kind: see `lanes`."""
    for number in range(3):
        campaign.add(Sequential, f"n{number}")
        campaign.add(Once, f"f{number}", pause=0.1)
    for number, signer in enumerate(campaign.signers):
        campaign.add(Sequential, f"k{number}", signer=signer)
        campaign.add(Unnumbered, f"u{number}", pause=0.1)
    for number in range(8):
        habit = ("eager", "eager", "drain", "hop")[number % 4]
        # Slow ones have submissions of every age on their way.
        rate = 8.0 if number < 4 else 30.0
        campaign.add(Pipelined, f"s{number}", habit=habit, window=60, rate=rate, partition=number % PARTITIONS)


def befall(campaign: Campaign) -> None:
    """All that happens, each once everything before has healed."""
    brokers, killed = campaign.brokers, iter(victims(campaign))
    for broker in brokers.cluster.brokers:
        campaign.fault(f"SIGTERM of broker {broker.node}", lambda: campaign.stop_one(broker))
        kill_next(campaign, killed)
    leader = lambda topic: brokers.leader(topic)
    for topic in ("blockchain", "transactions"):
        campaign.fault(f"kill -9 of the leader of {topic}/0", lambda: campaign.kill(leader(topic), seconds=10))
        kill_next(campaign, killed)
    two = lambda: brokers.others(leader("blockchain"))
    campaign.fault("kill -9 of two brokers, 12 s", lambda: campaign.kill(*two(), seconds=12))
    kill_next(campaign, killed)
    campaign.fault("SIGSTOP of the leader of transactions/0, 15 s", lambda: campaign.freeze(leader("transactions"), 15))
    kill_next(campaign, killed)
    # Longer than the log's own patience: what waited all the time is given up.
    campaign.fault("kill -9 of two brokers, 45 s", lambda: campaign.kill(*two(), seconds=45))
    campaign.fault("kill -9 of all three, 6 s", lambda: all_three(campaign, next(killed)))


def all_three(campaign: Campaign, service: services.Service) -> float:
    """And a service that starts again while there is no broker."""
    for broker in campaign.brokers.cluster.brokers:
        broker.kill()
    campaign.kill_service(service)
    return campaign.back_after(5, *campaign.brokers.cluster.brokers)


def victims(campaign: Campaign) -> list[services.Service]:
    """Who is killed, in turn; the first ledger is the one that is watched."""
    miners, ledgers, ingests = campaign.of("miner"), campaign.of("ledger")[1:], campaign.of("ingest")
    return [ingests[0], miners[0], ledgers[0], ingests[1], miners[4], ledgers[1], miners[1], ingests[0]]


def kill_next(campaign: Campaign, killed: Iterator[services.Service]) -> None:
    service = next(killed)
    campaign.fault(f"kill -9 of {service.name}", lambda: kill(campaign, service))


def kill(campaign: Campaign, service: services.Service) -> float:
    campaign.kill_service(service)
    return time.monotonic()


if __name__ == "__main__":
    main(run, limit=1200)
