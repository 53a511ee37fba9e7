"""What was promised to clients, held against the topics: nothing that Blocklog computes is used.

`Book` has every attempt, `Recount` is the chain by the rules of tests/verifier, over what kcat reads uncommitted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from blocklog_verifier import transaction, wire

from . import services, tools
from .lanes import ACKNOWLEDGED, FINAL, REFUSED, UNKNOWN, UNSENT, UNTRUE, Book
from .process import wait_until
from .recount import Recount
from .rpc import Channel
from .scenario import Scenario, check, equal

INCLUDED, PENDING = "VERDICT_INCLUDED", "VERDICT_PENDING"
# An honest refusal: a later one of the sender is in the log already, so that this one was not appended.
TOO_LATE = "OVERTAKEN"
KINDS = {
    "n": "sequential, named",
    "k": "sequential, keyed",
    "f": "never retried",
    "u": "nonce by ingest",
    "s": "pipelined",
}


@dataclass
class Occurrence:
    """A record that carries an id."""

    position: tuple[int, int]
    verdict: str


@dataclass
class Broken:
    """A promise that was not kept; each list tells of one transaction an entry."""

    lost: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    refused_but_there: list[str] = field(default_factory=list)
    never_sent: list[str] = field(default_factory=list)
    refused_for_good: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        return iter(vars(self).items())


def occurrences(recount: Recount) -> dict[str, list[Occurrence]]:
    """All records of all partitions by their transaction's id, in offset order."""
    found = defaultdict(list)
    for rows in (*recount.records.values(), *recount.pending.values()):
        for row in rows:
            place = row["position"]["partition"], row["position"]["offset"]
            found[row.get("transaction", {}).get("id", "")].append(Occurrence(place, row["verdict"]))
    return found


def judge(book: Book, recount: Recount) -> Broken:
    """Every promise in the book."""
    broken, there = Broken(), occurrences(recount)
    by_place = {o.position: identity for identity, found in there.items() for o in found}
    by_id = defaultdict(list)
    for attempt in book.attempts:
        by_id[attempt.id].append(attempt)
        if attempt.position is not None and by_place.get(attempt.position) != attempt.id:
            broken.misplaced.append(f"{attempt} has {by_place.get(attempt.position)} at its place")
    for identity, attempts in by_id.items():
        if identity:
            _one(broken, identity, attempts, there.get(identity, []))
    _strangers(broken, book, recount)
    return broken


def _one(broken: Broken, identity: str, attempts: list[Any], found: list[Occurrence]) -> None:
    outcomes, told = {a.outcome for a in attempts}, f"{attempts[-1].lane} nonce {attempts[-1].nonce} {identity}"
    included = sum(o.verdict == INCLUDED for o in found)
    history = f"{told}: {[(a.outcome, a.reason, a.position) for a in attempts]} is {[(o.position, o.verdict) for o in found]}"
    if included > 1:
        broken.doubled.append(history)
    if ACKNOWLEDGED in outcomes and not included:
        if not found:
            broken.lost.append(history)
        elif any(o.verdict == PENDING for o in found):
            broken.pending.append(history)
        else:
            broken.void.append(history)
    # Only answers that say "nothing was persisted".
    if found and outcomes <= {REFUSED, UNSENT, FINAL}:
        broken.refused_but_there.append(history)
    # Lanes make nothing that is wrong; one that waits for each answer is never too late either.
    final = [a for a in attempts if a.outcome == FINAL]
    if any(a.reason != TOO_LATE or a.lane[0] in "nk" for a in final):
        broken.refused_for_good.append(f"{history}: {final[-1].code} {final[-1].message}")


def _strangers(broken: Broken, book: Book, recount: Recount) -> None:
    """Records that nobody sent; and what ingest numbered, which may be included once."""
    sent = set(book.records.values())
    memos: Counter[str] = Counter()
    for partition, topic in recount.topic.items():
        for offset, record in topic.items():
            if record.value in sent:
                continue
            if not _numbered_by_ingest(record.value, book):
                broken.never_sent.append(f"{partition}/{offset} holds {record.value.hex()}")
    for rows in recount.records.values():
        for row in rows:
            if row["verdict"] == INCLUDED and (memo := row["transaction"].get("memo")):
                memos[memo] += 1
    broken.doubled += [f"{memo} was included {times} times" for memo, times in memos.items() if times > 1]


def _numbered_by_ingest(record: bytes, book: Book) -> bool:
    try:
        moved = wire.decode(transaction.FIELDS, record)
    except wire.Malformed:
        return False
    return moved["memo"] in book.memos and book.memos[moved["memo"]] == moved["sender"]


