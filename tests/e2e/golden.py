"""The golden session: everything a ledger says equals a recount from the topics.

`GOLDEN_RECORDS=100000 tests/e2e/run golden` is the whole of it, `GOLDEN_SEED` makes another mixture.
"""

import base64
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

from golden_replies import Replies

from blocklog_harness import forge, services, tools
from blocklog_harness.mixture import WEIGHTS, Mixture
from blocklog_harness.operator import Operator
from blocklog_harness.process import wait_until
from blocklog_harness.recount import Recount
from blocklog_harness.rpc import Channel
from blocklog_harness.scenario import Scenario, check, contains, equal, main
from blocklog_verifier.merkle import sha256

RECORDS = int(os.environ.get("GOLDEN_RECORDS", "3000"))
SEED = os.environ.get("GOLDEN_SEED", "golden")
KILLS = 10
# Records of one batch of the load, of which two are let go before each kill.
BATCHES = 2 * KILLS
SUBMIT = "ingest.v1.IngestService/SubmitTransactions"
# Names are refused on a chain without them, everything else occurs on an open one.
ELSEWHERE = "NAMES_NOT_ALLOWED"
EVERY_VERDICT = {
    "INCLUDED",
    "TOO_LARGE",
    "UNDECODABLE",
    "BAD_ACCOUNT",
    "MEMO_TOO_LARGE",
    "EMPTY",
    "BAD_SIGNATURE",
    "EXPIRED",
    "NONCE_TOO_LOW",
    "INSUFFICIENT_FUNDS",
    "BALANCE_OVERFLOW",
}


