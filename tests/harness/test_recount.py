"""What the golden session counts with must itself be right: `python3 -m unittest discover tests/harness`."""

import json
import unittest

from blocklog_harness import paths, tools
from blocklog_harness.contract import contract
from blocklog_harness.mixture import STATELESS, WEIGHTS, Mixture
from blocklog_harness.recount import Recount
from blocklog_verifier import transaction


class OfAGoldenChain(unittest.TestCase):
    """The golden chains are another's work: leaves, balances and refusals must be theirs."""

    def check(self, name: str) -> None:
        golden = json.loads((paths.ROOT / f"tests/vectors/golden/{name}.json").read_text())
        blockchain = [tools.Record(n, c["append_time_ms"], bytes.fromhex(c["value"])) for n, c in enumerate(golden["candidates"])]
        topic: dict[int, list[tools.Record]] = {partition: [] for partition in range(len(golden["cursors"]))}
        recount = Recount(len(topic)).read(blockchain, topic, dict(enumerate(golden["cursors"])), len(blockchain), {})
        # Once more: nothing is counted twice.
        recount.read(blockchain, topic, dict(enumerate(golden["cursors"])), len(blockchain), {})
        self.assertEqual([leaf.hex() for leaf in recount.leaves], golden["leaves"])
        self.assertEqual(recount.tip["hash"], golden["tip"])
        self.assertEqual(recount.info().get("miners", []), golden["miners"])
        refused = [(n, c["result"]) for n, c in enumerate(golden["candidates"]) if c["result"] != "OK"]
        self.assertEqual([(row["topic_offset"], row["reason"]) for row in recount.candidates], refused)
        top = recount.tip["height"]
        self.assertEqual(set(recount.accounts), set(golden["accounts"]))
        for name, state in golden["accounts"].items():
            found = recount.account(name, top)
            assert found
            self.assertEqual(
                (found["balance"], found["nonce"], found["entries"]), (state["balance"], state["nonce"], state["entries"])
            )
            self.assertEqual(found.get("last_leaf_index"), state["last_leaf"])
            entries = recount.accounts[name].entries
            self.assertEqual([entry["sequence"] for entry in entries], list(range(1, state["entries"] + 1)))
            self.assertEqual(sum(entry["change"] for entry in entries), state["balance"])
        for partition, cursor in enumerate(golden["cursors"]):
            self.assertEqual([row["position"]["offset"] for row in recount.records[partition]], list(range(cursor)))

    def test_open(self):
        self.check("chain-open")

    def test_closed(self):
        self.check("chain-closed")

    def test_admin(self):
        self.check("chain-admin")


class Audit(unittest.TestCase):
    """A topic that holds other things than the blocks say."""

    def test_runs_of_one_kind_are_one_finding(self):
        golden = json.loads((paths.ROOT / "tests/vectors/golden/chain-open.json").read_text())
        good = [c for c in golden["candidates"] if c["result"] == "OK"][:3]
        blockchain = [tools.Record(n, c["append_time_ms"], bytes.fromhex(c["value"])) for n, c in enumerate(good)]
        recount = Recount().read(blockchain, {0: [], 1: []}, {0: 0, 1: 0}, 3, {})
        for finding in recount.findings:
            self.assertEqual(finding["kind"], "KIND_INVENTED")
        offsets = sum(finding["to_offset"] - finding["from_offset"] for finding in recount.findings)
        self.assertEqual(offsets, sum(block["included"] + block["rejected"] for block in recount.blocks[1:]))


class Mixtures(unittest.TestCase):
    """Every kind is what its name says, as far as a record alone tells."""

    def test_kinds(self):
        mixture = Mixture("test")
        mixture.chain_id = bytes(32)
        stateless = {
            "spoilt": "UNDECODABLE",
            "bad_account": "BAD_ACCOUNT",
            "long_memo": "MEMO_TOO_LARGE",
            "empty": "EMPTY",
            "forged": "BAD_SIGNATURE",
        }
        seen = set()
        for made in mixture.take(1500):
            seen.add(made.kind)
            verdict = transaction.VERDICTS[transaction.judge(made.value, mixture.chain_id, True)[0]]
            if made.kind == "too_large":
                self.assertGreater(len(made.value), transaction.MAX_RECORD)
            elif made.kind not in STATELESS:
                self.assertEqual(verdict, "INCLUDED", made)
            elif made.kind in stateless:
                self.assertEqual(verdict, stateless[made.kind], made)
            self.assertTrue(made.partition is not None or made.kind not in STATELESS)
        self.assertEqual(seen, set(WEIGHTS) - {"repeated"})

    def test_a_seed_makes_the_same(self):
        first, second = Mixture("seed"), Mixture("seed")
        self.assertEqual(first.take(50), second.take(50))


class Contract(unittest.TestCase):
    """Messages as dictionaries, by the .proto files."""

    def test_there_and_back(self):
        name = "blocklog.ledger.v1.ListRecordsRequest"
        message = {"offsets": {"partition": 0, "from_offset": 2**40}, "with_raw": 1, "page_token": "x"}
        data = contract().encode(name, message)
        self.assertEqual(data.hex(), "0a090800108080808080201801" + "2a0178")
        self.assertEqual(contract().decode(name, data), {**message, "with_raw": True})

    def test_times_enums_and_signs(self):
        entry = bytes.fromhex("28ffffffffffffffffff01" + "4003")
        self.assertEqual(contract().decode("blocklog.ledger.v1.AccountEntry", entry), {"change": -1, "kind": "KIND_SENT"})
        request = contract().encode("blocklog.ledger.v1.GetSeriesRequest", {"from_time": 1_700_000_000_123})
        self.assertEqual(contract().decode("blocklog.ledger.v1.GetSeriesRequest", request), {"from_time": 1_700_000_000_123})

    def test_unknown_fields_are_noticed(self):
        with self.assertRaises(ValueError):
            contract().decode("blocklog.ledger.v1.GetLedgerInfoRequest", b"\x08\x01")


if __name__ == "__main__":
    unittest.main()
