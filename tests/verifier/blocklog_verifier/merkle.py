"""The log: an RFC 6962 Merkle tree; proofs are checked as in RFC 9162, 2.1.3.2 and 2.1.4.2."""

import hashlib


def sha256(data: bytes) -> bytes:
    """H of the format."""
    return hashlib.sha256(data).digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a leaf's bytes."""
    return sha256(b"\0" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\1" + left + right)


class Log:
    """The full subtrees of a growing tree, largest first: enough to append and to know the root."""

    def __init__(self, size: int = 0, peaks: tuple[bytes, ...] = ()):
        self.size, self.peaks = size, list(peaks)

    def copy(self) -> "Log":
        """One to try with."""
        return Log(self.size, tuple(self.peaks))

    def append(self, leaf: bytes) -> None:
        """Adds a leaf's bytes."""
        node, size = leaf_hash(leaf), self.size
        while size & 1:
            node, size = node_hash(self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Root over all leaves so far."""
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return root


def verify_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether a leaf's bytes stand at `index` of the tree of `size` leaves; `path` from the leaf to the root."""
    if index >= size:
        return False
    node, at, last = leaf_hash(leaf), index, size - 1
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(first: int, second: int, path: list[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether the tree of `second` leaves begins with that of `first`."""
    if first > second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == sha256(b"")
    if not path:
        return False
    if first & (first - 1) == 0:
        path = [first_root, *path]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    one = two = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            one, two = node_hash(step, one), node_hash(step, two)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            two = node_hash(two, step)
        at, last = at >> 1, last >> 1
    return last == 0 and one == first_root and two == second_root
