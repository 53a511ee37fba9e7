#!/usr/bin/env python3
"""Checks an export or a proof file by the format's page alone: `verify.py chain FILE`, `verify.py proof FILE --tip HASH`.

Exit code 0: it verifies; 6: it does not; 1: the file cannot be read; 2: the words of the command are wrong.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from blocklog_verifier import account, ed25519, export, proof
from blocklog_verifier.block import Refused
from blocklog_verifier.chain import Chain
from blocklog_verifier.transaction import VERDICTS

DOES_NOT_VERIFY = 6
# Refused candidates that are printed one by one.
TOLD = 100


@dataclass
class Seen:
    """What an export adds up to."""

    chain: Chain = field(default_factory=Chain)
    blocks: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    tip_height: int | None = None


def read_chain(file: BinaryIO, tip: bytes | None = None) -> Seen:
    """Folds an export; raises export.Broken. Looks out for a trusted tip."""
    seen = Seen()
    for offset, append_ms, value in export.read(file):
        try:
            accepted = seen.chain.apply(value, append_ms)
        except Refused as refused:
            seen.refused.append((offset, refused.rule))
            continue
        seen.blocks += 1
        seen.verdicts.update(VERDICTS[verdict] for verdict in accepted.verdicts)
        if accepted.hash == tip:
            seen.tip_height = accepted.header["height"]
    return seen


def problem_of(seen: Seen, tip: bytes | None, chain_id: bytes | None) -> str | None:
    """Why it is not what was expected."""
    chain = seen.chain
    if not chain.genesis:
        return "there is no valid block 0"
    if chain_id is not None and chain.chain_id != chain_id:
        return f"this is chain {chain.chain_id.hex()}, not {chain_id.hex()}"
    if tip is not None and seen.tip_height is None:
        return (
            f"block {tip.hex()} is not on this chain, which ends at height {chain.header['height']}: "
            "what should have followed is missing or was changed"
        )
    return None


def check_chain(args: argparse.Namespace) -> int:
    """The command `chain`."""
    began = time.monotonic()
    with Path(args.file).open("rb") as file:
        seen = read_chain(file, args.tip)
    if seen.chain.genesis:
        print_chain(seen)
    for offset, rule in seen.refused[:TOLD]:
        print(f"refused    offset {offset}: {rule}")
    if len(seen.refused) > TOLD:
        print(f"refused    {len(seen.refused) - TOLD} more")
    print(f"checked    every rule of format 1 in {time.monotonic() - began:.1f} s; signatures by {ed25519.fast_path()}")
    print(
        "unchecked  that blocks hold what the transactions topic holds; that no newer blocks are missing"
        + ("" if args.tip else " (--tip)")
    )
    if problem := problem_of(seen, args.tip, args.chain_id):
        print(f"{args.file}: {problem}", file=sys.stderr)
        return DOES_NOT_VERIFY
    return 0


def print_chain(seen: Seen) -> None:
    """The state at the tip."""
    chain = seen.chain
    counts = ", ".join(f"{seen.verdicts[code]} {code}" for code in VERDICTS if seen.verdicts[code])
    print(f"chain      {chain.genesis['name']} {chain.chain_id.hex()}")
    print(f"height     {chain.header['height']}")
    print(f"tip        {chain.hash.hex()}")
    print(f"log        {chain.log.size} leaves, root {chain.log.root().hex()}")
    print(f"supply     {chain.supply()} in {sum(s.entries > 0 for s in chain.accounts.values())} accounts")
    print(f"miners     {', '.join(map(account.text, chain.miners)) or 'anyone'}")
    print(f"verdicts   {sum(seen.verdicts.values())} records: {counts or 'none'}")
    print(f"candidates {seen.blocks} accepted, {len(seen.refused)} refused")
    if chain.version != 1:
        print(f"stopped    by order of the admin the next block has version {chain.version}, which is unknown here")


def check_proof(args: argparse.Namespace) -> int:
    """The command `proof`."""
    with Path(args.file).open("rb") as file:
        text = file.read()
    try:
        print("\n".join(proof.verify(text, args.tip)))
    except proof.Unproven as problem:
        print(f"{args.file}: {problem}", file=sys.stderr)
        return DOES_NOT_VERIFY
    return 0


def block_hash(text: str) -> bytes:
    """An argument of 64 hex digits."""
    found = bytes.fromhex(text)
    if len(found) != 32:
        raise ValueError("not 32 bytes")
    return found


def main(words: list[str] | None = None) -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    chain = commands.add_parser("chain", help="derive a whole chain again from an export")
    chain.add_argument("file")
    chain.add_argument("--tip", type=block_hash, help="a block hash that you trust: it must be on the chain")
    chain.add_argument("--chain-id", type=block_hash, help="the chain that it must be")
    chain.set_defaults(run=check_chain)
    inclusion = commands.add_parser("proof", help="check a proof file against a block hash that you trust")
    inclusion.add_argument("file")
    inclusion.add_argument("--tip", type=block_hash, required=True)
    inclusion.set_defaults(run=check_proof)
    args = parser.parse_args(words)
    try:
        code: int = args.run(args)
        return code
    except export.Broken as problem:
        print(f"{args.file}: {problem}", file=sys.stderr)
        return DOES_NOT_VERIFY
    except OSError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
