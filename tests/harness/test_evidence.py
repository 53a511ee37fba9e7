"""The scripts' own reading of blocks, against the golden vectors: `python3 -m unittest discover tests/harness`."""

import json
import unittest

from blocklog_harness import evidence, paths, tools


class Evidence(unittest.TestCase):
    """What the scripts count with must itself be right."""

    def test_hashes_and_order_of_the_golden_chain(self):
        golden = json.loads((paths.ROOT / "tests/vectors/golden/chain-open.json").read_text())
        accepted = [c for c in golden["candidates"] if c["result"] == "OK"]
        blocks = [evidence.block(n, bytes.fromhex(c["value"])) for n, c in enumerate(accepted)]
        self.assertEqual([b.hash.hex() for b in blocks], [c.get("hash", golden["chain_id"]) for c in accepted])
        self.assertEqual([b.height for b in blocks], [c.get("height", 0) for c in accepted])
        self.assertEqual(blocks[0].hash.hex(), golden["chain_id"])

    def test_ids_of_the_golden_transactions(self):
        golden = json.loads((paths.ROOT / "tests/vectors/golden/transactions.json").read_text())
        rows = golden if isinstance(golden, list) else golden["transactions"]
        for row in rows:
            chain_id = bytes.fromhex(row.get("chain_id") or golden["chain_id"])
            found = evidence.transaction(bytes.fromhex(row["record"]))
            self.assertEqual(found.id(chain_id), row["id"])

    def test_exports_are_cut_into_records(self):
        text = b"0 17 \x00\x00\x00\x02ab" + b"3 -1 \xff\xff\xff\xff" + b"4 9 \x00\x00\x00\x01\n"
        found = [(r.offset, r.append_ms, r.value) for r in tools.exported(text)]
        self.assertEqual(found, [(0, 17, b"ab"), (3, -1, b""), (4, 9, b"\n")])


if __name__ == "__main__":
    unittest.main()