def table(book: Book, recount: Recount, broken: Broken) -> str:
    """What became of everything, by kind of lane."""
    there = occurrences(recount)
    included = {identity for identity, found in there.items() if any(o.verdict == INCLUDED for o in found)}
    head = ("lanes", "acked", "unknown at the end", "refused (attempts)", "refused for good", "included")
    rows: list[tuple[object, ...]] = [head]
    for kind, words in KINDS.items():
        mine = [a for a in book.attempts if a.lane.startswith(kind)]
        acked = {a.id for a in mine if a.outcome == ACKNOWLEDGED}
        final = {a.id for a in mine if a.outcome == FINAL} - acked
        # Without an id each attempt stands for itself.
        unknown = {a.id or index for index, a in enumerate(mine) if a.outcome == UNKNOWN} - acked - final
        refused = sum(a.outcome == REFUSED for a in mine)
        own = {a.id for a in mine} & included
        rows.append((words, len(acked), len(unknown), refused, len(final), len(own)))
    lines = ["  | " + " | ".join(f"{cell!s:<{18 if n else 17}}" for n, cell in enumerate(row)) + " |" for row in rows]
    lines.append("  broken promises: " + ", ".join(f"{name.replace('_', ' ')} {len(found)}" for name, found in broken))
    return "\n".join(lines)


# Against the ledgers.


def read(net: services.Net, partitions: int) -> Recount:
    """Both topics as kcat gives them, added up."""
    topic = net.topic("transactions")
    blockchain, end = tools.read(net.bootstrap, net.topic("blockchain"))
    found = {partition: tools.read(net.bootstrap, topic, partition) for partition in range(partitions)}
    records, ends = {p: rows for p, (rows, _) in found.items()}, {p: last for p, (_, last) in found.items()}
    return Recount(partitions).read(blockchain, records, ends, end, {})


def agree(ledger: services.Service, recount: Recount) -> None:
    """A ledger says what the topics say."""
    channel = Channel(ledger.grpc)
    info, expected = channel.call("ledger.v1.LedgerService.GetLedgerInfo"), recount.info()
    for name in ("chain_id", "tip", "accounts", "transactions_included", "records_rejected", "supply"):
        equal(info.get(name), expected.get(name), f"{ledger.name}'s {name}")
    cursors = lambda told: [row["cursor"] for row in told["partitions"]]
    equal(cursors(info), cursors(expected), f"{ledger.name}'s cursors")
    equal(info["audit"].get("findings", 0), len(recount.findings), f"{ledger.name}'s findings")
    for name in recount.accounts:
        told = channel.call("ledger.v1.LedgerService.GetAccount", {"account": name})["account"]
        equal(told, recount.account(name, recount.tip["height"]), f"{ledger.name}'s account {name}")
    channel.close()


def settle(s: Scenario, net: services.Net, ledgers: list[Any], partitions: int, allocated: int, reward: int = 1) -> Recount:
    """Waits until blocks hold everything on the topics, in all ledgers; then all of them must say what the topics say."""
    topic = net.topic("transactions")
    ends = [tools.ends(net.bootstrap, topic, partition)[1] for partition in range(partitions)]

    def consumed() -> bool:
        for ledger in ledgers:
            states = services.info(ledger)["partitions"]
            cursors = [int(state.get("cursor", 0)) for state in states]
            check(
                all(cursor >= end for cursor, end in zip(cursors, ends, strict=True)),
                f"{ledger.name}: cursors {cursors} of {ends}",
            )
        return len({services.info(ledger)["tip"]["hash"] for ledger in ledgers}) == 1

    wait_until("blocks with all records, in all ledgers", consumed, 300, every=0.5)
    for service in net.services:
        check(service.running(), f"{service.name} ended by itself with {service.exit_code()}\n{service.tail()}")
        if service.kind == "miner":
            equal(service.stop(), 0, f"exit code of {service.name}")
    recount = read(net, partitions)
    check(not recount.findings, f"blocks differ from the topic: {recount.findings[:3]}")
    equal(recount.chain.supply(), allocated + reward * recount.tip["height"], "supply")
    wait_until("the ledgers to know the last block", lambda: _current(ledgers, recount), 60)
    for ledger in ledgers:
        agree(ledger, recount)
    lost_races = Counter(row["reason"] for row in recount.candidates)
    s.step(
        f"{len(ledgers)} ledgers agree with the topics in height {recount.tip['height']}, {len(recount.accounts)} accounts, "
        f"supply; {dict(recount.verdicts)}; other candidates {dict(lost_races)}"
    )
    return recount


def _current(ledgers: list[Any], recount: Recount) -> bool:
    for ledger in ledgers:
        found = services.info(ledger)
        equal(found["tip"]["hash"], recount.tip["hash"], f"{ledger.name}'s tip")
        equal(found["audit"]["checkedHeight"], found["tip"]["height"], f"what {ledger.name} audited")
    return True


def broken(book: Book, recount: Recount) -> list[str]:
    """Prints the table; a line for each kind of promise that was broken."""
    book.close()
    found = judge(book, recount)
    print(table(book, recount, found), flush=True)
    print(f"  answers other than OK: {dict(book.refusals())}", flush=True)
    lines = [f"{name.replace('_', ' ')}: {len(rows)}, such as\n  " + "\n  ".join(rows[:3]) for name, rows in found if rows]
    if untrue := book.refusals()[UNTRUE]:
        lines.append(f"{untrue} times a service said {UNTRUE} on a chain with blocks")
    return lines
