"""The second verifier against every golden file: `python3 -m unittest discover tests/verifier`."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import verify
from blocklog_verifier import account, block, ed25519, export, genesis, merkle, proof, transaction, wire, work
from blocklog_verifier.chain import Chain

GOLDEN = Path(__file__).resolve().parents[1] / "vectors/golden"


def golden(name: str):
    """A golden file."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def chains() -> list[dict]:
    """All golden chains, with a name each."""
    long = [{"name": name, **golden(f"chain-{name}")} for name in ("open", "closed", "retarget", "admin")]
    return long + golden("edges")


def exported(chain: dict) -> bytes:
    """Its candidates as an export."""
    rows = enumerate(chain["candidates"])
    return b"".join(export.write(n, c["append_time_ms"], bytes.fromhex(c["value"])) for n, c in rows)


class Chains(unittest.TestCase):
    """Every candidate with its result, and what is left at the end."""

    def test_candidates_leaves_and_states(self):
        for wanted in chains():
            with self.subTest(wanted["name"]):
                chain = Chain()
                leaves: list[bytes] = []
                for number, candidate in enumerate(wanted["candidates"]):
                    self.candidate(chain, leaves, candidate, f"{wanted['name']}, candidate {number}")
                self.assertEqual([data.hex() for data in leaves], wanted["leaves"])
                self.end(chain, wanted)
                for found in wanted.get("proofs_at_tip", []):
                    path = [bytes.fromhex(step) for step in found["path"]]
                    data, index = bytes.fromhex(found["leaf"]), found["leaf_index"]
                    self.assertTrue(merkle.verify_inclusion(data, index, chain.log.size, path, chain.log.root()))

    def candidate(self, chain: Chain, leaves: list, candidate: dict, where: str):
        try:
            accepted = chain.apply(bytes.fromhex(candidate["value"]), candidate["append_time_ms"])
        except block.Refused as refused:
            self.assertEqual(refused.rule, candidate["result"], where)
            return
        self.assertEqual(candidate["result"], "OK", where)
        leaves.extend(accepted.leaves)
        if "header" in candidate:
            self.assertEqual(block.header_bytes(accepted.header).hex(), candidate["header"], where)
            self.assertEqual([transaction.VERDICTS[v] for v in accepted.verdicts], candidate["verdicts"], where)
            for name in ("height", "bits", "log_size"):
                self.assertEqual(accepted.header[name], candidate[name], where)
            self.assertEqual(accepted.hash.hex(), candidate["hash"], where)
            self.assertEqual(chain.log.root().hex(), candidate["log_root"], where)

    def end(self, chain: Chain, wanted: dict):
        self.assertEqual(chain.chain_id.hex(), wanted["chain_id"])
        self.assertEqual(chain.hash.hex(), wanted["tip"])
        self.assertEqual(chain.cursors, wanted["cursors"])
        self.assertEqual([account.text(miner) for miner in chain.miners], wanted["miners"])
        self.assertEqual(chain.version, wanted["version"])
        found = {
            account.text(owner): {
                "balance": state.balance,
                "nonce": state.nonce,
                "entries": state.entries,
                "last_leaf": state.last_leaf,
            }
            for owner, state in chain.accounts.items()
            if state.entries
        }
        self.assertEqual(found, wanted["accounts"])


