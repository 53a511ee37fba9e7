"""The campaign: everything that may befall brokers and services, under every kind of client, and an independent reader at the end."""

from collections.abc import Callable
from functools import partial

from blocklog_harness import services, tools
from blocklog_harness.campaign import Campaign
from blocklog_harness.lanes import Once, Pipelined, Sequential, Unnumbered
from blocklog_harness.scenario import Scenario, main

PARTITIONS = 3
# Fewer blocks than without, so that two cores carry it.
SEALING = ("--block-records", 30, "--block-age", "500ms")


def run(s: Scenario) -> None:
    """Three brokers (RF 3, ISR 2), twelve services; nine times something befalls brokers, services are killed: promises hold."""
    with Campaign(s, PARTITIONS) as campaign:
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
        net.miner(f"miner-{number}", number % PARTITIONS, *SEALING)
    for number in range(4, 6):
        key = campaign.s.folder / f"miner-{number}.pem"
        tools.blocklog("keys", "new", key)
        net.add("miner", f"miner-{number}", "--partition", number % PARTITIONS, "--key", key, "--threads", 1, *SEALING)
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
        rate = 8.0 if number < 4 else 15.0
        campaign.add(Pipelined, f"s{number}", habit=habit, window=60, rate=rate, partition=number % PARTITIONS)


def befall(campaign: Campaign) -> None:
    """All that happens, each once everything before has healed; each time a service is killed too, and starts meanwhile."""
    brokers = campaign.brokers
    leader = brokers.leader
    two = lambda: brokers.others(leader("blockchain"))
    stop = lambda node: campaign.stop_one(brokers.cluster.brokers[node])
    faults = [
        ("SIGTERM of broker 1", lambda: stop(0)),
        ("SIGTERM of broker 2", lambda: stop(1)),
        ("SIGTERM of broker 3", lambda: stop(2)),
        ("kill -9 of the leader of blockchain", lambda: campaign.kill(leader("blockchain"), seconds=10)),
        ("kill -9 of the leader of transactions/0", lambda: campaign.kill(leader("transactions"), seconds=10)),
        ("kill -9 of two brokers, 12 s", lambda: campaign.kill(*two(), seconds=12)),
        ("SIGSTOP of the leader of transactions/0, 15 s", lambda: campaign.freeze(leader("transactions"), 15)),
        # Longer than the log's own patience: what waited all the time is given up.
        ("kill -9 of two brokers, 45 s", lambda: campaign.kill(*two(), seconds=45)),
        ("kill -9 of all three, 6 s", lambda: campaign.kill(*brokers.cluster.brokers, seconds=6)),
    ]
    for (name, act), service in zip(faults, victims(campaign), strict=True):
        campaign.fault(f"{name}; kill -9 of {service.name}", partial(after_killing, campaign, service, act))


def victims(campaign: Campaign) -> list[services.Service]:
    """Who is killed, in turn; the first ledger is the one that is watched."""
    miners, ledgers, ingests = campaign.of("miner"), campaign.of("ledger")[1:], campaign.of("ingest")
    return [ingests[0], miners[0], ledgers[0], ingests[1], miners[4], ledgers[1], miners[1], ingests[0], ledgers[0]]


def after_killing(campaign: Campaign, service: services.Service, act: Callable[[], float]) -> float:
    campaign.kill_service(service, 0.5)
    return act()


if __name__ == "__main__":
    main(run, limit=1200)
