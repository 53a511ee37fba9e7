"""A broker that is not there, and one that goes away."""

import time

from blocklog_harness import evidence, load, services, tools
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, contains, equal, main

AWAY_SECONDS = 60


def run(s: Scenario) -> None:
    """The broker appears late, then goes away for a minute: services say why, and heal by themselves."""
    cluster = s.cluster(start=False)
    broker = cluster.brokers[0]
    net = s.net(bootstrap=cluster.bootstrap)
    ledger, miner, ingest = net.ledger(), net.miner("miner-0", 0, "--partition", 1), net.ingest()
    for service in net.services:
        service.await_unready("LOG_UNAVAILABLE", 30)
    s.step("without a broker nothing is ready, and /ready says LOG_UNAVAILABLE")
    broker.start()
    net.await_ready()
    load.submit(ingest, load.rounds(3, 2), partition=0)
    services.await_included(ledger, 6, 60)
    s.step("the broker appeared: everything got ready by itself, and a block came")

    running = load.Load(ingest, senders=4, batch=2)
    running.start()
    wait_until("some load", lambda: len(running.acknowledged) > 20, 30)
    broker.kill()
    gone = time.monotonic()
    for service in (ledger, miner, ingest):
        service.await_unready("LOG_UNAVAILABLE", 50)
    s.step(f"the broker was killed; all say LOG_UNAVAILABLE after {time.monotonic() - gone:.0f} s")
    height = services.height(ledger)
    answer = tools.blocklog(
        "tx",
        "send",
        "--from",
        "x",
        "--to",
        "y",
        "--amount",
        1,
        "--nonce",
        1,
        "--no-wait",
        "--ingest",
        ingest.url,
        "--ledger",
        ledger.url,
        code=None,
    )
    equal(answer.code in (5, 7), True, f"exit code {answer.code} of a submission without a broker is 5 or 7")
    equal(services.height(ledger), height, "height read from the ledger while the broker is away")
    time.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - gone)))
    broker.start()
    net.await_ready()
    s.step(f"back after {time.monotonic() - gone:.0f} s; everything is ready again")

    accepted = running.stop()
    services.await_included(ledger, 6 + len(accepted), 120)
    chain = evidence.read(net.bootstrap, net.topic("blockchain"))
    equal(set(accepted) - set(chain.included), set(), "acknowledged but not included")
    equal(max(chain.included.values()), 1, "times a transaction was included")
    equal(services.info(ledger)["tip"]["hash"], chain.tip.hash.hex(), "the ledger's tip")
    for service in net.services:
        contains(service.output(), ["no longer ready", "LOG_UNAVAILABLE", broker.address], f"{service.name}'s log")
    s.step(f"{len(accepted)} acknowledged transactions, all included once; {running.retries} batches were sent again")


if __name__ == "__main__":
    main(run, limit=360)
