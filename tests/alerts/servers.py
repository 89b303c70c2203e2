"""A real mail server and a real HTTP server on this machine. Each keeps what it was sent."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller

from kvalitet.warehouse.ports import free_port

# The server logs every connection, and the log handler of an earlier test may be closed by now.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass
class MailServer:
    """With `refuses`, every message gets a permanent refusal that repeats the recipient, as on some servers."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        if self.refuses:
            return f"554 no mail for {envelope.rcpt_tos[0]}"
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.url = f"smtp://127.0.0.1:{controller.port}?tls=off"
    try:
        yield handler
    finally:
        controller.stop()


@dataclass
class HttpServer:
    """Every post is answered with `status`. `before_answer` runs once the post has been kept."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    before_answer: Any = None


@contextmanager
def http_server() -> Iterator[HttpServer]:
    kept = HttpServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posts.append(json.loads(body))
            if kept.before_answer:
                kept.before_answer()
            self.send_response(kept.status)
            self.send_header("Location", "/login")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:  # the target of a redirect: an empty page
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the server's log out of the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hooks/s3cret-token"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
