"""Transactions of all sorts: valid ones, and some for each way in which a record can be refused."""

from dataclasses import dataclass
from random import Random
from typing import Any

from blocklog_mint.encoding import encode
from blocklog_mint.key import Key
from blocklog_verifier import account, transaction

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    FAST = True
except ImportError:
    FAST = False

FUNDS = 10**9
LARGEST = 2**63 - 1
# How many of a hundred and something.
WEIGHTS = {
    "transfer": 50,
    "signed": 18,
    "note": 4,
    "to_itself": 2,
    "repeated": 3,
    "late": 2,
    "poor": 2,
    "overflowing": 2,
    "expired": 2,
    "garbage": 2,
    "spoilt": 2,
    "bad_account": 2,
    "long_memo": 2,
    "empty": 2,
    "forged": 3,
    "too_large": 1,
}
# Ingest refuses what no chain would take.
STATELESS = {"garbage", "spoilt", "bad_account", "long_memo", "empty", "forged", "too_large"}


class Signer:
    """A key account; with `cryptography` it signs fast."""

    def __init__(self, seed: bytes):
        self._slow = Key(seed)
        self.account = self._slow.account
        self._fast = Ed25519PrivateKey.from_private_bytes(seed) if FAST else self._slow

    def sign(self, message: bytes) -> bytes:
        return self._fast.sign(message)


@dataclass(frozen=True)
class Made:
    """A record, and how it is to be published: by ingest, or straight to a partition."""

    kind: str
    value: bytes
    partition: int | None


