"""Free ports of this machine."""

import random
import socket

from kvalitet.errors import KvalitetError


def free_port(low: int = 20000, high: int = 32000, taken: frozenset[int] = frozenset()) -> int:
    """A loopback port that nobody listens on, below the range that outgoing connections use."""
    for port in random.sample(range(low, high), 200):
        if port not in taken and is_free(port):
            return port
    raise KvalitetError("No free port between 20000 and 32000 on 127.0.0.1.", "End what listens there: ss -ltn")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
