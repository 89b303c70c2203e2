"""Forwards ports to other containers: `forward.py 8080=api-server:8080 5432=postgres:5432`.

It runs in the only container that is connected to the host. The services behind it need no way out of their own network
for their ports to be reached. Bytes are passed on as they come. Nothing is read, kept or logged.
"""

import asyncio
import socket
import sys
from contextlib import suppress

CHUNK_BYTES = 1 << 16
CONNECT_SECONDS = 10


async def main(rules: list[str]) -> None:
    servers = []
    for rule in rules:
        port, _, target = rule.partition("=")
        host, _, target_port = target.rpartition(":")
        servers.append(await asyncio.start_server(_to(host, int(target_port)), "0.0.0.0", int(port)))  # noqa: S104
    print(f"forwards {', '.join(rules)}", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _to(host: str, port: int):
    async def forward(client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        try:
            target_in, target_out = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
        except OSError:  # the target is starting or down: the client sees a closed connection
            client_out.close()
            return
        for writer in (client_out, target_out):
            # Notice a peer that vanished without closing the connection (a sleeping laptop).
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.gather(_pass_on(client_in, target_out), _pass_on(target_in, client_out))
        for writer in (client_out, target_out):
            writer.close()

    return forward


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until the source ends. The other direction goes on, as TCP allows."""
    try:
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
        target.write_eof()
    except OSError:
        with suppress(OSError):
            target.transport.abort()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
