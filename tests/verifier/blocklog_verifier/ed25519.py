"""Ed25519 signatures by the rules of ZIP-215: encodings need not be canonical, S must, and the equation has the cofactor.

    valid = A and R decode, S < L, and [8]([S]B - R - [k]A) = 0, with k = SHA-512(R || A || message) mod L

`cryptography`, where installed, answers first; whatever it refuses is decided here. What it accepts ZIP-215 accepts
too: its backends take a signature if A decodes, S < L (checked here first, so that nothing hangs on a backend), and
either [S]B - [k]A encodes to the very bytes of R, or the equation with the cofactor holds. In the first case R decodes
to that point, since every encoding of a point is one that ZIP-215 reads as that point; so [S]B - R - [k]A is zero, and
eight times zero is zero. The second is ZIP-215's own. k is of the same bytes in both, and a decoder that is stricter
about A only refuses more: y (mod p) and the sign leave one point, and no choice.
"""

import hashlib
from functools import lru_cache

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    FAST = True
except ImportError:
    FAST = False

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
# X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z.
Point = tuple[int, int, int, int]
ZERO: Point = (0, 1, 1, 0)


def fast_path() -> str:
    """What checks first, in words."""
    return "cryptography, then this ZIP-215 check" if FAST else "this ZIP-215 check alone"


# The same record is judged again in every copy of a candidate.
@lru_cache(maxsize=1 << 14)
def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is valid. Bytes of any length."""
    if len(key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    return _quick(key, signature, message) or zip215(key, signature, message)


def _quick(key: bytes, signature: bytes, message: bytes) -> bool:
    """False: not known."""
    if not FAST:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def zip215(key: bytes, signature: bytes, message: bytes) -> bool:
    """The whole check, in Python: a key of 32 bytes and a signature of 64."""
    s = int.from_bytes(signature[32:], "little")
    a, r = decode(key), decode(signature[:32])
    if s >= L or a is None or r is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    rest = add(_two_products(s, k, negative(a)), negative(r))
    for _ in range(3):
        rest = add(rest, rest)
    return rest[0] == 0 and rest[1] == rest[2]


@lru_cache(maxsize=1 << 12)
def decode(encoded: bytes) -> Point | None:
    """The point of 32 bytes; y is taken mod p, and zero has two signs."""
    number = int.from_bytes(encoded, "little")
    y, sign = (number & (1 << 255) - 1) % P, number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    # x = sqrt(u / v), as RFC 8032 takes it, with one power.
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
        if (v * x * x - u) % P:
            return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def point_of(encoded: bytes) -> Point:
    """The point of 32 bytes that are known to have one."""
    point = decode(encoded)
    if point is None:
        raise ValueError(f"{encoded.hex()} is no point")
    return point


def encode(point: Point) -> bytes:
    """The canonical 32 bytes."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def negative(point: Point) -> Point:
    """Its inverse in the group."""
    x, y, z, t = point
    return (-x % P, y, z, -t % P)


def add(one: Point, two: Point) -> Point:
    """The sum; complete on this curve, so it doubles too."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = two
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = 2 * D * t1 * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def double(point: Point) -> Point:
    """The same as `add` of itself, with fewer products."""
    x, y, z, _ = point
    a, b = x * x, y * y
    g, h = b - a, -a - b
    e = (x + y) * (x + y) + h
    f = g - 2 * z * z
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor: int, point: Point) -> Point:
    """A product, in no constant time: it is for checking."""
    return _two_products(0, factor, point)


# y = 4/5, and x is even.
BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def _multiples(point: Point) -> list[Point]:
    rows = [ZERO]
    for _ in range(15):
        rows.append(add(rows[-1], point))
    return rows


BASE_MULTIPLES = _multiples(BASE)


def _two_products(s: int, k: int, point: Point) -> Point:
    """[s]B + [k]point, four bits at a time."""
    multiples = _multiples(point)
    total = ZERO
    for shift in range(252, -1, -4):
        for _ in range(4):
            total = double(total)
        total = add(total, BASE_MULTIPLES[s >> shift & 15])
        total = add(total, multiples[k >> shift & 15])
    return total
