"""The article, replayed: records by kcat, one block with a reward, and the same block through every window."""

import json

from blocklog_harness import evidence, load, services, tools
from blocklog_harness.process import wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main

SERVICES = {"ingest": ["IngestService"], "miner": ["MinerService"], "ledger": ["LedgerService", "ProofService"]}

FIRST = {"partition": 0, "offset": 0}


def run(s: Scenario) -> None:
    """The article, replayed on a broker of its own with the topics `transactions` and `blockchain`."""
    net = s.net(prefix="", bootstrap=s.cluster().bootstrap).init()
    ledger = net.ledger()
    miner = net.miner("luc", 0, "--block-age", "60s")
    ingest = net.ingest()
    net.await_ready()
    s.step("a miner on partition 0 with --block-age 60s, a ledger and an ingest are ready")

    one_block_from_kcat(s, net, ledger)
    topic_tools(s, net)
    reflection(s, {"ingest": ingest, "miner": miner, "ledger": ledger})
    block_as_json(s, ledger)
    two_miners(s, net, ingest, ledger)


def one_block_from_kcat(s: Scenario, net: services.Net, ledger: services.Service) -> None:
    files = []
    for n, (sender, recipient, amount) in enumerate([("alice", "bob", 5), ("bob", "carol", 3), ("carol", "alice", 1)]):
        files.append(net.folder / f"record-{n}")
        tools.blocklog(
            "tx",
            "encode",
            "--from",
            sender,
            "--to",
            recipient,
            "--amount",
            amount,
            "--nonce",
            1,
            "--memo",
            f"the article's transaction {n}",
            "-o",
            files[-1],
        )
    tools.publish(net.bootstrap, "transactions", 0, *files)
    found = services.await_included(ledger, 3, seconds=30)
    equal(int(found["tip"]["height"]), 1, "three records with --block-age 60s make one block; height")
    equal(int(services.account(ledger, "luc")["balance"]), 1, "the miner's reward")
    equal(int(services.account(ledger, "alice")["balance"]), -4, "alice's balance")
    s.step("three records published by kcat came back in one block, with a reward for its miner")


def topic_tools(s: Scenario, net: services.Net) -> None:
    chain = evidence.read(net.bootstrap)
    equal([len(b.records) for b in chain.blocks], [1, 3], "records in the blocks that kcat shows")
    equal(chain.verdicts, {"INCLUDED": 3}, "verdicts in the block that kcat shows")
    lines = tools.blocklog("topic", "cat", "blockchain", "--journal", net.journal, "--from", 0).lines
    equal(len(lines), 2, "lines of `topic cat blockchain`")
    contains(json.dumps(lines[1]), ["luc", chain.tip.hash.hex(), "INCLUDED"], "`topic cat blockchain`")
    cat = ["topic", "cat", "transactions", "--partition", 0, "--from", 0, "--journal", net.journal]
    lines = tools.blocklog(*cat).lines
    equal(len(lines), 3, "lines of `topic cat transactions`")
    contains(json.dumps(lines[0]), ["alice", "bob", "the article's transaction 0"], "`topic cat transactions`")
    s.step("kcat -C and `blocklog topic cat` show the same block")


def reflection(s: Scenario, running: dict[str, services.Service]) -> None:
    for kind, names in SERVICES.items():
        address = running[kind].grpc
        listed = tools.grpcurl(address, "list")
        full = [f"blocklog.{kind}.v1.{name}" for name in names]
        contains(listed, [*full, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"], f"{kind}'s list")
        for name in full:
            contains(tools.grpcurl(address, "describe", name), ["rpc ", name], f"describe {name}")
        contains(tools.grpcurl(address, "describe", "google.rpc.ErrorInfo"), ["reason"], f"{kind}'s error details")
        health = json.loads(tools.grpcurl(address, "grpc.health.v1.Health/Check"))
        equal(health["status"], "SERVING", f"{kind}'s health")
    status = tools.call(running["miner"].grpc, "miner.v1.MinerService/GetMinerStatus")["status"]
    equal((status["account"], int(status["blocksWon"])), ("luc", 1), "the miner's own view")
    submission = tools.call(running["ingest"].grpc, "ingest.v1.IngestService/GetSubmissionInfo")
    equal(submission["topic"], "transactions", "ingest's topic")
    proof = tools.call(running["ledger"].grpc, "ledger.v1.ProofService/GetInclusionProof", {"position": FIRST})["proof"]
    # Block 0 leaves one leaf, block 1 its own, then one for each record.
    equal((int(proof["leafIndex"]), len(proof["path"])), (2, 3), "index and path of the first record's leaf")
    s.step("grpcurl lists, describes and calls every service by reflection")


def block_as_json(s: Scenario, ledger: services.Service) -> None:
    get = "ledger.v1.LedgerService/GetBlock"
    block = tools.call(ledger.grpc, get, {"height": 1, "withRecords": True})["block"]
    equal((block["miner"], block["included"], block["reward"]), ("luc", 3, "1"), "miner, included, reward")
    equal([r["transaction"]["sender"] for r in block["records"]], ["alice", "bob", "carol"], "senders")
    told = tools.blocklog("block", "get", 1, "--ledger", ledger.url).json["block"]
    equal(told["hash"], block["hash"], "hash by the command")
    try:
        tools.call(ledger.grpc, get, {"height": 99})
    except tools.GrpcError as error:
        contains(error.text, ["OutOfRange", "HEIGHT_ABOVE_TIP", "blocklog"], "the answer for a height above the tip")
    else:
        check(False, "a height above the tip was answered")
    s.step("the block reads as JSON; a height above the tip gives OUT_OF_RANGE with HEIGHT_ABOVE_TIP")


def two_miners(s: Scenario, net: services.Net, ingest: services.Service, ledger: services.Service) -> None:
    net.miner("gerald", 1).await_ready()
    wanted = load.rounds(senders=40, per_sender=5)
    accepted = load.submit(ingest, wanted)
    partitions = {reply["position"]["partition"] for reply in accepted.values()}
    equal(partitions, {0, 1}, "partitions that ingest chose")
    # The first miner seals as soon as three records are pending; the last one or two wait for --block-age.
    found = services.await_included(ledger, 203, seconds=90)
    equal(int(found.get("recordsRejected", 0)), 0, "refused records")
    chain = wait_until("both topics' ends", lambda: evidence.read(net.bootstrap), 10)
    miners = chain.made_by()
    check(miners["luc"] > 0 and miners["gerald"] > 0, f"both miners made blocks: {miners}")
    equal(set(accepted) - set(chain.included), set(), "acknowledged but not included")
    s.step(f"200 transactions of 40 senders, none refused; blocks by miner: {dict(miners)}")


if __name__ == "__main__":
    main(run)