class Mixture:
    """A source of records. Each sender publishes in one way only, so that its transactions keep their order."""

    def __init__(self, seed: str, names: int = 300, keys: int = 40, partitions: int = 2):
        self.random, self.partitions, self.chain_id, self.open = Random(seed), partitions, b"", True
        self.signers = [Signer(self.random.randbytes(32)) for _ in range(keys)]
        # Nobody gives them anything, but for chance.
        self.paupers = [Signer(self.random.randbytes(32)) for _ in range(5)]
        self.names = [f"name-{n}".encode() for n in range(names)]
        self.nonces: dict[bytes, int] = {}
        self.known: list[Made] = []

    def allocations(self) -> list[str]:
        """What genesis must give: `ACCOUNT=AMOUNT`."""
        return [f"{account.text(signer.account)}={FUNDS}" for signer in self.signers]

    def take(self, count: int) -> list[Made]:
        """The next records."""
        kinds = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count)
        return [self.one(kind) for kind in kinds]

    def one(self, kind: str) -> Made:
        """A record of a kind."""
        made: Made = getattr(self, f"_{kind}")(kind)
        return made

    def _made(self, kind: str, sender: bytes, value: bytes) -> Made:
        # By the sender's bytes, so that a third goes by ingest.
        straight = kind in STATELESS or not (self.open or account.is_key(sender))
        way = self.random.randrange(self.partitions) if straight else sum(sender) % (self.partitions + 1)
        made = Made(kind, value, way if way < self.partitions else None)
        if kind not in STATELESS:
            self.known.append(made)
        return made

    def _record(self, kind: str, by: bytes | Signer, **fields: object) -> Made:
        """A transaction with the next nonce of `by`, a name or a signer; signed if it can be; `fields` override."""
        owner = by if isinstance(by, bytes) else by.account
        nonce = self.nonces.get(owner, 0) + self.random.choice((1, 1, 1, 2, 50))
        memo = self.random.choice(("", "", "rent", "café ☕", "x" * 256))
        moved: dict[str, Any] = {
            "sender": owner,
            "recipient": self._anybody(),
            "amount": self.random.randint(1, 9),
            "nonce": nonce,
            "memo": memo,
            "valid_until": self.random.choice((0, 0, 0, 10**6)),
            "signature": b"",
            **fields,
        }
        if kind not in STATELESS:
            self.nonces[owner] = max(moved["nonce"], self.nonces.get(owner, 0))
        if isinstance(by, Signer) and "signature" not in fields:
            moved["signature"] = by.sign(transaction.signed_bytes(moved, self.chain_id))
        return self._made(kind, owner, encode(transaction.FIELDS, moved))

    def _anybody(self) -> bytes:
        r = self.random
        return r.choice(self.names) if self.open and r.random() < 0.7 else r.choice(self.signers).account

    def _name(self) -> bytes | Signer:
        """Who sends without a signature; on a chain without names somebody who signs."""
        named: list[bytes | Signer] = [*self.names]
        return self.random.choice(named if self.open or self.random.random() < 0.2 else self.signers)

    def _transfer(self, kind: str) -> Made:
        return self._record(kind, self._name())

    def _signed(self, kind: str) -> Made:
        return self._record(kind, self.random.choice(self.signers))

    def _note(self, kind: str) -> Made:
        return self._record(kind, self._name(), recipient=b"", amount=0, memo="a note to nobody")

    def _to_itself(self, kind: str) -> Made:
        sender = self.random.choice(self.signers)
        return self._record(kind, sender, recipient=sender.account)

    def _repeated(self, kind: str) -> Made:
        return self.random.choice(self.known) if self.known else self._transfer("transfer")

    def _late(self, kind: str) -> Made:
        sender = self._name()
        owner = sender if isinstance(sender, bytes) else sender.account
        return self._record(kind, sender, nonce=self.random.randint(1, max(1, self.nonces.get(owner, 0))))

    def _poor(self, kind: str) -> Made:
        sender = self.random.choice(self.paupers + self.signers[:3])
        return self._record(kind, sender, amount=self.random.choice((FUNDS * 2, LARGEST, 2**64 - 1)))

    def _overflowing(self, kind: str) -> Made:
        return self._record(
            kind, self._name(), recipient=b"sink" if self.open else self._anybody(), amount=LARGEST - self.random.randrange(3)
        )

    def _expired(self, kind: str) -> Made:
        return self._record(kind, self._name(), valid_until=1)

    def _garbage(self, kind: str) -> Made:
        return self._made(kind, b"", self.random.randbytes(self.random.choice((1, 2, 32, 500, 1024))))

    def _spoilt(self, kind: str) -> Made:
        """Nearly a transaction: not canonical, or cut."""
        good = self._record(kind, self._name()).value
        bad = self.random.choice((good + b"\x10\x00", good[:-1], b"\x0a\x00" + good, good + b"\x40\x01"))
        return self._made(kind, b"", bad)

    def _bad_account(self, kind: str) -> Made:
        odd = self.random.choice((b"UPPER", b"-dash", b"bl1name", b"a" * 33, b"sp ace"))
        return self._record(
            kind,
            self._name(),
            **self.random.choice(
                (
                    {"sender": odd},
                    {"recipient": odd},
                    {"recipient": b"", "amount": 3},
                    {"sender": b""},
                )
            ),
            signature=b"",
        )

    def _long_memo(self, kind: str) -> Made:
        return self._record(kind, self._name(), memo=self.random.choice(("x" * 257, "é" * 129, "y" * 400)), signature=b"")

    def _empty(self, kind: str) -> Made:
        return self._record(kind, self._name(), amount=0, memo="", signature=b"")

    def _forged(self, kind: str) -> Made:
        """A signature that is another's, absent, or where none may be."""
        signer, other = self.random.sample(self.signers, 2)
        if self.open and self.random.random() < 0.3:
            return self._record(kind, self.random.choice(self.names), signature=bytes(64))
        return self._record(kind, signer, signature=self.random.choice((b"", other.sign(b"x"), bytes(64), b"short")))

    def _too_large(self, kind: str) -> Made:
        return self._made(kind, b"", b"\x0a" + self.random.randbytes(self.random.choice((1024, 1500, 9000))))