class Parts(unittest.TestCase):
    """The files about one thing each."""

    def test_accounts(self):
        rows = golden("accounts")
        for row in rows["keys"]:
            self.assertEqual(account.text(bytes.fromhex(row["bytes"])), row["text"])
            self.assertEqual(account.parse(row["text"]), bytes.fromhex(row["bytes"]))
        for name in rows["names"]:
            self.assertEqual(account.parse(name), name.encode())
        for text in rows["not_accounts"]:
            self.assertIsNone(account.parse(text), text)

    def test_transactions(self):
        rows = golden("transactions")
        chain_id = bytes.fromhex(rows["chain_id"])
        for row in rows["transactions"]:
            verdict, found = transaction.judge(bytes.fromhex(row["record"]), chain_id, names=True)
            self.assertEqual(verdict, transaction.INCLUDED)
            assert found
            self.assertEqual(transaction.signed_bytes(found, chain_id).hex(), row["signed_bytes"])
            self.assertEqual(transaction.id_of(found, chain_id).hex(), row["id"])
            self.assertEqual(account.text(found["sender"]), row["sender"])
            self.assertEqual(account.text(found["recipient"]) if found["recipient"] else "", row["recipient"])
            for name in ("amount", "nonce", "memo", "valid_until"):
                self.assertEqual(found[name], row[name])
            self.assertEqual(found["signature"].hex(), row["signature"])

    def test_genesis(self):
        for number, row in enumerate(golden("genesis")):
            record = bytes.fromhex(row["record"])
            try:
                rules = genesis.checked(record)
            except block.Refused as refused:
                self.assertEqual(refused.rule, row["result"], number)
                continue
            self.assertEqual(row["result"], "OK", number)
            header = block.header_bytes(genesis.header(record, rules))
            self.assertEqual(merkle.sha256(header).hex(), row["chain_id"], number)

    def test_compact_targets(self):
        rows = golden("compact")
        for row in rows["made_compact"]:
            self.assertEqual(work.compact(int(row["target"], 16)), row["bits"])
        for row in rows["bits"]:
            self.assertEqual(work.target(row["bits"]), int(row["target"], 16))
            self.assertEqual(work.is_canonical(row["bits"]), row["canonical"])

    def test_merkle_trees(self):
        rows = golden("merkle")
        data, roots, log = [bytes.fromhex(d) for d in rows["leaves"]], [], merkle.Log()
        for found in [*data, b""]:
            roots.append(log.root())
            log.append(found)
        self.assertEqual([root.hex() for root in roots], rows["roots"])
        for row in rows["paths"]:
            size, path = row["size"], [bytes.fromhex(step) for step in row["path"]]
            index = row["index"]
            valid = merkle.verify_inclusion(data[index % size], index, size, path, roots[size])
            self.assertEqual(valid, row["valid"], row)
        for row in rows["consistency"]:
            first, second, path = row["from"], row["to"], [bytes.fromhex(step) for step in row["path"]]
            valid = merkle.verify_consistency(first, second, path, roots[first], roots[second])
            self.assertEqual(valid, row["valid"], row)

    def test_signatures(self):
        for number, row in enumerate(golden("zip215")):
            key, signature, message = (bytes.fromhex(row[name]) for name in ("key", "signature", "message"))
            self.assertEqual(ed25519.verify(key, signature, message), row["valid"], number)
            if len(key) == 32 and len(signature) == 64:
                self.assertEqual(ed25519.zip215(key, signature, message), row["valid"], number)

    def test_the_fast_path_accepts_only_what_zip215_accepts(self):
        rows = [row for row in golden("zip215") if len(row["key"]) == 64 and len(row["signature"]) == 128]
        for row in rows:
            key, signature, message = (bytes.fromhex(row[name]) for name in ("key", "signature", "message"))
            if ed25519._quick(key, signature, message) and not row["valid"]:
                # Only for an S that is not reduced, which is looked at before.
                self.assertGreaterEqual(int.from_bytes(signature[32:], "little"), ed25519.L)

    def test_varints_end_and_are_short(self):
        for bad in ("", "80", "8000", "ffffffffffffffffff02", "ffffffffffffffffff8001"):
            with self.assertRaises(wire.Malformed, msg=bad):
                wire.varint(bytes.fromhex(bad), 0)
        self.assertEqual(wire.varint(bytes.fromhex("ffffffffffffffffff01"), 0), (2**64 - 1, 10))


