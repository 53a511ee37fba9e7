"""Accounts: 32 bytes are a key, 1 to 31 a name. Text of keys is bech32m (BIP-350) with prefix `bl`."""

import re

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIX = "bl"
CHECKSUM = 0x2BC830A3
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
NAME = re.compile(rb"[a-z0-9][a-z0-9._-]*")


def is_key(account: bytes) -> bool:
    """Any 32 bytes, on the curve or not."""
    return len(account) == 32


def is_name(account: bytes) -> bool:
    """A well-formed named account."""
    return 1 <= len(account) <= 31 and NAME.fullmatch(account) is not None and not account.startswith(b"bl1")


def well_formed(account: bytes, names: bool = True) -> bool:
    """A key, or a name where there are `names`."""
    return is_key(account) or (names and is_name(account))


def hashed(account: bytes) -> bytes:
    """As in hashed bytes: length u8 and the bytes."""
    return bytes([len(account)]) + account


def text(account: bytes) -> str:
    """The text form of a well-formed account."""
    if not is_key(account):
        return account.decode("ascii")
    # 256 bits in groups of 5, filled up with zeros.
    bits = int.from_bytes(account, "big") << 4
    digits = [bits >> shift & 31 for shift in range(255, -1, -5)]
    rest = _polymod(_prefix() + digits + [0] * 6) ^ CHECKSUM
    digits += [rest >> shift & 31 for shift in range(25, -1, -5)]
    return PREFIX + "1" + "".join(ALPHABET[d] for d in digits)


def parse(words: str) -> bytes | None:
    """The account of a text form; None if it is none. Only the exact text form is one."""
    if words.startswith(PREFIX + "1"):
        digits = [ALPHABET.find(c) for c in words[len(PREFIX) + 1 :]]
        if len(digits) != 58 or -1 in digits or _polymod(_prefix() + digits) != CHECKSUM:
            return None
        bits = 0
        for digit in digits[:52]:
            bits = bits << 5 | digit
        return (bits >> 4).to_bytes(32, "big") if bits & 15 == 0 else None
    account = words.encode("utf-8", "replace")
    return account if is_name(account) else None


def _prefix() -> list[int]:
    return [ord(c) >> 5 for c in PREFIX] + [0] + [ord(c) & 31 for c in PREFIX]


def _polymod(digits: list[int]) -> int:
    rest = 1
    for digit in digits:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ digit
        for n, factor in enumerate(GENERATOR):
            if top >> n & 1:
                rest ^= factor
    return rest
