"""A mail server on loopback that keeps what it gets, and misbehaves where it is told to."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

Fault = Literal["", "busy", "refuses the recipient", "refuses the mail", "ends after the mail", "says nothing after it"]


@dataclass
class MailServer:
    """``mails`` are those that were taken."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    fault: Fault = ""
    over: threading.Event = field(default_factory=threading.Event)

    def address(self, more: str = "") -> str:
        """For a channel."""
        return f"mailto://127.0.0.1:{self.port}/?from=desk@example.com&to=team@example.com&mode=insecure{more}"


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        mail = self.server.mail
        if mail.fault == "busy":
            self.say("421 try again later")
            return
        self.say("220 mail.example.com")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                mail.recipients.append(line.decode().strip())
                self.say("550 nobody of that name" if mail.fault == "refuses the recipient" else "250 ok")
            elif word == b"DATA":
                self.say("354 go on")
                if not self.take(mail):
                    return
            else:
                self.say("250 ok")

    def take(self, mail: MailServer) -> bool:
        """Read a mail, and answer it; whether the connection goes on."""
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            content += self.rfile.readline()
        if mail.fault == "refuses the mail":
            self.say("451 not now")
            return True
        message = email.message_from_bytes(content[:-5], policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        mail.mails.append(message)
        if mail.fault == "says nothing after it":
            mail.over.wait()
        if mail.fault:
            return False
        self.say("250 taken")
        return True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mail: MailServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mail = mail


@contextmanager
def mail_server() -> Iterator[MailServer]:
    mail = MailServer()
    with _Server(mail) as server:
        mail.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield mail
        mail.over.set()
        server.shutdown()
