"""Garbage on the topics: every offset gets a verdict, the chain goes on."""

from blocklog_harness import load, services, tools
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main


def run(s: Scenario) -> None:
    """Garbage, empty and oversize records on both topics, and blocks of another chain."""
    net = s.net()
    ledger, ingest = net.ledger(), net.ingest()
    net.miner("miner-0", 0)
    net.await_ready()
    bad_transactions(s, net, ledger, ingest)
    bad_blocks(s, net, ledger, ingest)
    bad_submissions(s, ingest)


def written(net: services.Net, name: str, content: bytes):
    path = net.folder / name
    path.write_bytes(content)
    return path


def bad_transactions(s: Scenario, net: services.Net, ledger: services.Service, ingest: services.Service) -> None:
    load.submit(ingest, load.rounds(1, 1, "first"), partition=0)
    files = [written(net, "garbage", b"\xff\xfe not a transaction"), written(net, "oversize", b"\x0a" * 1500)]
    tools.publish(net.bootstrap, net.topic("transactions"), 0, *files)
    # kcat turns an empty file into nothing; a line with a key delimiter alone is an empty record, with -Z a null.
    keyed = ["kcat", "-P", "-b", net.bootstrap, "-t", net.topic("transactions"), "-p", 0, "-K", "|"]
    for null in ([], ["-Z"]):
        empty = tools.run([*keyed, *null], stdin=b"key|\n")
        equal(empty.returncode, 0, f"exit code of kcat ({empty.stderr.decode()})")
    load.submit(ingest, load.rounds(1, 1, "last"), partition=0)
    expected = ["INCLUDED", "UNDECODABLE", "TOO_LARGE", "BAD_ACCOUNT", "BAD_ACCOUNT", "INCLUDED"]
    info = services.await_included(ledger, 2, seconds=60)
    equal(int(info["recordsRejected"]), 4, "refused records")
    verdicts = []
    for offset in range(len(expected)):
        position = {"partition": 0, "offset": offset}
        record = tools.call(ledger.grpc, "ledger.v1.LedgerService/GetRecord", {"position": position})["record"]
        verdicts.append(record["verdict"].removeprefix("VERDICT_"))
    equal(verdicts, expected, "verdicts")
    get = tools.blocklog("record", "get", "0:2", "--ledger", ledger.url)
    contains(get.out, ["TOO_LARGE"], "`blocklog record get 0:2`")
    s.step(f"on transactions: {', '.join(verdicts)}")


def bad_blocks(s: Scenario, net: services.Net, ledger: services.Service, ingest: services.Service) -> None:
    other = s.net(genesis={"name": "another"}, bootstrap=net.bootstrap).init()
    other_ingest, other_ledger = other.ingest(), other.ledger("other-ledger")
    other.miner("other-miner", 0)
    other.await_ready()
    load.submit(other_ingest, load.rounds(1, 1), partition=0)
    services.await_included(other_ledger, 1, seconds=30)
    foreign = tools.consume(other.bootstrap, other.topic("blockchain"))
    own = tools.consume(net.bootstrap, net.topic("blockchain"))
    before = services.info(ledger)["tip"]
    reasons = ["UNDECODABLE", "UNDECODABLE", "STALE", "STALE", "STALE", "OVERSIZE"]
    files = [
        written(net, "noise", b"\x00\x01\x02 not a block"),
        written(net, "torn", own[-1].value[: len(own[-1].value) // 2]),
        written(net, "copy", own[1].value),
        written(net, "another-block-0", foreign[0].value),
        written(net, "another-block-1", foreign[1].value),
        # Within the topic's limit, which is 1 MiB above the chain's.
        written(net, "oversize-block", own[1].value + b"\x00" * (3 * 1024 * 1024 + 1)),
    ]
    for file in files:
        done = tools.run(
            ["kcat", "-P", "-b", net.bootstrap, "-t", net.topic("blockchain"), "-p", 0, "-X", "message.max.bytes=5000000", file]
        )
        equal((done.returncode, done.stderr.decode().count("ERROR")), (0, 0), f"kcat with {file.name}: {done.stderr.decode()}")
    end = own[-1].offset + 1 + len(files)

    def applied() -> bool:
        found = services.info(ledger)
        check(int(found["appliedOffset"]) >= end, f"appliedOffset {found['appliedOffset']} of {end}")
        return True

    wait_until("the ledger to have read the bad candidates", applied, 30)
    equal(services.info(ledger)["tip"], before, "the tip after bad candidates")
    listed = [row for row in services.candidates(ledger) if int(row["topicOffset"]) > own[-1].offset]
    equal([row["reason"] for row in listed], reasons, "`blocklog candidates`")
    contains(ledger.output(), ["was refused", *set(reasons) - {"STALE"}], "the ledger's log")
    load.submit(ingest, load.rounds(1, 1, "after"), partition=0)
    services.await_included(ledger, 3, seconds=60)
    s.step(f"{len(files)} bad candidates on blockchain were refused by name; the next block came")


def bad_submissions(s: Scenario, ingest: services.Service) -> None:
    submit = "ingest.v1.IngestService/SubmitTransaction"
    note = {"sender": "alice", "memo": "x", "amount": 0, "nonce": 1}
    cases: list[tuple[dict, str]] = [
        ({"transaction": {**note, "memo": ""}}, "EMPTY"),
        ({"transaction": {**note, "sender": "NOT A NAME"}}, "BAD_ACCOUNT"),
        ({"transaction": {**note, "memo": "x" * 300}}, "MEMO_TOO_LARGE"),
        ({"transaction": {"sender": "alice", "recipient": "bob", "nonce": 1}}, "MISSING_FIELD"),
        ({"transaction": note, "chainId": "00" * 32}, "WRONG_CHAIN"),
        ({"transaction": note, "partition": 9}, "BAD_PARTITION"),
        ({"record": "AAAA"}, "UNDECODABLE"),
        ({}, "MISSING_FIELD"),
    ]
    for request, reason in cases:
        try:
            tools.call(ingest.grpc, submit, request)
        except tools.GrpcError as error:
            contains(error.text, ["InvalidArgument", reason], f"ingest's answer to {request}")
        else:
            check(False, f"ingest took {request}")
    s.step(f"ingest refuses with {', '.join(reason for _, reason in cases)}")


if __name__ == "__main__":
    main(run)
