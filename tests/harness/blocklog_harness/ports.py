"""Free loopback ports."""

import random
import socket

# Below Linux's range for outgoing connections (32768 on): a port stays ours between a kill and a restart.
_LOW, _HIGH = 20_000, 32_000
_given: set[int] = set()


def free(count: int = 1) -> list[int]:
    """`count` ports that nobody listens on and that this process has not given away before."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(_LOW, _HIGH)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        found.append(port)
    return found


def is_open(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
