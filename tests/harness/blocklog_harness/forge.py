"""A block made by hand: sealed as the rules want it, whatever it says of the topic."""

from typing import Any

from blocklog_mint.encoding import encode
from blocklog_verifier import block, transaction, work
from blocklog_verifier.block import Frame
from blocklog_verifier.chain import Chain, Evaluation
from blocklog_verifier.merkle import sha256


def seal(chain: Chain, partition: int, slots: list[Any], miner: bytes) -> bytes:
    """The value of a block upon the tip. Slots are in offset order from the cursor on: a record's bytes, ("too large", hash), or
    None for an offset without a record. A named `miner` needs no signature."""
    start = chain.cursors[partition]
    header: dict[str, Any] = {
        "version": 1,
        "height": chain.header["height"] + 1,
        "previous_hash": chain.hash,
        "log_root": bytes(32),
        "log_size": 0,
        "timestamp_ms": chain.header["timestamp_ms"],
        "partition": partition,
        "from_offset": start,
        "to_offset": start + len(slots),
        "miner": miner,
        "bits": chain.next_bits(),
        "nonce": 0,
    }
    trial = Evaluation(chain, Frame(header, b"", b""), {})
    trial.pay()
    records: list[bytes] = []
    verdicts: list[int] = []
    holes: list[dict[str, int]] = []
    for offset, slot in enumerate(slots, start):
        if slot is None:
            if holes and holes[-1]["to_offset"] == offset:
                raise ValueError("one run of holes is one hole")
            holes.append({"from_offset": offset, "to_offset": trial.void(offset, offset + 1)})
        elif isinstance(slot, tuple):
            trial.too_large(offset, slot[1])
            records.append(slot[1])
            verdicts.append(transaction.TOO_LARGE)
        else:
            records.append(slot)
            verdicts.append(trial.record(offset, slot))
    header |= {"log_root": trial.log.root(), "log_size": trial.log.size}
    goal = work.target(header["bits"])
    while int.from_bytes(sha256(block.header_bytes(header)), "big") > goal:
        header["nonce"] += 1
    body = {"header": header, "signature": b"", "records": records, "verdicts": bytes(verdicts), "holes": holes}
    return encode(block.BLOCK, body)