def run(s: Scenario) -> None:
    """Mixed transactions, three miners, two ledgers, one of them killed ten times: every figure equals a recount."""
    closed = session(s, min(RECORDS // 10, 1000), is_open=False)
    check(closed.verdicts[ELSEWHERE], f"no record is {ELSEWHERE}: {closed.verdicts}")
    found = session(s, RECORDS, is_open=True)
    equal(set(found.verdicts), EVERY_VERDICT, "verdicts that occur")


def session(s: Scenario, count: int, is_open: bool) -> Recount:
    """One chain from genesis to the last reply; what it adds up to."""
    mixture = Mixture(f"{SEED} {is_open}")
    mixture.open = is_open
    key = s.folder / f"{is_open}.pem"
    racer = tools.blocklog("keys", "new", key).json["account"]
    net = s.net(genesis={"allocate": mixture.allocations(), "reward": 50, "admin": racer}, is_open=is_open).init()
    log_key = s.folder / f"log-{is_open}.pem"
    tools.blocklog("keys", "new", log_key)
    ledgers = [net.ledger("calm", "--log-key", log_key), net.ledger("killed", "--log-key", log_key)]
    miners = [
        net.add("miner", f"miner-{n}", "--partition", n % 2, "--threads", 1, *payee(s, key, n, is_open))
        for n in range(3 if is_open else 2)
    ]
    ingest = net.ingest()
    net.await_ready()
    mixture.chain_id = bytes.fromhex(services.info(ledgers[0])["chainId"])
    operator = Operator(net.bootstrap, net.folder / "operator")

    load = Load(net, ingest, mixture, count).start()
    for number in range(KILLS if is_open else 1):
        load.let_go(2 if is_open else BATCHES)
        load.await_batches(2 * number)
        if number in (3, 6):
            # Their ends are offsets without a record: VOID, once a record follows.
            values = [made.value for made in mixture.take(3)]
            load.sent += values
            operator.transact(net.topic("transactions"), number % 2, values, commit=number == 3)
        time.sleep(mixture.random.uniform(0.1, 0.8))
        ledgers[1].kill()
        ledgers[1].restart()
    load.join()
    published = time.monotonic()
    await_consumed(net, ledgers)
    for miner in miners:
        miner.stop()
    blocks = services.height(ledgers[0])
    s.step(
        f"{len(load.sent)} records of {len(WEIGHTS)} kinds, {KILLS if is_open else 1} kills, {blocks} blocks; the last "
        f"{time.monotonic() - published:.1f} s after the load"
    )

    recount = Recount()
    if is_open:
        lie(net, ledgers, mixture, operator, load, recount)
        s.step("a block that leaves out, replaces, invents and misjudges records was accepted")
    leave_pending(net, mixture, load)
    operator.close()
    read(net, recount)
    landed = Counter(record.value for records in recount.topic.values() for record in records.values())
    sent = Counter(load.sent)
    check(
        landed == sent,
        f"missing on the topic {list((sent - landed).items())[:3]}, more there {list((landed - sent).items())[:3]}",
    )
    s.step(f"recounted: {dict(recount.verdicts)}, {len(recount.accounts)} accounts, {len(recount.candidates)} lost races")
    compare(s, net, ledgers, recount, log_key)
    return recount


def payee(s: Scenario, key: Path, number: int, is_open: bool) -> list:
    """Named accounts are paid, but for the third miner, and where there are no names."""
    if is_open and number < 2:
        return ["--account", f"miner-{number}"]
    return ["--key", key]


class Load:
    """Publishes in the background, batch after batch as they are let go: what ingest would take by ingest or straight to a
    partition, everything else straight."""

    def __init__(self, net: services.Net, ingest: services.Service, mixture: Mixture, count: int):
        self.net, self.ingest, self.mixture, self.count = net, ingest, mixture, count
        self.sent: list[bytes] = []
        # Batches.
        self.done = 0
        self._allowed = threading.Semaphore(0)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> "Load":
        self._thread.start()
        return self

    def let_go(self, batches: int) -> None:
        self._allowed.release(batches)

    def await_batches(self, count: int) -> None:
        """Waits until so many have been published."""
        wait_until("the load to go on", lambda: self._error or self.done >= count, 300)
        if self._error:
            raise self._error

    def join(self) -> None:
        self._thread.join(600)
        if self._error:
            raise self._error
        check(not self._thread.is_alive(), "the load did not end in ten minutes")

    def _run(self) -> None:
        try:
            for _ in range(BATCHES):
                self._allowed.acquire()
                self._batch(self.mixture.take(self.count // BATCHES))
                self.done += 1
        except Exception as error:  # handed to whoever joins
            self._error = error

    def _batch(self, made: list) -> None:
        self.sent += [one.value for one in made]
        for partition in range(self.mixture.partitions):
            values = [one.value for one in made if one.partition == partition]
            tools.publish_values(self.net.bootstrap, self.net.topic("transactions"), partition, values)
        wanted = [one.value for one in made if one.partition is None]
        requests = [{"tag": tag, "request": {"record": b64(value)}} for tag, value in enumerate(wanted)]
        replies = tools.stream(self.ingest.grpc, SUBMIT, requests)
        refused = [reply["refused"] for reply in replies if "refused" in reply]
        equal((len(replies), refused[:3]), (len(wanted), []), "replies of ingest, and refusals")


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def await_consumed(net: services.Net, ledgers: list) -> None:
    """Waits until blocks hold everything that is on the topic, and both ledgers and their audits know them."""
    topic = net.topic("transactions")
    # The offset of a last control record is sealed when a record follows it.
    ends = [tools.consume(net.bootstrap, topic, partition)[-1].offset + 1 for partition in range(2)]

    def consumed() -> bool:
        for ledger in ledgers:
            found = services.info(ledger)
            cursors = [int(state["cursor"]) for state in found["partitions"]]
            check(
                all(cursor >= end for cursor, end in zip(cursors, ends, strict=True)),
                f"{ledger.name}: cursors {cursors} of {ends}",
            )
            check(found["audit"]["checkedHeight"] == found["tip"]["height"], f"{ledger.name}: {found['audit']}")
        return services.info(ledgers[0])["tip"] == services.info(ledgers[1])["tip"]

    wait_until("blocks with all records, in both ledgers", consumed, 300, every=0.5)


def lie(net: services.Net, ledgers: list, mixture: Mixture, operator: Operator, load: Load, recount: Recount) -> None:
    """One valid block that carries what the topic does not hold."""
    topic, chain = net.topic("transactions"), read(net, recount).chain
    # Whatever is behind the cursor already (the end of a Kafka transaction) is sealed honestly as a hole.
    first = tools.ends(net.bootstrap, topic, 0)[1]
    check(first == chain.cursors[0], f"the topic ends at {first}, the cursor is {chain.cursors[0]}")
    replaced, omitted, misjudged, honest, other, invented = (mixture.one("transfer").value for _ in range(6))
    operator.transact(topic, 0, [replaced, omitted, misjudged])
    tools.publish_values(net.bootstrap, topic, 0, [honest])
    load.sent += [replaced, omitted, misjudged, honest]
    slots = [other, None, ("too large", sha256(misjudged)), invented, honest]
    file = net.folder / "lie"
    file.write_bytes(forge.seal(chain, 0, slots, b"liar"))
    tools.publish(net.bootstrap, net.topic("blockchain"), 0, file)
    await_consumed(net, ledgers)
    for ledger in ledgers:
        for row in tools.blocklog("miners", "--ledger", ledger.url).lines[-1:]:
            equal(row["account"], "liar", f"{ledger.name}'s last miner")


def leave_pending(net: services.Net, mixture: Mixture, load: Load) -> None:
    """Records that nobody seals any more."""
    for partition in range(2):
        values = [made.value for made in mixture.take(40)]
        load.sent += values
        tools.publish_values(net.bootstrap, net.topic("transactions"), partition, values)


def read(net: services.Net, recount: Recount) -> Recount:
    """Both topics, by kcat, added up; what was read before is not counted again."""
    topic = net.topic("transactions")
    blockchain, end = tools.read(net.bootstrap, net.topic("blockchain"))
    records: dict[int, list[tools.Record]] = {}
    ends: dict[int, int] = {}
    traces: dict[tuple[int, int], str] = {}
    for partition in range(2):
        records[partition], ends[partition] = tools.read(net.bootstrap, topic, partition)
        found = tools.traces(net.bootstrap, topic, partition)
        traces |= {(partition, offset): trace for offset, trace in found.items()}
    return recount.read(blockchain, records, ends, end, traces)


def compare(s: Scenario, net: services.Net, ledgers: list, recount: Recount, log_key: Path) -> None:
    public = tools.blocklog("keys", "show", log_key).json["account"]

    def read_to_the_end() -> bool:
        for ledger in ledgers:
            states = services.info(ledger)["partitions"]
            equal([int(state["endOffset"]) for state in states], list(recount.ends.values()), f"{ledger.name}'s ends")
            for number, rows in recount.pending.items():
                listed = tools.blocklog("pending", "--partition", number, "--ledger", ledger.url, "--limit", 1000).lines
                equal(len(listed), len(rows), f"pending records of partition {number}")
        return True

    wait_until("both ledgers to have read the topics", read_to_the_end, 30)
    versions = set()
    for ledger in ledgers:
        began = time.monotonic()
        replies = Replies(Channel(ledger.grpc), recount, Random(SEED))
        versions.add(replies.compare(public))
        told = Replies.summary(replies.compared)
        s.step(
            f"{ledger.name} says the same in {sum(replies.compared.values())} messages, {time.monotonic() - began:.0f} s: {told}"
        )
        metrics = tools.http(ledger.admin, "/metrics")[1]
        for kind in {row["kind"] for row in recount.findings}:
            contains(ledger.output(), [kind.removeprefix("KIND_")], f"{ledger.name}'s log")
            name = kind.removeprefix("KIND_").capitalize()
            check(f'kind="{name}"' in metrics, f"{ledger.name}'s metrics lack a finding of kind {name}")
        value = [line.split()[-1] for line in metrics.splitlines() if re.match(r"ledger_audit_found[{ ]", line)]
        equal([float(one) for one in value], [float(len(recount.findings))], f"{ledger.name}'s metric of findings")
    equal(len(versions), 1, f"versions of the ledgers {versions}")


if __name__ == "__main__":
    main(run, limit=max(300, RECORDS // 80))
