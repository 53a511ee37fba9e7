"""Who starts a chain when everybody does."""

import subprocess

from blocklog_harness import load, paths, services, tools
from blocklog_harness.scenario import Scenario, equal, main
from blocklog_verifier import block


def run(s: Scenario) -> None:
    """Eight processes create the topics and publish block 0 at once: one chain."""
    net = s.net()
    commands = [
        [str(paths.binary("blocklog")), "init", "--journal", net.journal, "--genesis", str(net.genesis), "--output", "json"]
        for _ in range(4)
    ]
    starters = [
        net.ledger("ledger-a", start=False),
        net.ledger("ledger-b", start=False),
        net.miner("miner-0", 0, start=False),
        net.ingest(start=False),
    ]
    inits = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for c in commands]
    for service in starters:
        service.start()
    for init in inits:
        said, _ = init.communicate(timeout=60)
        equal(init.returncode, 0, f"exit code of `blocklog init`, which said {said!r}")
    net.await_ready()
    s.step("four `blocklog init` and four services with --genesis started at once; all succeeded")

    candidates = [block.frame(r.value) for r in tools.consume(net.bootstrap, net.topic("blockchain"))]
    ids = {candidate.hash.hex() for candidate in candidates}
    equal(len(ids), 1, f"chains among {len(candidates)} records")
    found = {services.info(ledger)["chainId"] for ledger in starters[:2]}
    equal(found, ids, "chain ids of the ledgers")
    submission = tools.call(starters[3].grpc, "ingest.v1.IngestService/GetSubmissionInfo")
    equal(submission["chainId"], ids.copy().pop(), "chain id of ingest")
    s.step(f"{len(candidates)} records on the topic, all of them the same block 0")

    load.submit(starters[3], load.rounds(senders=6, per_sender=2), partition=0)
    tips = {services.await_included(ledger, 12)["tip"]["hash"] for ledger in starters[:2]}
    equal(len(tips), 1, "tips of the two ledgers")
    s.step("the chain grows, and both ledgers agree on it")


if __name__ == "__main__":
    main(run, limit=180)
