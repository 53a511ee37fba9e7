"""The whole chain in one process, under kill -9."""

import random
import time
from collections import Counter
from functools import partial

from blocklog_harness import dev, load, services, tools
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, check, equal, main

TIMES = 20


def run(s: Scenario) -> None:
    """kill -9 of blocklog-dev 20 times under load: every acknowledged transaction is in the chain exactly once."""
    chain = dev.Dev(s.folder)
    chain.start().await_ready()
    identity = chain.announcement()["chainId"]
    running = load.Load(chain, senders=10, batch=5, pause=0.02).start()
    wait_until("the first blocks", lambda: services.height(chain.ledger) > 2, 60)
    s.step(f"chain {identity[:8]} is running, transactions flow")

    slowest = 0.0
    for _ in range(TIMES):
        # In the middle of the load, of a block; now and then in the middle of a start.
        time.sleep(random.uniform(0.0, 0.4))
        chain.kill()
        began, before = time.monotonic(), len(running.acknowledged)
        chain.start()
        if random.random() < 0.8:
            chain.await_ready()
            slowest = max(slowest, time.monotonic() - began)
            wait_until("transactions to flow again", partial(lambda before: len(running.acknowledged) > before, before), 30)
    chain.await_ready()
    s.step(f"killed {TIMES} times; slowest start {slowest:.1f} s")

    accepted = running.stop()
    info = services.await_included(chain.ledger, len(accepted))
    equal(chain.announcement()["chainId"], identity, "chain id")
    check(running.retries > 0, "no kill ever hit a submission")
    included, refused = records(chain.ledger)
    equal(set(accepted) - set(included), set(), "acknowledged but not included")
    equal(set(included) - set(accepted), set(), "included but never acknowledged")
    equal(set(included.values()), {1}, "times each was included")
    check(set(refused) <= {"VERDICT_NONCE_TOO_LOW"}, f"only second copies are refused: {refused}")
    equal(int(info["transactionsIncluded"]), len(accepted), "the ledger's count")
    s.step(f"{len(accepted)} acknowledged, each included once; {running.retries} batches were sent again {refused}")
    equal(chain.stop(), 0, "exit code after SIGTERM")


def records(ledger) -> tuple[Counter, Counter]:
    """Times each id was included, and the other verdicts, over all sealed records."""
    included: Counter = Counter()
    refused: Counter = Counter()
    for partition in (0, 1):
        token = ""
        while True:
            request = {"offsets": {"partition": partition, "fromOffset": 0}, "pageSize": 1000, "pageToken": token}
            page = tools.call(ledger.grpc, "ledger.v1.LedgerService/ListRecords", request)
            for record in page.get("records", []):
                if record["verdict"] == "VERDICT_INCLUDED":
                    included[record["transaction"]["id"]] += 1
                elif record["verdict"] != "VERDICT_PENDING":
                    refused[record["verdict"]] += 1
            token = page.get("nextPageToken", "")
            if not token:
                break
    return included, refused


if __name__ == "__main__":
    main(run, limit=420)
