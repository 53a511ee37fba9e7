"""Pipelined senders while the leader of their partition hangs, dies and comes back."""

from blocklog_harness.campaign import Campaign
from blocklog_harness.lanes import Pipelined
from blocklog_harness.scenario import Scenario, main

# Senders by habit. Slow ones with wide windows have submissions of every age on their way, when some are given up for their age.
HABITS = ("eager", "eager", "drain", "hop")
SENDERS, WINDOW, RATE = 24, 120, 8.0


def run(s: Scenario) -> None:
    """Three brokers, pipelined senders; the leader of their partition hangs, is killed, hangs again: acknowledged is included."""
    with Campaign(s, partitions=1) as campaign:
        net = campaign.net
        net.ledger()
        net.miner("miner-0", 0)
        net.ingest()
        campaign.begin()
        for number in range(SENDERS):
            campaign.add(Pipelined, f"s{number}", habit=HABITS[number % len(HABITS)], window=WINDOW, rate=RATE, partition=0)
        campaign.await_load()
        s.step(f"three brokers; {SENDERS} senders, {WINDOW} submissions on their way each")

        leader = lambda: campaign.brokers.leader("transactions")
        campaign.fault("the leader hangs for 12 s, then kill -9", lambda: campaign.freeze(leader(), 12, then_kill=True))
        campaign.fault("the next leader hangs for 9 s", lambda: campaign.freeze(leader(), 9))
        campaign.finish()


if __name__ == "__main__":
    main(run, limit=420)
