"""The reader of promises must see each that is broken: `python3 -m unittest discover tests/harness`."""

import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from blocklog_harness import lanes, promises, tools
from blocklog_harness.contract import contract
from blocklog_harness.lanes import ACKNOWLEDGED, FINAL, REFUSED, UNKNOWN, Attempt

CHAIN = bytes(32)


class OfOneTransaction(unittest.TestCase):
    """What clients were told on the left, what the topics hold on the right."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.book = lanes.Book(Path(folder.name) / "attempts.jsonl")
        self.addCleanup(self.book.close)
        self.lane = lanes.Lane("s0", self.book, CHAIN, [])
        self.identity, self.record = self.lane.record(1)

    def told(self, outcome: str, code: str = "", reason: str = "", offset: int | None = None) -> None:
        place = None if offset is None else (0, offset)
        self.book.note(Attempt("s0", self.identity, 1, outcome, code, reason, position=place))

    def broken(self, *verdicts: str, record: bytes | None = None) -> set[str]:
        """The kinds of promises that are broken when the topic holds the record at offsets 0, 1, …, with these verdicts."""
        value = self.record if record is None else record
        row = lambda n, verdict: {
            "position": {"partition": 0, "offset": n},
            "verdict": f"VERDICT_{verdict}",
            "transaction": {"id": self.identity},
        }
        rows = [row(n, verdict) for n, verdict in enumerate(verdicts)]
        recount: Any = SimpleNamespace(
            records={0: [row for row in rows if row["verdict"] != promises.PENDING]},
            pending={0: [row for row in rows if row["verdict"] == promises.PENDING]},
            topic={0: {n: tools.Record(n, 0, value) for n, _ in enumerate(verdicts)}},
        )
        return {name for name, found in promises.judge(self.book, recount) if found}

    def test_an_acknowledged_one_is_included_once(self):
        self.told(ACKNOWLEDGED, offset=0)
        self.assertEqual(self.broken("INCLUDED"), set())
        self.assertEqual(self.broken("INCLUDED", "NONCE_TOO_LOW"), set())
        self.assertEqual(self.broken("INCLUDED", "INCLUDED"), {"doubled"})
        self.assertEqual(self.broken("NONCE_TOO_LOW"), {"void"})
        self.assertEqual(self.broken("PENDING"), {"pending"})

    def test_an_acknowledged_one_is_there_and_where_it_is_said_to_be(self):
        self.told(ACKNOWLEDGED, offset=5)
        self.assertEqual(self.broken("INCLUDED"), {"misplaced"})
        self.assertEqual(self.broken(), {"lost", "misplaced"})

    def test_a_copy_that_is_void_may_be_the_acknowledged_one(self):
        self.told(UNKNOWN, reason="OUTCOME_UNKNOWN")
        self.told(ACKNOWLEDGED, offset=1)
        self.assertEqual(self.broken("INCLUDED", "NONCE_TOO_LOW"), set())

    def test_what_was_not_persisted_is_absent(self):
        self.told(REFUSED, "UNAVAILABLE", "LOG_UNAVAILABLE")
        self.assertEqual(self.broken(), set())
        self.assertEqual(self.broken("INCLUDED"), {"refused_but_there"})
        self.assertEqual(self.broken("PENDING"), {"refused_but_there"})

    def test_an_unknown_outcome_promises_nothing_but_that_there_is_at_most_one(self):
        self.told(UNKNOWN, reason="OUTCOME_UNKNOWN")
        for verdicts in ((), ("INCLUDED",), ("NONCE_TOO_LOW",)):
            self.assertEqual(self.broken(*verdicts), set())
        self.assertEqual(self.broken("INCLUDED", "INCLUDED"), {"doubled"})

    def test_only_what_comes_too_late_is_refused_for_good(self):
        self.told(UNKNOWN, reason="OUTCOME_UNKNOWN")
        self.told(FINAL, "FAILED_PRECONDITION", promises.TOO_LATE)
        self.assertEqual(self.broken(), set())
        self.assertEqual(self.broken("INCLUDED"), set())
        self.told(FINAL, "INVALID_ARGUMENT", "EMPTY")
        self.assertEqual(self.broken(), {"refused_for_good"})

    def test_what_was_only_ever_refused_is_absent_too(self):
        self.told(FINAL, "FAILED_PRECONDITION", promises.TOO_LATE)
        self.assertEqual(self.broken("NONCE_TOO_LOW"), {"refused_but_there"})

    def test_nothing_is_there_that_nobody_sent(self):
        self.assertEqual(self.broken("INCLUDED"), set())
        self.assertEqual(self.broken("INCLUDED", record=b"other"), {"never_sent"})

    def test_what_ingest_numbered_is_known_by_its_memo(self):
        _, numbered = self.lane.record(7, memo="u0-1")
        self.book.records.clear()
        self.assertEqual(self.broken("NONCE_TOO_LOW", record=numbered), {"never_sent"})
        self.book.memos["u0-1"] = self.lane.sender
        self.assertEqual(self.broken("NONCE_TOO_LOW", record=numbered), set())


class OfAnswers(unittest.TestCase):
    """What a client may conclude."""

    def test_codes_and_reasons(self):
        for code, reason, expected in (
            ("UNAVAILABLE", "LOG_UNAVAILABLE", REFUSED),
            ("RESOURCE_EXHAUSTED", "OVERLOADED", REFUSED),
            ("DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN", UNKNOWN),
            ("UNAVAILABLE", "", UNKNOWN),
            ("FAILED_PRECONDITION", "NO_CHAIN", REFUSED),
            ("INVALID_ARGUMENT", "EMPTY", FINAL),
        ):
            self.assertEqual(lanes.outcome(code, reason), expected, f"{code} {reason}")

    def test_a_map_is_read(self):
        entry = b"\x0a\x02id\x12\x02ab"
        found = contract().decode("blocklog.ingest.v1.Refusal", b"\x22" + bytes([len(entry)]) + entry)
        self.assertEqual(found, {"metadata": {"id": "ab"}})


if __name__ == "__main__":
    unittest.main()
