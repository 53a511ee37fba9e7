"""Proof of work: targets, their compact form, and how the work follows the time that blocks take."""

from typing import Any

WINDOW = 64
EASIEST = 1 << 256
HARDEST = 1 << 64
LARGEST_MANTISSA = 0x7FFFFF


def target(bits: int) -> int:
    """First byte exponent, low three bytes mantissa, not masked."""
    exponent, mantissa = bits >> 24, bits & 0xFFFFFF
    return mantissa * (1 << 8 * exponent) // 256**3


def compact(number: int) -> int:
    """The shortest exponent with a mantissa of at most 0x7fffff; lower bits are dropped."""
    exponent = 0
    while number * 256**3 // (1 << 8 * exponent) > LARGEST_MANTISSA:
        exponent += 1
    return exponent << 24 | number * 256**3 // (1 << 8 * exponent)


def is_canonical(bits: int) -> bool:
    """Whether its target, made compact, gives it back."""
    return compact(target(bits)) == bits


def next_bits(genesis_bits: int, interval: int, height: int, parent: dict[str, Any], grandparent_time: int) -> int:
    """The bits of the block at `height` upon a parent."""
    if interval == 0 or height <= 2:
        return genesis_bits
    solved_in = parent["timestamp_ms"] - grandparent_time
    span = WINDOW * interval
    wanted = target(parent["bits"]) // span * (span + solved_in - interval)
    if wanted >= EASIEST:
        return genesis_bits
    return compact(max(HARDEST, min(target(genesis_bits), wanted)))
