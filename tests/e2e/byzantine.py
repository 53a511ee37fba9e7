"""A miner that lies: convicted where the rules cannot see it, refused where they can, and struck off."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import verify
from blocklog_harness import paths, process, services, tools
from blocklog_harness.scenario import Scenario, check, contains, equal, main

# Tales, and what the audit calls them.
TALES = [("omit", "MISSING"), ("replace", "REPLACED"), ("invent", "INVENTED"), ("misjudge", "MISJUDGED"), ("reorder", "REPLACED")]
FAULTS = [
    "verdict",
    "order",
    "root",
    "size",
    "work",
    "bits",
    "signature",
    "stranger",
    "height",
    "partition",
    "from",
    "slice",
    "early",
    "late",
    "holes",
    "count",
    "version",
    "oversize",
    "form",
]
LIAR, HONEST = 1, 0
LEDGER = "ledger.v1.LedgerService"


class Stage:
    """A chain with a list of miners: an honest one on partition 0, and one that lies on partition 1."""

    def __init__(self, s: Scenario):
        self.s, self.nonce = s, 0
        self.keys = {name: self._key(name) for name in ("admin", "honest", "liar")}
        # Easy work: what is looked at here is not how long it takes.
        genesis = {"bits": "2000ffff", "admin": self.keys["admin"], "allow-miner": [self.keys["honest"], self.keys["liar"]]}
        self.net = s.net(genesis).init()
        self.ledger = self.net.ledger()
        self.ingest = self.net.ingest("ingest", "--ledger", self.ledger.url)
        self.net.add("miner", "miner", "--partition", HONEST, "--key", self._file("honest"), "--threads", 1, "--rescue-age", "0s")
        self.net.await_ready()
        self.topic = self.net.topic("transactions")

    def _file(self, name: str) -> Path:
        return self.s.folder / f"{name}.pem"

    def _key(self, name: str) -> str:
        return tools.blocklog("keys", "new", self._file(name)).json["account"]

    def send(self) -> dict:
        """A transaction to the liar's partition: its id and position."""
        self.nonce += 1
        sent = self.blocklog(
            "tx",
            "send",
            "--from",
            f"victim-{self.nonce}",
            "--to",
            "bob",
            "--amount",
            self.nonce,
            "--partition",
            LIAR,
            "--no-wait",
        ).json
        return {"id": sent["transaction"]["id"], **sent["position"]}

    def hole(self) -> None:
        """A Kafka transaction, whose end takes an offset without a record; what is in it is no transaction."""
        words = [
            "kcat",
            "-P",
            "-b",
            self.net.bootstrap,
            "-t",
            self.topic,
            "-p",
            LIAR,
            "-X",
            f"transactional.id={self.topic}-{self.nonce}",
        ]
        done = tools.run(words, stdin=b"junk")
        check(done.returncode == 0, f"kcat made no transaction: {done.stderr.decode()}")

    def blocklog(self, *words, **options) -> tools.Answer:
        return tools.blocklog(*words, "--ledger", self.ledger.url, "--ingest", self.ingest.url, **options)

    def lie(self, *words) -> list[dict]:
        """Blocks of the liar's: where each landed."""
        argv = [
            paths.binary("byzantine"),
            "--journal",
            self.net.journal,
            "--partition",
            LIAR,
            "--key",
            self._file("liar"),
            *words,
        ]
        done = tools.run(argv)
        check(done.returncode == 0, f"{words}: {done.stderr.decode()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def findings(self) -> list[dict]:
        return tools.call(self.ledger.grpc, f"{LEDGER}/ListAuditFindings").get("findings", [])

    def refused(self, offset: int) -> str:
        """The rule that the ledger names for a candidate."""
        rows = {int(row["topicOffset"]): row["reason"] for row in services.candidates(self.ledger)}
        return rows[offset]

    def strike_off(self) -> None:
        # The order goes to the honest miner's partition.
        self.blocklog("admin", "miner", "remove", self.keys["liar"], "--admin-key", self._file("admin"), "--partition", HONEST)


def run(s: Scenario) -> None:
    """It omits, replaces, invents, misjudges, reorders; then everything that it may not do."""
    stage = Stage(s)
    s.step("a ledger, an ingest and an honest miner are ready; the admin lists two miners")
    convict(s, stage)
    evidence(s, stage)
    refuse(s, stage)
    stage.strike_off()
    stage.send()
    [after] = stage.lie()
    equal(
        process.wait_until("the ledger to refuse it", lambda: stage.refused(after["offset"])),
        "BAD_MINER",
        "an honest block of a miner that was struck off",
    )
    s.step("struck off by the admin: its next block is refused, BAD_MINER")


def convict(s: Scenario, stage: Stage) -> None:
    """Each tale is accepted, found, and its victim told."""
    with ThreadPoolExecutor() as pool:
        for tale, kind in TALES:
            victim = stage.send()
            if tale == "invent":
                stage.hole()
            if tale in ("invent", "reorder"):
                stage.send()
            watch = pool.submit(stage.blocklog, "tx", "watch", victim["id"], code=None)
            known = len(stage.findings())
            [block] = stage.lie("--tale", tale)
            found = process.wait_until(f"the audit to find {tale}", partial(lambda known: stage.findings()[known:], known))
            # Newest first or last: the one about this block.
            about = [row for row in found if int(row["height"]) == block["height"]]
            check(about, f"{tale}: {found}")
            for row in about:
                equal(
                    (row["kind"], row["miner"], row["blockHash"]),
                    (f"KIND_{kind}", stage.keys["liar"], block["hash"]),
                    f"the finding on {tale}",
                )
            ended = watch.result(30)
            if tale in ("invent", "reorder"):
                equal((ended.code, ended.json["state"]), (0, "STATE_INCLUDED"), f"what {tale} leaves in the block")
            else:
                equal((ended.code, ended.json["state"]), (4, "STATE_OMITTED"), f"the victim of {tale}")
    s.step("omitted, replaced, invented, misjudged, reordered: each found; who is in no block is told OMITTED")


def evidence(s: Scenario, stage: Stage) -> None:
    """What convicts it, from the ledger and from `blocklog audit`, which trusts no ledger."""
    told = {key(row): row for row in stage.findings()}
    audit = tools.blocklog("audit", "--journal", stage.net.journal, code=6)
    lines = [row for row in audit.lines if "kind" in row]
    equal({key(row) for row in lines}, set(told), "what the command finds and what the ledger has found")
    equal(audit.lines[-1]["findings"], len(lines), "findings counted")
    for row in lines:
        block = tools.call(stage.ledger.grpc, f"{LEDGER}/GetBlock", {"height": row["height"]})["block"]
        equal(row["signature"], block["signature"], "the liar's signature")
        check(row["miner"] == stage.keys["liar"] and len(row["signature"]) == 128, f"the evidence is thin: {row}")
        hashes = (row.get("inBlock"), row.get("inTopic"))
        check(any(hashes), f"no hash: {row}")
        equal(hashes, (told[key(row)].get("inBlock"), told[key(row)].get("inTopic")), "hashes in block and in topic")
    metrics = tools.http(stage.ledger.admin, "/metrics")[1]
    for kind in {row["kind"].removeprefix("KIND_") for row in lines}:
        check(
            any(line.startswith("ledger_audit_findings") and kind.lower() in line.lower() for line in metrics.splitlines()),
            f"no metric tells of {kind}",
        )
    contains(stage.ledger.output(), ["audit: a block and the topic disagree", stage.keys["liar"]], "the ledger's log")
    s.step(f"{len(lines)} findings with height, miner, signature and hashes; command, RPC, metric and log agree")


def key(row: dict) -> tuple:
    return tuple(str(row[name]) for name in ("height", "kind", "partition", "fromOffset", "toOffset"))


def refuse(s: Scenario, stage: Stage) -> None:
    """Everything that it may not do."""
    stage.send(), stage.send()
    before = services.height(stage.ledger)
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    wanted = {row["offset"]: row["expected"] for row in stage.lie(*faults)}
    equal(len(wanted), len(FAULTS), "blocks with a fault")
    process.wait_until("the ledger to refuse the last", lambda: stage.refused(max(wanted)))
    equal({at: stage.refused(at) for at in wanted}, wanted, "rules that the ledger names")
    equal(services.height(stage.ledger), before, "height after all of it")
    file = s.folder / "chain.export"
    tools.blocklog("export", file, "--journal", stage.net.journal)
    refusals = tools.blocklog("verify", "--export", file).json["refusals"]
    for at, rule in wanted.items():
        check(any(f"offset {at}" in line and f": {rule}," in line for line in refusals), f"verify lacks {at} {rule}")
    seen = verify.read_chain(io.BytesIO(file.read_bytes()))
    equal({at: rule for at, rule in seen.refused if at in wanted}, wanted, "rules that the second verifier names")
    s.step(
        f"{len(wanted)} faults: ledger, verify and the second verifier refuse each by the same rule, {len(set(wanted.values()))} rules"
    )


if __name__ == "__main__":
    main(run)
