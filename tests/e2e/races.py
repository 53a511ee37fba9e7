"""Races lose work, never transactions."""

import harness_path  # noqa: F401
from blocklog_harness import evidence, load, services
from blocklog_harness.scenario import Scenario, check, equal, main


def run(s: Scenario) -> None:
    """1 000 submissions of 100 senders, two pinned miners, a third that races on partition 0."""
    # Ten times the usual work, so that two miners on a slice really overlap.
    net = s.net(genesis={"bits": "1e199999"}).init()
    ledgers = [net.ledger("ledger-a"), net.ledger("ledger-b")]
    net.miner("pinned-0", 0)
    net.miner("pinned-1", 1)
    net.miner("racer-0", 0)
    ingest = net.ingest()
    net.await_ready()
    s.step("three miners, two on partition 0, are ready")

    accepted: dict = {}
    for first in range(1, 11):
        accepted |= load.submit(ingest, load.rounds(senders=100, per_sender=1, first_nonce=first))
    equal(len(accepted), 1000, "distinct ids")
    s.step("1 000 transactions acknowledged")

    infos = [services.await_included(ledger, 1000) for ledger in ledgers]
    chain = evidence.read(net.bootstrap, net.topic("blockchain"))
    equal(chain.verdicts, {"INCLUDED": 1000}, "verdicts")
    equal(set(chain.included), set(accepted), "ids included")
    equal(set(chain.included.values()), {1}, "times each was included")
    made = chain.made_by()
    check(all(made[name] for name in ("pinned-0", "pinned-1", "racer-0")), f"every miner won blocks: {made}")
    check(chain.stale, "no race was ever lost: the racers did not overlap")
    s.step(f"each included exactly once; {len(chain.blocks) - 1} blocks {dict(made)}, {len(chain.stale)} lost races")

    for ledger, info in zip(ledgers, infos, strict=True):
        equal(info["tip"]["hash"], chain.tip.hash.hex(), f"{ledger.name}'s tip")
        equal(int(info["supply"]), sum(chain.balances.values()), f"{ledger.name}'s supply")
    stale = {b.hash.hex() for b in chain.stale}
    kept = {b.hash.hex() for b in chain.blocks}
    equal(stale & kept, set(), "lost races in the chain")
    for name in ("sender-0", "sender-99", "racer-0"):
        equal(int(services.account(ledgers[0], name)["balance"]), chain.balances[name], f"balance of {name}")
    s.step("two ledgers agree with the topic on tip, supply and balances")


if __name__ == "__main__":
    main(run)
