"""What can happen to topics under a chain: each service that uses them notices and names it."""

from blocklog_harness import load, services, tools
from blocklog_harness.operator import Operator
from blocklog_harness.process import wait_until
from blocklog_harness.rpc import Channel
from blocklog_harness.scenario import Scenario, check, contains, equal, main

SAFE = {"cleanup__policy": "delete", "message__timestamp__type": "LogAppendTime", "retention__ms": -1, "retention__bytes": -1}
# A look at the topics comes every fifteen seconds.
NOTICED = 45
FIRST = 6


def run(s: Scenario) -> None:
    """Unsafe settings, and topics that are cut, made anew, rewritten or changed under ingest, miner and ledger."""
    bootstrap = s.bootstrap()
    operator = Operator(bootstrap, s.folder / "operator")
    stands = {name: Stand(s, bootstrap) for name in ("times", "added", "anew", "other", "aged", "emptied")}
    unsafe_at_start(s, bootstrap, operator)
    for stand in stands.values():
        stand.begin()
    s.step(f"{len(stands)} chains run, each with ingest, miner and ledger")

    # All at once: what takes time to be noticed takes it once.
    times, added, anew, other, aged, emptied = stands.values()
    operator.set(times.transactions, message__timestamp__type="CreateTime")
    operator.partitions(added.transactions, 3)
    operator.set(added.blockchain, retention__ms=86_400_000)
    make_anew(operator, anew.blockchain, 1)
    rewrite(operator, other, added)
    operator.set(aged.transactions, retention__ms=1000)
    emptied.expected_end = tools.ends(bootstrap, emptied.transactions, 0)[1]
    make_anew(operator, emptied.transactions, 2)

    stopped(s, times, ["message.timestamp.type", "CreateTime", "LogAppendTime", times.transactions])
    stopped(s, anew, ["data loss", f"{anew.blockchain}/0 at offset", "expected", "found"])
    stopped(s, other, ["data loss", f"{other.blockchain}/0 at offset", "expected", "found"])
    risks(s, added)
    deleted_by_age(s, aged, operator)
    made_anew_below_the_cursor(s, emptied)
    cut_above_the_cursor(s, added, operator)
    cut_below_what_was_applied(s, aged, operator)
    operator.close()


