"""The forwarder, run as in its container, between real sockets."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kvalitet.warehouse.ports import free_port

SCRIPT = Path(__file__).parents[2] / "docker" / "forward.py"


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def port(target: socket.socket) -> Iterator[int]:
    """The port that leads to `target`. A second rule leads to a port on which nobody listens."""
    port, rules = free_port(), f"127.0.0.1:{target.getsockname()[1]}"
    with subprocess.Popen(
        [sys.executable, SCRIPT, f"{port}={rules}", f"{free_port()}=127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline().startswith("forwards")
        yield port
        process.terminate()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def read_all(source: socket.socket) -> bytes:
    return b"".join(iter(lambda: source.recv(1 << 16), b""))


def test_bytes_pass_both_ways_when_half_closed(target, port):
    with connect(port) as client:
        served, _ = target.accept()
        with served:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            assert read_all(served) == b"question"
            served.sendall(b"answer")
        assert read_all(client) == b"answer"


def test_large_transfer_arrives_whole(target, port):
    sent = bytes(range(256)) * 40_000
    with connect(port) as client:
        served, _ = target.accept()
        writing = threading.Thread(target=lambda: (served.sendall(sent), served.close()))
        writing.start()
        assert read_all(client) == sent
        writing.join()


def test_broken_off_client_closes_other_side(target, port):
    client = connect(port)
    served, _ = target.accept()
    served.settimeout(10)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset instead of a normal close
    client.close()
    with served, suppress(ConnectionResetError):
        assert served.recv(1) == b""


def test_down_target_closes_only_its_connection(target, port):
    address = target.getsockname()
    target.close()
    with connect(port) as client:
        assert read_all(client) == b""
    with socket.create_server(address) as again, connect(port) as client:
        again.settimeout(10)
        served, _ = again.accept()
        with served:
            served.sendall(b"back")
        assert read_all(client) == b"back"
