"""The evidence that scenarios count with, against the golden vectors: `python3 -m unittest discover tests/harness`."""

import json
import unittest

from blocklog_harness import evidence, paths, tools


class Evidence(unittest.TestCase):
    """What the scripts count with must itself be right."""

    def test_hashes_and_order_of_the_golden_chain(self):
        golden = json.loads((paths.ROOT / "tests/vectors/golden/chain-open.json").read_text())
        candidates = [tools.Record(n, c["append_time_ms"], bytes.fromhex(c["value"])) for n, c in enumerate(golden["candidates"])]
        found = evidence.fold(candidates)
        accepted = [c for c in golden["candidates"] if c["result"] == "OK"]
        self.assertEqual([b.hash.hex() for b in found.blocks], [c.get("hash", golden["chain_id"]) for c in accepted])
        self.assertEqual([b.height for b in found.blocks], [c.get("height", 0) for c in accepted])
        self.assertEqual(found.chain_id.hex(), golden["chain_id"])
        refused = [(n, c["result"]) for n, c in enumerate(golden["candidates"]) if c["result"] != "OK"]
        self.assertEqual([(offset, rule) for offset, _, rule in found.refused], refused)
        self.assertEqual(len(found.stale()), len({c["value"] for c in golden["candidates"] if c["result"] == "STALE"}))
        balances = {name: state["balance"] for name, state in golden["accounts"].items()}
        self.assertEqual(dict(found.balances), balances)
        self.assertEqual(found.verdicts["INCLUDED"], found.included.total())


if __name__ == "__main__":
    unittest.main()
