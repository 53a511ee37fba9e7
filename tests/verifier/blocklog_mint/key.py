"""Signers, honest by RFC 8032 or with parts of small order, which ZIP-215 forgives."""

import hashlib

from blocklog_verifier import ed25519


def small_order() -> ed25519.Point:
    """A point of order eight: what is left of a point when the large prime is taken out."""
    number = 2
    while True:
        point = ed25519.decode(number.to_bytes(32, "little"))
        number += 1
        if point:
            rest = ed25519.times(ed25519.L, point)
            _, y, z, _ = ed25519.double(ed25519.double(rest))
            if y != z:
                return rest


TORSION = small_order()


class Key:
    """A signer (RFC 8032). With `torsion`, its key has a part of order eight, which only the cofactor forgives."""

    def __init__(self, seed: bytes, torsion: bool = False):
        digest = hashlib.sha512(seed).digest()
        self.secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        point = ed25519.times(self.secret, ed25519.BASE)
        self.account = ed25519.encode(ed25519.add(point, TORSION) if torsion else point)

    def sign(self, message: bytes, torsion: bool = False) -> bytes:
        """64 bytes; with `torsion`, R has a part of order eight."""
        nonce = _number(self.prefix + message)
        point = ed25519.times(nonce, ed25519.BASE)
        r = ed25519.encode(ed25519.add(point, TORSION) if torsion else point)
        s = (nonce + _number(r + self.account + message) * self.secret) % ed25519.L
        return r + s.to_bytes(32, "little")


def _number(data: bytes) -> int:
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ed25519.L
