"""Proof files: one leaf of the log against one trusted block hash."""

import json
import re
from typing import Any

from . import account, block, leaf, merkle, transaction, wire

# Names in proto3 JSON, and as the message itself has them: readers take both.
FIELDS = {
    "chainId": "chain_id",
    "header": "header",
    "leafIndex": "leaf_index",
    "leaf": "leaf",
    "path": "path",
    "record": "record",
}
HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
WHOLE = re.compile(r"0|[1-9][0-9]{0,19}")


class Unproven(Exception):
    """Why a file proves nothing."""


def verify(text: bytes, tip: bytes) -> list[str]:
    """What a proof file proves against a trusted block hash, in words."""
    proof = _fields(text)
    header, data, path = _hex(proof, "header"), _hex(proof, "leaf"), proof["path"]
    if len(header) != block.HEADER_BYTES:
        raise Unproven(f"the header has {len(header)} bytes, not {block.HEADER_BYTES}")
    if merkle.sha256(header) != tip:
        raise Unproven(f"the header is of block {merkle.sha256(header).hex()}, not of the one that is trusted")
    trusted, index = block.header_fields(header), _index(proof["leaf_index"])
    steps = [_step(step) for step in path]
    if not merkle.verify_inclusion(data, index, trusted["log_size"], steps, trusted["log_root"]):
        raise Unproven(f"the path does not lead from leaf {index} to the log root of that block")
    try:
        found = leaf.parse(data)
    except leaf.NoLeaf as problem:
        raise Unproven(str(problem)) from None
    record = _hex(proof, "record")
    where = f"leaf {index} of {trusted['log_size']} at height {trusted['height']}, block {tip.hex()}"
    return [f"proven: {_told(found)}; {where}", *_entries(found), *_record(found, record, proof["chain_id"])]


class _Pairs(list[tuple[str, Any]]):
    """The names and values of an object."""


def _fields(text: bytes) -> dict[str, Any]:
    try:
        # Objects as lists of pairs, so that a name that is there twice is seen.
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as problem:
        raise Unproven(f"not JSON: {problem}") from None
    if not isinstance(found, _Pairs):
        raise Unproven("not a proof file: it holds no object")
    proof = dict.fromkeys(FIELDS.values())
    for name, value in found:
        known = FIELDS.get(name, name)
        if known not in proof or proof[known] is not None:
            raise Unproven(f"not a proof file: {name} is unknown, or there twice")
        proof[known] = value
    path = proof["path"] = [] if proof["path"] is None else proof["path"]
    if not isinstance(path, list) or isinstance(path, _Pairs):
        raise Unproven("path is no list")
    label = proof["chain_id"] = "" if proof["chain_id"] is None else proof["chain_id"]
    if not isinstance(label, str) or any("\ud800" <= c <= "\udfff" for c in label):
        raise Unproven("chainId is no text")
    return proof


def _hex(proof: dict[str, Any], name: str) -> bytes:
    value = proof[name] if proof[name] is not None else ""
    if not isinstance(value, str) or not HEX.fullmatch(value):
        raise Unproven(f"{name} is not hex")
    return bytes.fromhex(value)


def _step(value: object) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or not HEX.fullmatch(value):
        raise Unproven("path holds something else than hashes")
    return bytes.fromhex(value)


def _index(value: object) -> int:
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Unproven("leafIndex is absent or no index")


def _told(found: dict[str, Any]) -> str:
    kind = found["kind"]
    if kind == "genesis":
        return f"the genesis record of the chain hashes to {found['record_hash'].hex()}"
    if kind == "allocation":
        return f"genesis gave {found['amount']} to {account.text(found['account'])}"
    if kind == "block":
        return f"the miner {account.text(found['miner'])} was paid {found['paid']} for block {found['height']}"
    if kind == "void":
        return (
            f"offsets {found['from']} to {found['to'] - 1} of partition {found['partition']} hold no record, "
            f"says block {found['height']}"
        )
    return (
        f"the record at {found['partition']}:{found['offset']}, of hash {found['record_hash'].hex()}, was judged "
        f"{found['verdict_code']} by block {found['height']}"
    )


def _entries(found: dict[str, Any]) -> list[str]:
    told = []
    for entry in found.get("entries", []):
        before = "none before" if entry["previous"] == leaf.NONE else f"the one before is in leaf {entry['previous']}"
        told.append(f"  entry {entry['sequence']} of its account: balance {entry['balance']} after it, {before}")
    return [*told, "not proven: that no later entry follows"] if told else told


def _record(found: dict[str, Any], record: bytes, label: str) -> list[str]:
    """What the record adds; an absent one cannot be told from an empty one but by its hash."""
    expected = found.get("record_hash")
    if expected == merkle.sha256(record):
        return [f"the record has {len(record)} bytes", *_transaction(found, record, label)]
    if not record:
        return ["not shown: the record itself, only its hash"] if expected else []
    if found.get("verdict") == transaction.TOO_LARGE and record == expected:
        return ["not shown: the record itself, only the hash that the block carries in its place"]
    raise Unproven("the record is not the one that the leaf is about")


def _transaction(found: dict[str, Any], record: bytes, label: str) -> list[str]:
    if found["kind"] != "record":
        return []
    if found["verdict"] == transaction.TOO_LARGE and len(record) <= transaction.MAX_RECORD:
        return [f"THE BLOCK LIES: a record of at most {transaction.MAX_RECORD} bytes is not too large"]
    try:
        fields = wire.decode(transaction.FIELDS, record)
        chain_id = bytes.fromhex(label)
        if len(chain_id) == 32 and account.well_formed(fields["sender"]):
            return [
                f"transaction {transaction.id_of(fields, chain_id).hex()}, if the chain is {chain_id.hex()}, "
                "which the file says and does not prove"
            ]
    except (ValueError, OverflowError):
        pass
    return []
