"""Miner and ledger under kill -9."""

import random
import time

from blocklog_harness import evidence, load, services
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, check, equal, main

TIMES = 10


def run(s: Scenario) -> None:
    """kill -9 of a miner and of a ledger, 10 times each under load: counts match, ledgers agree."""
    net = s.net(genesis={"bits": "1e199999"})
    calm, killed_ledger = net.ledger("ledger-calm"), net.ledger("ledger-killed")
    killed_miner = net.miner("miner-killed", 0)
    net.miner("miner-calm", 1)
    ingest = net.ingest()
    net.await_ready()
    running = load.Load(ingest).start()
    wait_until("the first blocks", lambda: services.height(calm) > 3, 60)
    s.step("two miners, two ledgers; transactions flow")

    restarts: list[float] = []
    for victim in (killed_miner, killed_ledger):
        for _ in range(TIMES):
            time.sleep(random.uniform(0.1, 0.9))
            victim.kill()
            began = time.monotonic()
            victim.restart()
            restarts.append(time.monotonic() - began)
        s.step(f"{victim.name} was killed {TIMES} times and came back; slowest restart {max(restarts):.1f} s")

    before = services.height(calm)
    wait_until("blocks after the last kill", lambda: services.height(calm) > before, 60)
    accepted = running.stop()
    infos = [services.await_included(ledger, len(accepted)) for ledger in (calm, killed_ledger)]
    s.step(f"{len(accepted)} transactions acknowledged, {running.retries} batches sent again")

    chain = evidence.read(net.bootstrap, net.topic("blockchain"))
    equal(set(accepted) - set(chain.included), set(), "acknowledged but not included")
    equal(set(chain.included) - set(accepted), set(), "included but never acknowledged")
    equal(set(chain.included.values()), {1}, "times each was included")
    check(chain.made_by()["miner-killed"] > TIMES, f"the killed miner went on winning: {chain.made_by()}")
    agree(s, (calm, killed_ledger), infos, chain)


def agree(s: Scenario, ledgers, infos, chain: evidence.Evidence) -> None:
    """Both ledgers say what the topic says."""
    for info, ledger in zip(infos, ledgers, strict=True):
        equal(info["tip"]["hash"], chain.tip.hash.hex(), f"{ledger.name}'s tip")
        equal(int(info["transactionsIncluded"]), chain.verdicts["INCLUDED"], f"{ledger.name}'s count")
        refused = sum(chain.verdicts.values()) - chain.verdicts["INCLUDED"]
        equal(int(info.get("recordsRejected", 0)), refused, f"{ledger.name}'s refusals")
    equal(infos[0]["tip"]["logRoot"], infos[1]["tip"]["logRoot"], "the ledgers' log roots")
    for name, balance in chain.balances.items():
        found = [int(services.account(ledger, name)["balance"]) for ledger in ledgers]
        equal(found, [balance, balance], f"balance of {name} in both ledgers")
    s.step(f"both agree with the topic: height {chain.tip.height}, {len(chain.balances)} balances")


if __name__ == "__main__":
    main(run, limit=420)