class Stand:
    """One chain with a service of each kind."""

    def __init__(self, s: Scenario, bootstrap: str):
        self.net = s.net(genesis={"bits": "2000ffff"}, bootstrap=bootstrap).init()
        self.transactions, self.blockchain = self.net.topic("transactions"), self.net.topic("blockchain")
        self.ledger = self.net.ledger()
        self.miner = self.net.miner("miner", 0, "--block-age", "200ms", "--rescue-age", "0s")
        self.ingest = self.net.ingest("ingest", "--ledger", self.ledger.url)
        self.services = [self.ledger, self.miner, self.ingest]
        self.included = 0
        # Where its transactions ended before they were made anew.
        self.expected_end = 0

    def begin(self) -> None:
        """Some blocks."""
        self.net.await_ready()
        for _ in range(3):
            self.submit(FIRST // 3)

    def submit(self, count: int) -> None:
        """Transactions on partition 0, until they are included."""
        load.submit(self.ingest, load.rounds(1, count, first_nonce=self.included + 1), partition=0)
        self.included += count
        services.await_included(self.ledger, self.included, seconds=30)


def unsafe_at_start(s: Scenario, bootstrap: str, operator: Operator) -> None:
    """Compaction or the producers' clocks on either topic: no service starts, and none publishes block 0."""
    cases: list[tuple[str, int, str, str]] = [
        ("transactions", 2, "cleanup.policy", "compact"),
        ("blockchain", 1, "message.timestamp.type", "CreateTime"),
    ]
    refused = []
    for name, partitions, setting, value in cases:
        net = s.net(bootstrap=bootstrap)
        topic = net.topic(name)
        operator.create(topic, partitions, **{**SAFE, setting.replace(".", "__"): value})
        words = [topic, setting, value, str(SAFE[setting.replace(".", "__")])]
        started = [net.ledger(), net.miner("miner", 0), net.ingest()]
        refused += [(net, service, words) for service in started]
    for net, service, words in refused:
        check(service.wait(30) > 0, f"{service.name} ended with 0")
        contains(service.output(), words, f"the log of {service.name}")
        equal(tools.consume(bootstrap, net.topic("blockchain")), [], "records on a blockchain topic that was refused")
    s.step("compaction and CreateTime at start: refused by each service, naming topic, setting, found and expected")


def make_anew(operator: Operator, topic: str, partitions: int) -> None:
    operator.delete(topic)

    def create() -> bool:
        operator.create(topic, partitions, **SAFE)
        return True

    # The name is free once every broker has forgotten the old one.
    wait_until(f"{topic} to be made anew", create, 20)


def rewrite(operator: Operator, stand: Stand, another: Stand) -> None:
    """Another chain's history of the same length in place of the own."""
    bootstrap = stand.net.bootstrap
    length = len(tools.consume(bootstrap, stand.blockchain))
    values = [record.value for record in tools.consume(bootstrap, another.blockchain)[:length]]
    while len(values) < length:
        values.append(b"no block")
    make_anew(operator, stand.blockchain, 1)
    tools.publish_values(bootstrap, stand.blockchain, 0, values)
    equal(len(tools.consume(bootstrap, stand.blockchain)), length, "records of the history that was put there")


def await_words(service: services.Service, words: list[str], since: int = 0) -> None:
    def said() -> bool:
        contains(service.output()[since:], words, f"the log of {service.name}")
        return True

    wait_until(f"{service.name} to say {words}", said, NOTICED, every=0.3)


def stopped(s: Scenario, stand: Stand, words: list[str]) -> None:
    for service in stand.services:
        check(service.wait(NOTICED) > 0, f"{service.name} of {stand.net.prefix} ended with 0")
        contains(service.output(), words, f"the log of {service.name}")
    s.step(f"stopped, each of the three: {', '.join(words[:2])}")


def risks(s: Scenario, stand: Stand) -> None:
    """Partitions that are too many, and retention: told by all, and nobody stops; a start with them, too."""
    words = [stand.transactions, "partitions is 3 and should be 2", stand.blockchain, "retention.ms is 86400000 and should be -1"]
    for again in (False, True):
        for service in stand.services:
            since = len(service.output())
            if again:
                service.stop()
                service.restart()
            await_words(service, words, since if again else 0)
        stand.submit(2)
    s.step("partitions added and a finite retention: told by each service, running and at its start; the chain goes on")


def deleted_by_age(s: Scenario, stand: Stand, operator: Operator) -> None:
    """Records that blocks hold are gone from the topic: nobody stops, and an audit that begins now cannot say more than that."""
    end = tools.ends(stand.net.bootstrap, stand.transactions, 0)[1]

    def gone() -> bool:
        found = tools.ends(stand.net.bootstrap, stand.transactions, 0)
        check(found == (end, end), f"{stand.transactions}/0 holds {found}")
        return True

    wait_until("retention to delete records", gone, 60, every=0.5)
    operator.set(stand.transactions, retention__ms=-1)
    for service in stand.services:
        await_words(service, [stand.transactions, f"start offset of partition 0 is {end} and should be 0"])
    stand.submit(2)
    late = stand.net.ledger("late").await_ready()
    wait_until(
        "the late audit", lambda: services.info(late)["audit"]["checkedHeight"] == services.info(late)["tip"]["height"], 30
    )
    expected = [
        (block["height"], block["from_offset"], min(block["to_offset"], end), "KIND_UNAVAILABLE", 0)
        for block in Channel(late.grpc).pages("ledger.v1.LedgerService.ListBlocks", {"oldest_first": True}, "blocks")
        if block["from_offset"] < min(block["to_offset"], tools.ends(stand.net.bootstrap, stand.transactions, 0)[0])
    ]
    findings = Channel(late.grpc).pages("ledger.v1.LedgerService.ListAuditFindings", {}, "findings")
    names = ("height", "from_offset", "to_offset", "kind", "partition")
    equal([tuple(finding[name] for name in names) for finding in findings], expected, "findings of a ledger that came late")
    check(findings, "a ledger that came late found nothing to be unavailable")
    contains(late.output(), ["audit", "unavailable"], "the log of a ledger that came late")
    metrics = tools.http(late.admin, "/metrics")[1]
    contains(metrics, ['kind="Unavailable"'], "the metrics of a ledger that came late")
    equal(int(services.info(stand.ledger)["audit"]["findings"]), 0, "findings of the ledger that was there in time")
    s.step(
        f"records deleted by retention: told by each, nobody stops; {len(findings)} findings UNAVAILABLE by RPC, log and metric"
    )


def made_anew_below_the_cursor(s: Scenario, stand: Stand) -> None:
    """Transactions begin again at 0: the miner stops, the ledger is not ready, ingest appends nothing where no block would look.
    Once the operator has filled the end up, ingest goes on by itself."""
    check(stand.miner.wait(NOTICED) > 0, "the miner ended with 0")
    words = ["DATA_LOSS", f"{stand.transactions}/0", f"{stand.expected_end}"]
    contains(stand.miner.output(), words, "the miner's log")
    body = stand.ledger.await_unready("DATA_LOSS", NOTICED)
    contains(body, words, "what the ledger is not ready for")
    contains(stand.ledger.output(), ["data loss", *words[1:]], "the ledger's log")
    body = stand.ingest.await_unready("DATA_LOSS", NOTICED)
    contains(body, [str(stand.expected_end)], "what ingest is not ready for")
    wanted = load.rounds(1, 1, "anew")
    _, refused, _ = load.attempt(stand.ingest, wanted, 0, 30)
    equal(refused[0]["reason"], "DATA_LOSS", "why ingest refuses")
    equal(tools.ends(stand.net.bootstrap, stand.transactions, 0), (0, 0), "ends of the partition after a refusal")
    tools.blocklog("topic", "pad", "--partition", 0, "--yes", "--journal", stand.net.journal)
    stand.ingest.await_ready(NOTICED)
    replies = load.submit(stand.ingest, wanted, partition=0)
    offset = int(next(iter(replies.values()))["position"]["offset"])
    check(offset >= stand.expected_end, f"ingest acknowledged offset {offset}, below the cursor {stand.expected_end}")
    s.step(
        "transactions made anew: the miner stops, ledger and ingest are not ready, nothing is appended; filled up, ingest goes on"
    )


def cut_above_the_cursor(s: Scenario, stand: Stand, operator: Operator) -> None:
    """Records that no block holds are deleted: nothing seals over them."""
    cursor = int(services.info(stand.ledger)["partitions"][0]["cursor"])
    stand.miner.stop()
    load.submit(stand.ingest, load.rounds(1, 4, "lost"), partition=0)
    operator.truncate(stand.transactions, 0, cursor + 2)
    words = [f"{stand.transactions}/0", f"offset {cursor + 2}", f"{cursor}"]
    body = stand.ledger.await_unready("DATA_LOSS", NOTICED)
    contains(body, words, "what the ledger is not ready for")
    contains(stand.ledger.output(), ["data loss", *words], "the ledger's log")
    stand.miner.start()
    check(stand.miner.wait(NOTICED) > 0, "the miner ended with 0")
    contains(stand.miner.output(), ["DATA_LOSS", *words], "the miner's log")
    await_words(stand.ingest, [stand.transactions, f"start offset of partition 0 is {cursor + 2} and should be 0"])
    equal(int(services.info(stand.ledger)["partitions"][0]["cursor"]), cursor, "the cursor")
    s.step("records deleted above the cursor: the miner stops, the ledger is not ready, nothing is sealed over them")


def cut_below_what_was_applied(s: Scenario, stand: Stand, operator: Operator) -> None:
    """The beginning of the chain is deleted: who has it goes on, restarted too; who has not is told."""
    end = tools.ends(stand.net.bootstrap, stand.blockchain, 0)[1]
    operator.truncate(stand.blockchain, 0, end - 1)
    stand.submit(2)
    for service in (stand.ledger, stand.miner):
        service.stop()
        service.restart()
    stand.submit(2)
    words = [stand.blockchain, f"begins at offset {end - 1}"]
    for service in (stand.net.ledger("newcomer"), stand.net.miner("new-miner", 1), stand.net.ingest("new-ingest")):
        check(service.wait(NOTICED) > 0, f"{service.name} ended with 0")
        contains(service.output(), words, f"the log of {service.name}")
    for service in stand.services:
        await_words(service, [stand.blockchain, f"start offset of partition 0 is {end - 1} and should be 0"])
    s.step("the beginning of blockchain deleted: who holds the chain goes on, also after a restart; newcomers are refused")


if __name__ == "__main__":
    main(run, limit=300)
