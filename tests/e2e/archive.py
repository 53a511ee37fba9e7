"""An export becomes a read-only journal: a ledger serves it, nobody goes on with it."""

from blocklog_harness import load, process, services, tools
from blocklog_harness.scenario import Scenario, check, contains, equal, main

LEDGER = "ledger.v1.LedgerService"


def run(s: Scenario) -> None:
    """A topic with holes, junk and lost races, exported, imported, served, exported again."""
    net = s.net().init()
    ledger = net.ledger()
    net.miner("miner-0", 0)
    net.miner("miner-1", 1)
    ingest = net.ingest()
    net.await_ready()
    load.submit(ingest, load.rounds(senders=20, per_sender=5))
    services.await_included(ledger, 100)
    hole(net)
    load.submit(ingest, load.rounds(senders=20, per_sender=1, first_nonce=6))
    info = services.await_included(ledger, 120)
    file = s.folder / "chain.export"
    told = tools.blocklog("export", file, "--journal", net.journal).json
    s.step(f"a chain of {int(info['tip']['height']) + 1} blocks, exported: {told['records']} candidates")

    journal = f"disk:{s.folder / 'archive'}"
    trusted = ["--genesis", net.genesis, "--tip", info["tip"]["hash"]]
    imported = tools.blocklog("import", file, "--journal", journal, *trusted).json
    equal((imported["tip"], imported["imported"]), (info["tip"]["hash"], told["records"]), "what was imported")
    again = s.folder / "again.export"
    tools.blocklog("export", again, "--journal", journal)
    check(again.read_bytes() == file.read_bytes(), "the export of the archive is not the file that was imported")
    verified = tools.blocklog("verify", "--journal", journal, "--tip", info["tip"]["hash"]).json
    equal(verified["supply"], imported["supply"], "supply of the archive")
    s.step("imported with every rule checked; exported again it is the same file, byte for byte")

    serve(s, net, ledger, journal, info)
    writers(s, net, journal)
    errors(s, net, file, journal)


def hole(net: services.Net) -> None:
    """A Kafka transaction on the topic of blocks: junk, and the offset of its end."""
    words = ["kcat", "-P", "-b", net.bootstrap, "-t", net.topic("blockchain"), "-p", 0, "-X", "transactional.id=archive"]
    done = tools.run(words, stdin=b"junk")
    check(done.returncode == 0, f"kcat made no transaction: {done.stderr.decode()}")


def serve(s: Scenario, net: services.Net, ledger: services.Service, journal: str, info: dict) -> None:
    """The archive answers like the ledger of the running chain."""
    folder = s.folder / "archive-ledger"
    flags = ["--journal", journal, "--data", folder / "data"]
    served = services.Service("ledger", "archive", folder, flags).start().await_ready()
    tip = process.wait_until("the archive's tip", lambda: services.info(served)["tip"])
    equal(tip, info["tip"], "the archive's tip")
    for call, request in (
        ("GetBlock", {"height": 1}),
        ("GetAccount", {"account": "sender-3"}),
        ("ListCandidates", {}),
        ("GetGenesis", {}),
    ):
        here = tools.call(served.grpc, f"{LEDGER}/{call}", request)
        equal(without_topic(here), without_topic(tools.call(ledger.grpc, f"{LEDGER}/{call}", request)), call)
    proof = s.folder / "proof.json"
    tools.blocklog("proof", "get", "0:0", "-o", proof, "--ledger", served.url)
    tools.blocklog("proof", "verify", proof, "--tip", info["tip"]["hash"])
    saved = s.folder / "tip.json"
    tools.blocklog("tip", "save", saved, "--ledger", ledger.url)
    tools.blocklog("tip", "check", saved, "--ledger", served.url)
    equal(tools.call(served.grpc, f"{LEDGER}/ListAuditFindings").get("findings", []), [], "findings of the archive")
    check("checkedHeight" not in services.info(served).get("audit", {}), "the archive says that it has audited")
    contains(served.output(), ["the audit has nothing to compare"], "the archive's log")
    equal(served.stop(), 0, "exit code of the archive")
    equal(served.restart() and services.info(served)["tip"], info["tip"], "the tip after a restart")
    served.stop()
    s.step("a ledger serves it: blocks, accounts, candidates, proofs, tip check; the audit accuses nobody")


def without_topic(reply):
    """A reply without what only the transactions topic tells: when a record was appended, and its trace."""
    if isinstance(reply, dict):
        return {name: without_topic(value) for name, value in reply.items() if name not in ("appendTime", "traceId")}
    return [without_topic(value) for value in reply] if isinstance(reply, list) else reply


def writers(s: Scenario, net: services.Net, journal: str) -> None:
    """Ingest and miner refuse it, with and without the genesis."""
    for kind, flags in (("ingest", []), ("miner", ["--partition", 0, "--account", "m"])):
        refused = services.Service(kind, f"{kind}-archive", s.folder / kind, ["--journal", journal, *flags]).start()
        check(refused.wait(30) != 0, f"{kind} runs on an archive")
        contains(refused.output(), ["read-only", "exported from"], f"what {kind} says")
    pad = tools.blocklog("topic", "pad", "--journal", journal, "--partition", 0, "--yes", code=None)
    check(pad.code != 0, "topic pad works on an archive")
    s.step("ingest and miner refuse it, and say why")


def errors(s: Scenario, net: services.Net, file, journal: str) -> None:
    """What cannot be imported leaves nothing behind."""
    new = s.folder / "new"

    def refused(code: int, words: list[str], *arguments, data: bytes | None = None, into: str = f"disk:{new}") -> None:
        source = file
        if data is not None:
            source = s.folder / "damaged.export"
            source.write_bytes(data)
        answer = tools.blocklog("import", source, "--journal", into, *arguments, code=code)
        contains(answer.err, words, f"import {arguments}")
        check(not new.exists(), f"{words}: something is left behind")

    whole = file.read_bytes()
    refused(2, ["not empty"], into=journal)
    refused(2, ["disk:DIR"], into=net.journal)
    refused(6, ["WRONG_CHAIN"], "--chain-id", "ab" * 32)
    refused(6, ["TIP_NOT_ON_CHAIN", "ends at height"], "--tip", "ab" * 32)
    refused(6, ["DAMAGED", "record 1 ", "no offset, time and length"], data=b"nothing of the kind, but long enough")
    refused(6, ["NO_CHAIN"], data=b"")
    refused(6, ["DAMAGED", "cut off", "whole up to height"], data=whole[:-10])
    refused(6, ["BROKEN", "breaks at height 1"], data=without_height_1(whole))
    answer = tools.blocklog("import", s.folder / "nowhere", "--journal", f"disk:{new}", code=2)
    contains(answer.err, ["cannot read"], "an export that is not there")
    s.step("no export, damaged, cut, broken, another chain, a directory in use: refused, nothing left behind")


def without_height_1(whole: bytes) -> bytes:
    """One bit of the root in every header of height 1 is another; of one alone, the loser of its race would win."""
    fields = bytes.fromhex("080110011a20")  # version 1, height 1, and the tag and length of the previous hash
    root = len(fields) + 32 + 2
    text, at = bytearray(whole), whole.find(fields)
    check(at >= 0, "no block of height 1 in the export")
    while at >= 0:
        text[at + root] ^= 1
        at = whole.find(fields, at + 1)
    return bytes(text)


if __name__ == "__main__":
    main(run)
