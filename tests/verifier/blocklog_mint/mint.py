"""A chain that grows by honest blocks and, before each, by lies."""

from random import Random
from typing import Any

from blocklog_verifier import account, block, ed25519, export, genesis, transaction
from blocklog_verifier.block import Refused
from blocklog_verifier.chain import Chain

from .draft import Draft
from .encoding import encode
from .key import Key

# Two tries or some hundred.
EASY_BITS = (0x207FFFFF, 0x2000FFFF, 0x20008000, 0x207FFF00)
# The other verifier tells the first twenty refusals.
HOSTILE = 20


class Mint:
    """One chain: `candidates` grow, `chain` follows."""

    def __init__(self, seed: str):
        self.random = Random(seed)
        self.keys = [Key(f"{seed} {n}".encode(), torsion=n == 2) for n in range(4)]
        self.by_account = {key.account: key for key in self.keys}
        self.chain = Chain()
        self.candidates: list[tuple[int, bytes]] = []
        self.known: list[bytes] = []
        self.results: list[str] = []

    def offer(self, value: bytes, append_ms: int) -> str:
        """Appends a candidate; what became of it."""
        self.candidates.append((append_ms, value))
        try:
            self.chain.apply(value, append_ms)
            self.results.append("OK")
        except Refused as refused:
            self.results.append(refused.rule)
        return self.results[-1]

    def export(self) -> bytes:
        """All candidates; now and then an offset holds none."""
        out, offset = b"", 0
        for append_ms, value in self.candidates:
            offset += self.random.choice((1, 1, 1, 2))
            out += export.write(offset, append_ms, value)
        return out

    def fill(self) -> "Mint":
        """Block 0, blocks, and lies before each."""
        self.start()
        blocks = self.random.choice((3, 5, 10))
        for _ in range(blocks):
            draft = Draft(self)
            for _ in range(HOSTILE // blocks):
                self.offer(*draft.lie())
                if self.results[-1] == "OK":
                    break
            else:
                self.offer(*draft.honest())
        return self

    # Block 0.

    def start(self) -> None:
        """A genesis that is at the edge of something."""
        r, keys = self.random, [key.account for key in self.keys]
        is_open = r.random() < 0.6
        owners = r.sample(keys + [bytes(32), b"\1" + bytes(31)] + [b"alice", b"a", b"m.1-x_y"] * is_open, r.randint(1, 5))
        amounts = [r.choice((0, 1, 1000, 10**6, 1 << 59, (1 << 59) + 1)) for _ in owners]
        rules = {
            "name": "mint",
            "timestamp_ms": r.choice((0, 10**6, (1 << 53) - 1)),
            "open": is_open,
            "partitions": r.choice((1, 2, 3)),
            "reward": r.choice((0, 1, 50, (1 << 31) - 1)),
            "bits": r.choice(EASY_BITS),
            "target_block_ms": r.choice((0, 1000, 60_000)),
            "max_block_records": r.choice((3, 8, 10_000)),
            "max_block_bytes": 65536,
            "allocations": [{"account": a, "amount": n} for a, n in zip(owners, amounts, strict=False)],
            "miners": r.sample(keys, r.choice((0, 0, 1, 2))),
            "admin": r.choice((b"", keys[0], keys[0])),
        }
        record = encode(genesis.GENESIS, rules)
        zero = encode(
            block.BLOCK,
            {
                "header": genesis.header(record, rules),
                "signature": b"",
                "records": [record],
                "verdicts": b"",
                "holes": [],
            },
        )
        if r.random() < 0.3:
            self.offer(self.spoil(zero), 0)
        self.offer(zero, 0)

    # Records.

    def spoil(self, data: bytes) -> bytes:
        """A byte changed, inserted, removed or the end cut; twice in a row sometimes."""
        r, spoilt = self.random, bytearray(data)
        at = r.randrange(len(spoilt) + 1)
        kind = r.choice(("change", "change", "bit", "insert", "remove", "cut", "append", "longer"))
        if kind == "insert" or at == len(spoilt):
            spoilt.insert(at, r.randrange(256))
        elif kind == "change":
            spoilt[at] = r.randrange(256)
        elif kind == "bit":
            spoilt[at] ^= 1 << r.randrange(8)
        elif kind == "remove":
            del spoilt[at]
        elif kind == "cut":
            del spoilt[at:]
        elif kind == "append":
            spoilt += bytes([r.choice((0x0A, 0x10, 0x12, 0x28, 0x32, 0x3A, 0x40)), r.randrange(4)])
        elif spoilt[at] < 0x80:
            # The same number in a longer varint, if it is one.
            spoilt[at : at + 1] = bytes([spoilt[at] | 0x80, 0])
        return bytes(spoilt)

    def record(self, height: int) -> bytes:
        """Something for a slice."""
        r = self.random
        kind = r.random()
        if kind < 0.08 and self.known:
            return r.choice(self.known)
        if kind < 0.12:
            return r.randbytes(r.choice((0, 1, 32, 1024, 1025)))
        record = self.transaction(height)
        self.known.append(record)
        return self.spoil(record) if kind < 0.27 else record

    def transaction(self, height: int) -> bytes:
        """A transaction at the edge of a rule."""
        r = self.random
        sender, recipient = self.party(0.1), self.party(0.1)
        order = r.random() < 0.2
        if order:
            sender = self.chain.genesis["admin"] or sender
        state = self.chain.accounts.get(sender)
        balance, nonce = (state.balance, state.nonce) if state else (0, 0)
        largest = 2**63 - 1
        moved = {
            "sender": sender,
            "recipient": b"" if order or r.random() < 0.08 else recipient,
            "amount": 0
            if order or r.random() < 0.1
            else r.choice((0, 1, 7, max(balance, 0), max(balance + 1, 1), largest, largest + 1, 2**64 - 1, 1 << 62)),
            "nonce": max(0, min(2**64 - 1, nonce + r.choice((1, 1, 2, 3, 5, 0, -1, 10)))),
            "memo": self.order()
            if order
            else r.choice(("", "", "", "m", "m", "é", "é" * 128, "x" * 256, r.choice(("é" * 128 + "x", "x" * 257)))),
            "valid_until": r.choice((0, 0, 0, height, height - 1, height + 1, 2**64 - 1)),
            "signature": b"",
        }
        moved["signature"] = self.signature(sender, moved)
        return encode(transaction.FIELDS, moved)

    def party(self, odd: float) -> bytes:
        """An account, or what only looks like one."""
        r = self.random
        if r.random() < odd:
            return r.choice(
                (
                    b"",
                    b"Alice",
                    b"-x",
                    b"bl1x",
                    b"a" * 31,
                    b"a" * 33,
                    b"a" + bytes(30),
                    b"\xff" * 32,
                    bytes(32),
                    b"\1" + bytes(31),
                    b"\xec" + b"\xff" * 30 + b"\x7f",
                    b"\xee" + b"\xff" * 31,
                )
            )
        names = [b"alice", b"a", b"m.1-x_y"] if self.chain.genesis["open"] or r.random() < 0.1 else []
        return r.choice([key.account for key in self.keys] + names)

    def signature(self, sender: bytes, moved: dict[str, Any]) -> bytes:
        """Right, or wrong in a way of its own. Without a secret: what ZIP-215 takes for keys of small order."""
        r = self.random
        if not account.is_key(sender):
            return r.choice((b"", b"", b"", b"", b"\0", bytes(64)))
        if sender not in self.by_account:
            s = r.choice((0, 0, ed25519.L, 1)).to_bytes(32, "little")
            return (
                r.choice(
                    (
                        bytes(32),
                        b"\1" + bytes(31),
                        b"\1" + bytes(30) + b"\x80",
                        b"\xee" + b"\xff" * 30 + b"\x7f",
                        b"\2" + bytes(31),
                    )
                )
                + s
            )
        try:
            message = transaction.signed_bytes(moved, self.chain.chain_id)
        except (ValueError, OverflowError):
            return b""
        return self.bent(self.by_account[sender].sign(message, torsion=r.random() < 0.2))

    def bent(self, signature: bytes) -> bytes:
        """Mostly as it is."""
        kind = self.random.random()
        if kind > 0.12:
            return signature
        s = int.from_bytes(signature[32:], "little")
        return (
            signature[:63],
            signature + b"\0",
            b"",
            self.spoil(signature),
            signature[:32] + (s + ed25519.L).to_bytes(32, "little"),
        )[int(kind / 0.024)]

    def order(self) -> str:
        """A memo that is an order, or nearly."""
        r = self.random
        text = account.text(r.choice(self.keys).account)
        version = self.chain.version
        return r.choice(
            (
                f"miner+ {text}",
                f"miner- {text}",
                f"miner+ {text}",
                f"miner- {text}",
                f"miner+  {text}",
                f"miner+ {text} ",
                f"miner+ {text.upper()}",
                f"miner- {text[:-1]}",
                f"Miner+ {text}",
                f"miner+ {text}\n",
                "miner+ alice",
                f"version {version}",
                f"version 0{version + 1}",
                f"version +{version + 1}",
                f"version {1 << 32}",
                "version ٢",
                r.choice(("version 2", "version 2\n", f"version {(1 << 32) - 1}", "version 3 ")),
            )
        )