class Commands(unittest.TestCase):
    """The two commands on files."""

    def run_on(self, data: bytes, command: str, *words: str) -> tuple[int, str]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = verify.main([command, file.name, *words])
            return code, said.getvalue()

    def test_an_export(self):
        chain = golden("chain-open")
        code, said = self.run_on(exported(chain), "chain", "--tip", chain["tip"], "--chain-id", chain["chain_id"])
        self.assertEqual(code, 0, said)
        for words in (f"height     40\ntip        {chain['tip']}", "144 INCLUDED", "offset 0: NOT_BLOCK_ZERO"):
            self.assertIn(words, said)
        self.assertEqual(self.run_on(exported(chain), "chain", "--tip", "00" * 32)[0], 6)
        self.assertEqual(self.run_on(exported(chain), "chain", "--chain-id", "00" * 32)[0], 6)
        self.assertEqual(self.run_on(exported(chain)[:-1], "chain")[0], 6)
        self.assertEqual(self.run_on(b"", "chain")[0], 6)

    def test_what_kcat_writes(self):
        null = b"3 -1 \xff\xff\xff\xff" + b"4 9 \x00\x00\x00\x01\n"
        self.assertEqual(list(export.read(io.BytesIO(null))), [(3, -1, b""), (4, 9, b"\n")])
        for bad in (b"3 ", b"x", b"3 4 \0\0\0", b"3 4 \0\0\0\2a", b"3 4 \0\0\0\0" * 2):
            with self.assertRaises(export.Broken, msg=bad):
                list(export.read(io.BytesIO(bad)))

    def test_proof_files(self):
        chain = golden("chain-open")
        last = [c for c in chain["candidates"] if c["result"] == "OK"][-1]
        for row in chain["proofs_at_tip"]:
            found = {
                "chainId": chain["chain_id"],
                "header": last["header"],
                "leafIndex": str(row["leaf_index"]),
                "leaf": row["leaf"],
                "path": row["path"],
            }
            code, said = self.run_on(json.dumps(found).encode(), "proof", "--tip", chain["tip"])
            self.assertEqual(code, 0, said)
            self.assertIn("proven: ", said)
            for name in ("header", "leaf"):
                wrong = {**found, name: found[name][:-1] + ("0" if found[name][-1] != "0" else "1")}
                self.assertEqual(self.run_on(json.dumps(wrong).encode(), "proof", "--tip", chain["tip"])[0], 6)
            for wrong in ({"leafIndex": str(row["leaf_index"] + 1)}, {"record": "00"}, {"path": row["path"][1:]}):
                text = json.dumps({**found, **wrong}).encode()
                self.assertEqual(self.run_on(text, "proof", "--tip", chain["tip"])[0], 6)
            self.assertEqual(self.run_on(json.dumps(found).encode(), "proof", "--tip", "00" * 32)[0], 6)
            for index in (None, -1, row["leaf_index"] + 0.5, float("inf"), True, f"0{row['leaf_index']}"):
                text = json.dumps({**found, "leafIndex": index}).encode()
                self.assertEqual(self.run_on(text, "proof", "--tip", chain["tip"])[0], 6, index)
            self.assertEqual(
                self.run_on(json.dumps(found).replace("leafIndex", "leaf_index").encode(), "proof", "--tip", chain["tip"])[0], 0
            )

    def test_json_that_is_no_proof(self):
        bad = [
            "",
            "[]",
            "{}",
            "[" * 100_000,
            '{"path": 1}',
            '{"path": {}}',
            '{"header": 1}',
            '{"other": 1}',
            '{"path": [], "path": []}',
            '{"chainId": 1}',
            '{"chainId": "\\ud800"}',
        ]
        for text in [*(text.encode() for text in bad), b"\xff", "{}".encode("utf-16")]:
            with self.assertRaises(proof.Unproven, msg=text):
                proof.verify(text, bytes(32))


if __name__ == "__main__":
    unittest.main()
