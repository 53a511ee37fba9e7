"""The chain on the blockchain topic as the verifier derives it, in the words of scenarios: who won, what is included, who has what."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from blocklog_verifier import account, block, transaction, wire
from blocklog_verifier.block import Refused
from blocklog_verifier.chain import Chain

from . import tools
from .process import Failure


@dataclass
class Block:
    """A block of the chain."""

    hash: bytes
    header: dict[str, Any]
    records: list[bytes]

    @property
    def height(self) -> int:
        return int(self.header["height"])


@dataclass
class Evidence:
    """What a topic adds up to."""

    chain: Chain = field(default_factory=Chain)
    blocks: list[Block] = field(default_factory=list)
    # Candidates that the chain did not take: topic offset, value, and the rule that refused them.
    refused: list[tuple[int, bytes, str]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    # Transaction ids, each with how often it was included.
    included: Counter[str] = field(default_factory=Counter)

    def add(self, candidate: tools.Record) -> None:
        """The next candidate of the topic."""
        try:
            accepted = self.chain.apply(candidate.value, candidate.append_ms)
        except Refused as refused:
            self.refused.append((candidate.offset, candidate.value, refused.rule))
            return
        records = block.body(candidate.value)["records"]
        self.blocks.append(Block(accepted.hash, accepted.header, records))
        # Block 0 carries the genesis, which nobody judges.
        for record, verdict in zip(records, accepted.verdicts, strict=accepted.header["height"] > 0):
            self.verdicts[transaction.VERDICTS[verdict]] += 1
            if verdict == transaction.INCLUDED:
                moved = wire.decode(transaction.FIELDS, record)
                self.included[transaction.id_of(moved, self.chain_id).hex()] += 1

    @property
    def chain_id(self) -> bytes:
        return self.chain.chain_id

    @property
    def tip(self) -> Block:
        return self.blocks[-1]

    @property
    def balances(self) -> Counter[str]:
        """By the text of accounts."""
        return Counter({account.text(owner): state.balance for owner, state in self.chain.accounts.items()})

    def stale(self) -> set[str]:
        """The hashes of those that lost a race."""
        return {block.frame(value).hash.hex() for _, value, rule in self.refused if rule == "STALE"}

    def made_by(self) -> Counter[str]:
        """Blocks by miner, block 0 aside."""
        return Counter(block.miner_of(made.header) for made in self.blocks[1:])


def fold(candidates: Iterable[tools.Record]) -> Evidence:
    """Candidates in the order of the topic."""
    evidence = Evidence()
    for candidate in candidates:
        evidence.add(candidate)
    return evidence


def read(bootstrap: str, topic: str = "blockchain") -> Evidence:
    """A topic on which nobody lies: candidates become blocks or lose a race."""
    evidence = fold(tools.consume(bootstrap, topic))
    if invalid := [(offset, rule) for offset, _, rule in evidence.refused if rule != "STALE"]:
        raise Failure(f"{topic} holds candidates that are no valid blocks: {invalid}")
    return evidence
