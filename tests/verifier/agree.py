#!/usr/bin/env python3
"""Two verifiers, the product's and the one beside this file, on the same exports and proof files: they must agree.

Each file as it is, then copies with one byte changed anywhere (seeded), then chains that are made hostile on purpose.
Compared are: whether it can be read, height, tip, log root, supply, verdicts, each refused candidate's rule, whether it
verifies against the tip of the unchanged file; for proof files, whether they prove anything. Without files: the golden
chains. A disagreement is a bug in one of the two, or a page that can be read in two ways: the file is kept.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import verify
from blocklog_mint.mint import Mint
from blocklog_verifier import block, export, merkle, proof
from blocklog_verifier.chain import Chain

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/vectors/golden"
REFUSAL = re.compile(r"offset (\d+)(?:, which claims height \d+)?: ([A-Z_]+)")
UNREADABLE, NO_CHAIN = {"readable": False}, {"chain": None}


@dataclass
class Case:
    """One file, and the block hash that is trusted."""

    name: str
    data: bytes
    tip: bytes
    is_proof: bool = False


class Theirs:
    """The product's verifier, a process for each file."""

    def __init__(self, binary: Path, folder: Path):
        self.binary, self.file = binary, folder / "case"

    def __call__(self, case: Case) -> dict[str, Any]:
        self.file.write_bytes(case.data)
        what = ["proof", "verify", str(self.file)] if case.is_proof else ["verify", "--export", str(self.file)]
        words = [str(self.binary), *what, "--tip", case.tip.hex(), "--output", "json"]
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        if ended.returncode not in (0, 1, 2, 6) or b"panicked" in ended.stderr:
            return {"ended with": ended.returncode, "and said": ended.stderr.decode(errors="replace")[-400:]}
        if case.is_proof:
            return {"proves": ended.returncode == 0}
        if not ended.stdout:
            return NO_CHAIN if b'"reason":"NO_CHAIN"' in ended.stderr else UNREADABLE
        said = json.loads(ended.stdout)
        return {
            "height": said["height"],
            "tip": said["tip"],
            "root": said["logRoot"],
            "size": said["logSize"],
            "chain": said["chainId"],
            "blocks": said["blocks"],
            "verdicts": said["verdicts"],
            "supply": int(said["supply"]),
            "stale": said["stale"],
            "refused": said["refused"],
            "refusals": [refusal(line) for line in said["refusals"]],
            # Beyond the format, it raises an alarm when something with the work done builds upon what was refused.
            "verifies": ended.returncode == 0 or b'"reason":"BROKEN"' in ended.stderr,
        }


def refusal(line: str) -> list[str]:
    """Offset and rule in a line of the product's."""
    found = REFUSAL.match(line)
    return list(found.groups()) if found else [line]


def ours(case: Case) -> dict[str, Any]:
    """The same of the verifier beside this file."""
    if case.is_proof:
        try:
            return {"proves": bool(proof.verify(case.data, case.tip))}
        except proof.Unproven:
            return {"proves": False}
    try:
        seen = verify.read_chain(io.BytesIO(case.data), case.tip)
    except export.Broken:
        return UNREADABLE
    chain = seen.chain
    if not chain.genesis:
        return NO_CHAIN
    refused = [(str(offset), rule) for offset, rule in seen.refused if rule != "STALE"]
    return {
        "height": chain.header["height"],
        "tip": chain.hash.hex(),
        "root": chain.log.root().hex(),
        "size": chain.log.size,
        "chain": chain.chain_id.hex(),
        "blocks": seen.blocks,
        "verdicts": dict(seen.verdicts),
        "supply": chain.supply(),
        "stale": len(seen.refused) - len(refused),
        "refused": len(refused),
        "refusals": [list(row) for row in refused[:20]],
        "verifies": verify.problem_of(seen, case.tip, None) is None,
    }


def changed(random: Random, case: Case) -> Case:
    """One byte of it is another."""
    at = random.randrange(len(case.data))
    data = bytearray(case.data)
    data[at] ^= random.choice((1 << random.randrange(8), random.randrange(1, 256)))
    return Case(
        f"{case.name}, byte {at} is {data[at]:#04x} instead of {case.data[at]:#04x}", bytes(data), case.tip, case.is_proof
    )


def golden_chains() -> list[Case]:
    """Exports of the golden chains: all candidates, and only the accepted ones."""
    chains = [{"name": f.stem, **json.loads(f.read_text())} for f in sorted(GOLDEN.glob("chain-*.json"))]
    chains += json.loads((GOLDEN / "edges.json").read_text())
    cases = []
    for chain in chains:
        for only in (False, True):
            rows = [row for row in enumerate(chain["candidates"]) if not only or row[1]["result"] == "OK"]
            data = b"".join(export.write(n, c["append_time_ms"], bytes.fromhex(c["value"])) for n, c in rows)
            cases.append(Case(chain["name"] + ", accepted" * only, data, bytes.fromhex(chain["tip"])))
    return cases


# Offsets, times and ends of a file that are odd, by what stands in their place; `%d` is what stood there.
ODD_OFFSETS = (b"00%d", b"+%d", b"-%d", b"", b" %d", b"%d000", b"18446744073709551614", b"18446744073709551616", b"0x1")
ODD_TIMES = (
    b"0%d",
    b"+%d",
    b"",
    b"-1",
    b"-0",
    b"--1",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1e9",
)
ODD_ENDS = (b"9999 -1 \xff\xff\xff\xff", b"9999 -1 \0\0\0\0", b"9999", b"9999 1 \0\0", b" ", b"\n", b"9999 1 \0\0\0\2x")


