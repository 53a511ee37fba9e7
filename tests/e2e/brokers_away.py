"""Two of three brokers away, ten times."""

from functools import partial
from random import Random

from blocklog_harness.campaign import Campaign
from blocklog_harness.lanes import Pipelined, Sequential
from blocklog_harness.scenario import Scenario, main

TIMES = 10
PARTITIONS = 2


def run(s: Scenario) -> None:
    """kill -9 of two of three brokers, 8 to 14 s away, ten times: no process ends, and the chain goes on each time."""
    random = Random("brokers away")
    with Campaign(s, PARTITIONS) as campaign:
        net = campaign.net
        for number in range(3):
            net.ledger(f"ledger-{number}")
        for number in range(4):
            net.miner(f"miner-{number}", number % PARTITIONS, "--block-records", 30, "--block-age", "500ms")
        for number in range(2):
            net.ingest(f"ingest-{number}")
        campaign.explorer()
        campaign.begin()
        for number in range(4):
            campaign.add(Sequential, f"n{number}")
            campaign.add(Pipelined, f"s{number}", habit=("eager", "drain")[number % 2], rate=10.0)
        campaign.await_load()
        s.step(f"three brokers, {len(net.services)} services")

        for turn in range(TIMES):
            away = random.sample(campaign.brokers.cluster.brokers, 2)
            seconds = random.uniform(8, 14)
            kill = partial(campaign.kill, *away, seconds=seconds)
            campaign.fault(f"two brokers away for {seconds:.0f} s ({turn + 1})", kill)
        campaign.finish()


if __name__ == "__main__":
    main(run, limit=1300)
