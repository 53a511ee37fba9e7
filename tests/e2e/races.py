"""Races lose work, never transactions."""

import time

from blocklog_harness import evidence, load, services
from blocklog_harness.scenario import Scenario, check, equal, main

BURST, PAUSE = 25, 0.2


def run(s: Scenario) -> None:
    """1 000 submissions of 100 senders, two pinned miners, a third that races on partition 0."""
    # With the usual work a block takes about as long as the way through the log: many races are lost.
    net = s.net().init()
    ledgers = [net.ledger("ledger-a"), net.ledger("ledger-b")]
    net.miner("pinned-0", 0)
    net.miner("pinned-1", 1)
    net.miner("racer-0", 0)
    ingest = net.ingest()
    net.await_ready()
    s.step("three miners, two on partition 0, are ready")

    accepted: dict = {}
    wanted = load.rounds(senders=100, per_sender=10)
    for first in range(0, len(wanted), BURST):
        accepted |= load.submit(ingest, wanted[first : first + BURST])
        # Let miners catch up: what is pending then goes into many blocks, each of them a race.
        time.sleep(PAUSE)
    equal(len(accepted), 1000, "distinct ids")
    s.step("1 000 transactions acknowledged")

    infos = [services.await_included(ledger, 1000) for ledger in ledgers]
    chain = evidence.read(net.bootstrap, net.topic("blockchain"))
    equal(chain.verdicts, {"INCLUDED": 1000}, "verdicts")
    equal(set(chain.included), set(accepted), "ids included")
    equal(set(chain.included.values()), {1}, "times each was included")
    made = chain.made_by()
    check(all(made[name] for name in ("pinned-0", "pinned-1", "racer-0")), f"every miner won blocks: {made}")
    stale = chain.stale()
    check(stale, "no race was ever lost: the racers did not overlap")
    s.step(f"each included exactly once; {len(chain.blocks) - 1} blocks {dict(made)}, {len(stale)} lost races")

    for ledger, info in zip(ledgers, infos, strict=True):
        equal(info["tip"]["hash"], chain.tip.hash.hex(), f"{ledger.name}'s tip")
        equal(int(info["supply"]), sum(chain.balances.values()), f"{ledger.name}'s supply")
        refused = {row["hash"]: row["reason"] for row in services.candidates(ledger)}
        equal(refused, dict.fromkeys(stale, "STALE"), f"what {ledger.name} refused")
    kept = {b.hash.hex() for b in chain.blocks}
    equal(stale & kept, set(), "lost races in the chain")
    for name in ("sender-0", "sender-99", "racer-0"):
        equal(int(services.account(ledgers[0], name)["balance"]), chain.balances[name], f"balance of {name}")
    s.step("two ledgers agree with the topic on tip, supply, balances and lost races, all STALE")


if __name__ == "__main__":
    main(run)