def framings(case: Case) -> list[Case]:
    """Copies of an export whose last record stands there in another way."""
    rows = list(export.read(io.BytesIO(case.data)))
    start = b"".join(export.write(*row) for row in rows[:-1])
    offset, append_ms, value = rows[-1]
    number = lambda odd, plain: odd % plain if b"%d" in odd else odd
    length = len(value).to_bytes(4, "big")
    ends = [b"%s %d %s%s" % (number(odd, offset), append_ms, length, value) for odd in ODD_OFFSETS]
    ends += [b"%d %s %s%s" % (offset, number(odd, append_ms), length, value) for odd in ODD_TIMES]
    ends += [export.write(*rows[-1]) + odd for odd in ODD_ENDS]
    return [Case(f"{case.name}, ending as {end[:40]!r}", start + end, case.tip) for end in ends]


def proofs_of(case: Case, random: Random, most: int) -> list[Case]:
    """Proof files at the tip of an export, with the records that it holds."""
    chain, leaves, records = Chain(), [], {}
    for _, append_ms, value in export.read(io.BytesIO(case.data)):
        try:
            accepted = chain.apply(value, append_ms)
        except block.Refused:
            continue
        leaves += accepted.leaves
        for record in block.body(value)["records"]:
            records[merkle.sha256(record)] = record
    cases = []
    for index in random.sample(range(len(leaves)), min(most, len(leaves))):
        leaf = leaves[index]
        record = records.get(leaf[21:53], b"") if leaf[0] == 3 else b""
        found = {
            "chainId": chain.chain_id.hex(),
            "header": block.header_bytes(chain.header).hex(),
            "leafIndex": str(index),
            "leaf": leaf.hex(),
            "path": [step.hex() for step in path(leaves, index)],
            **({"record": record.hex()} if record else {}),
        }
        text = json.dumps(found, indent=2).encode()
        cases.append(Case(f"proof of leaf {index} of {case.name}", text, chain.hash, is_proof=True))
    return cases


def path(leaves: list[bytes], index: int) -> list[bytes]:
    """From the leaf to the root, as RFC 9162 defines it."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:half], leaves[half:]
    if index < half:
        return [*path(left, index), root(right)]
    return [*path(right, index - half), root(left)]


def root(leaves: list[bytes]) -> bytes:
    """Root over leaves."""
    log = merkle.Log()
    for leaf in leaves:
        log.append(leaf)
    return log.root()


def minted(seed: str) -> Case:
    """A chain made for this."""
    made = Mint(seed).fill()
    return Case(f"minted {seed}", made.export(), made.chain.hash)


def cases(args: argparse.Namespace, random: Random) -> Iterator[Case]:
    """Everything that is compared."""
    files = [given(Path(name)) for name in args.files] or golden_chains()
    exports = [case for case in files if not case.is_proof]
    proofs = [case for case in files if case.is_proof]
    for case in exports:
        proofs += proofs_of(case, random, 8)
    yield from files
    yield from proofs
    for case in exports[-1:]:
        yield from framings(case)
    for group in (exports, proofs):
        for number in range(args.mutants if group else 0):
            yield changed(random, group[number % len(group)])
    for number in range(args.chains):
        yield minted(f"{args.seed}.{number}")


def given(file: Path) -> Case:
    """A file of the command line; the block that it ends with, or whose header it holds, is trusted."""
    data = file.read_bytes()
    if not data.lstrip().startswith(b"{"):
        return Case(str(file), data, verify.read_chain(io.BytesIO(data)).chain.hash or bytes(32))
    return Case(str(file), data, merkle.sha256(bytes.fromhex(json.loads(data)["header"])), is_proof=True)


def main() -> int:
    """Exit code 0: no disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="exports and proof files")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/debug/blocklog")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--mutants", type=int, default=200, help="changed copies of exports, and as many of proofs")
    parser.add_argument("--chains", type=int, default=100, help="chains that are made hostile")
    parser.add_argument("--keep", type=Path, default=ROOT / "target/disagreements", help="where to keep files")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    apart = 0
    with tempfile.TemporaryDirectory() as folder:
        theirs = Theirs(args.binary.resolve(), Path(folder))
        for case in cases(args, Random(args.seed)):
            one, other = ours(case), theirs(case)
            counts["proofs" if case.is_proof else "exports"] += 1
            counts["that verify"] += one.get("verifies", one.get("proves", False))
            rules.update(rule for _, rule in one.get("refusals", []))
            if one != other:
                apart += 1
                report(case, one, other, args.keep)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    print("rules seen: " + ", ".join(f"{count} {rule}" for rule, count in sorted(rules.items())))
    print(f"{apart} disagreements")
    return 1 if apart else 0


def report(case: Case, one: dict[str, Any], other: dict[str, Any], keep: Path) -> None:
    """What differs, and the file."""
    keep.mkdir(parents=True, exist_ok=True)
    file = keep / f"{merkle.sha256(case.data).hex()[:16]}.{'json' if case.is_proof else 'export'}"
    file.write_bytes(case.data)
    print(f"DISAGREE on {case.name} ({file}, tip {case.tip.hex()})")
    for name in sorted(set(one) | set(other)):
        if one.get(name) != other.get(name):
            print(f"  {name}: this verifier {one.get(name)}, the product {other.get(name)}")


if __name__ == "__main__":
    sys.exit(main())
