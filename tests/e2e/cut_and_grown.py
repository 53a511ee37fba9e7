"""`transactions` loses its end under running services, and grows again past what they had read."""

import shutil

from blocklog_harness import evidence, load, services, tools
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main

# Records of the copy, of what comes after it and is lost, and of what is acknowledged when the copy is back.
COPIED, LOST, AFTER = 4, 4, 12
# Enough in the log that is there now, and enough for a miner that takes what it remembers for what is there.
BLOCK_RECORDS = COPIED + AFTER
# What is true of the log before the loss only; the rest of a partition's folder belongs to the copy.
CHECKPOINTS = (
    "recovery-point-offset-checkpoint",
    "replication-offset-checkpoint",
    "log-start-offset-checkpoint",
    ".kafka_cleanshutdown",
)


def run(s: Scenario) -> None:
    """A broker without replicas comes back with an older log: what is acknowledged from then on is sealed, the loss is named."""
    cluster = s.cluster()
    broker = cluster.brokers[0]
    net = s.net(bootstrap=cluster.bootstrap).init()
    ledger, ingest = net.ledger(), net.ingest()
    miner = net.miner("miner-0", 0, "--block-records", BLOCK_RECORDS, "--block-age", "1h")
    net.await_ready()
    topic = net.topic("transactions")
    submit(ingest, COPIED, "copied")
    await_read(ledger, miner, COPIED)

    broker.kill()
    folders = sorted((broker.folder / "data").glob(f"{topic}-*"))
    copy = s.folder / "copy"
    for folder in folders:
        shutil.copytree(folder, copy / folder.name)
    broker.start()
    net.await_ready()
    lost = submit(ingest, LOST, "lost")
    read_to = tools.ends(cluster.bootstrap, topic)[1]
    await_read(ledger, miner, read_to)
    s.step(f"{COPIED} records, a copy of the log, {LOST} more records: all acknowledged, read and not sealed")

    broker.kill()
    for folder in folders:
        shutil.rmtree(folder)
        shutil.copytree(copy / folder.name, folder)
    for name in CHECKPOINTS:
        (broker.folder / "data" / name).unlink(missing_ok=True)
    broker.start()
    await_writable(cluster.bootstrap, topic)
    after = submit(ingest, AFTER, "after")
    end = tools.ends(cluster.bootstrap, topic)[1]
    check(end > read_to, f"the log ends at {end}, past {read_to}, up to where it had been read")
    s.step("the broker came back with the copy, and the log has grown past what had been read")

    services.await_included(ledger, COPIED + AFTER, 90)
    chain = evidence.read(cluster.bootstrap, net.topic("blockchain"))
    equal(after - set(chain.included), set(), "acknowledged after the broker was back, and not included")
    equal(lost & set(chain.included), set(), "gone from the log, and included")
    equal(max(chain.included.values()), 1, "times a transaction was included")
    told = [f"{topic}/0", "has lost its end", f"below offset {read_to}", "sealed everything below 0"]
    contains(miner.output(), told, "the miner's log")
    wait_until("the ledger says so", lambda: "has lost its end" in ledger.output(), 60)
    contains(ledger.output(), ["DATA_LOSS", f"{topic}/0", f"offset {read_to - 1} is gone or replaced"], "the ledger's log")
    s.step("everything acknowledged since is included; miner and ledger name the loss")

    wait_until("the audit", lambda: int(services.info(ledger)["audit"].get("checkedHeight", 0)) >= chain.tip.height, 30)
    equal(int(services.info(ledger)["audit"].get("findings", 0)), 0, "findings of the ledger against an honest miner")
    tools.blocklog("audit", "--journal", net.journal)
    check(miner.running() and ledger.running(), "miner and ledger still run")
    s.step("nobody is accused")


def submit(ingest, count: int, prefix: str) -> set[str]:
    """That many transactions on partition 0, each of a sender of its own, until all are acknowledged; their ids."""
    wanted, found = load.rounds(count, 1, prefix), {}

    def all_accepted() -> bool:
        accepted, _refused, _error = load.attempt(ingest, wanted, 0, 60)
        found.update({reply["transaction"]["id"]: reply for reply in accepted.values()})
        return len(accepted) == count

    wait_until(f"{count} acknowledgements", all_accepted, 60)
    return set(found)


def await_read(ledger, miner, count: int) -> None:
    """Ledger and miner have read that many records."""

    def read() -> bool:
        pending = tools.call(ledger.grpc, "ledger.v1.LedgerService/ListPending", {"partition": 0, "pageSize": 100})
        metrics = tools.http(miner.admin, "/metrics")[1]
        return len(pending.get("records", [])) == count and f'miner_pending{{partition="0"}} {count}\n' in metrics

    wait_until(f"{count} pending records", read, 30)


def await_writable(bootstrap: str, topic: str) -> None:
    """Whether the partition has a leader again shows when its ends can be asked for."""
    wait_until("the partition", lambda: tools.ends(bootstrap, topic)[1] == COPIED, 60)


if __name__ == "__main__":
    main(run, limit=300)
