"""Slack, Discord and Telegram on loopback: the same hosts, over TLS, reached through a proxy.

A client that asks the proxy for ``hooks.slack.com`` gets a connection to this process, which speaks TLS with a
certificate for that name. So what is tried is what is used: addresses, headers, certificates and all.
"""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SLACK, DISCORD, TELEGRAM = HOSTS = ("hooks.slack.com", "discord.com", "api.telegram.org")

TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01"
ADDRESSES = {
    SLACK: "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    DISCORD: f"https://discord.com/api/webhooks/1122334455/{TOKEN}",
    TELEGRAM: f"tgram://123456789:{TOKEN[:35]}/4711",
}

GOOD: Mapping[str, tuple[int, bytes]] = {
    SLACK: (200, b"ok"),
    DISCORD: (204, b""),
    TELEGRAM: (200, b'{"ok": true, "result": {"message_id": 1}}'),
}


@dataclass
class ChatServices:
    """What has arrived, and what is answered: ``answers`` in turn, then what the service answers on a good day."""

    arrived: list[tuple[str, str, Any]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    hold: threading.Event | None = None
    """Nothing is answered before it is set."""
    proxy: str = ""
    authority: Path = Path()

    def to(self, host: str) -> list[Any]:
        """Bodies that have arrived at a host."""
        return [body for where, _, body in self.arrived if where == host]

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process here."""
        return {"HTTPS_PROXY": self.proxy, "REQUESTS_CA_BUNDLE": str(self.authority), "NO_PROXY": "127.0.0.1"}


@contextmanager
def chat_services(folder: Path) -> Iterator[ChatServices]:
    """The services, with their certificates in a folder."""
    services = ChatServices()
    services.authority = folder / "authority.pem"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(_certificates(folder, services.authority))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                self._answer()
            except (OSError, ssl.SSLError):
                return

        def _answer(self) -> None:
            host = self._head(self.request)[0].split(b" ")[1].partition(b":")[0].decode()
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with tls.wrap_socket(self.request, server_side=True) as connection:
                first, length = self._head(connection)
                body = b""
                while len(body) < length:
                    body += connection.recv(65_536)
                services.arrived.append((host, first.split(b" ")[1].decode(), json.loads(body)))
                if services.hold is not None:
                    services.hold.wait()
                status, answer = services.answers.pop(0) if services.answers else GOOD[host]
                head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Length: {len(answer)}\r\n"
                connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + answer)

        @staticmethod
        def _head(connection: Any) -> tuple[bytes, int]:
            """The first line, and how long the body is."""
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                got = connection.recv(1)
                if not got:
                    raise OSError("ended")
                head += got
            lines = head.split(b"\r\n")
            lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
            return lines[0], lengths[0] if lengths else 0

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        services.proxy = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield services
        if services.hold is not None:
            services.hold.set()
        server.shutdown()


def _certificates(folder: Path, authority: Path) -> Path:
    """A certificate for all hosts, with its key, signed by an authority of the tests."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    own, its = keys
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests of viral_assets")])
    host = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOSTS[0])])
    usage = {
        "digital_signature": True,
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False),
        **dict.fromkeys(("encipher_only", "decipher_only"), False),
    }
    made = []
    for subject, key, is_authority in ((name, own, True), (host, its, False)):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(**usage, key_cert_sign=is_authority, crl_sign=is_authority),
                critical=True,
            )
        )
        if not is_authority:
            names = [x509.DNSName(each) for each in HOSTS]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made.append(builder.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    authority.write_bytes(made[0])
    path = folder / "services.pem"
    secret = its.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made[1] + secret)
    return path
