"""Two real Synapses that federate over TLS on loopback: the police's own and an agency's, and nobody else.

Each has a certificate of a small authority made for the run. Their names carry the port, so that neither well-known
files nor a name server are asked; names under `.test` mean this machine to them. Each lets in only the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.demo.homeserver import EmbeddedHomeserver, free_port

HOSTS = {"ours": "polres.test", "agency": "bpbd.test"}
"""Two hosts, not two ports of one: an ACL knows servers by their host."""
LOOPBACK = """
import socket
_ask = socket.getaddrinfo
def getaddrinfo(host, *more, **options):
    name = host.decode() if isinstance(host, bytes) else host
    return _ask("127.0.0.1" if isinstance(name, str) and name.endswith(".test") else host, *more, **options)
socket.getaddrinfo = getaddrinfo
"""
"""Python's `sitecustomize` of both homeservers."""
ADMIN, PASSWORD = "operator", "a-password"
IMPATIENT = {
    "destination_min_retry_interval": "1s",
    "destination_max_retry_interval": "1s",
    "client_timeout": "10s",
    "max_long_retries": 1,
    "max_long_retry_delay": "1s",
}
"""A server that was away is asked again at once, where ten minutes are usual."""


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Kentongan test authority")
        self.path = folder / "authority.pem"
        alone = x509.BasicConstraints(ca=True, path_length=0)
        self.path.write_bytes(_pem(self._sign(self._name, self._key, alone)))

    def certificate(self, name: str) -> dict[str, str]:
        """A server's certificate and its key, as homeserver.yaml names them."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName([x509.DNSName(HOSTS[name])])
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(_pem(self._sign(_name(HOSTS[name]), key, hosts)))
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return {"tls_certificate_path": str(certificate), "tls_private_key_path": str(secret)}

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )


@dataclass(frozen=True)
class Federation:
    """Both homeservers, running."""

    ours: EmbeddedHomeserver
    agency: EmbeddedHomeserver
    agency_admin: str
    """Access token of the agency's administrator."""
    authority: Path
    """Certificate of the authority that both believe."""

    def register(self, localpart: str) -> str:
        """An account of the agency with PASSWORD and no message rate limit; its user id."""
        user_id = str(self.agency.register(localpart, PASSWORD)["user_id"])
        self.agency.lift_rate_limit(user_id, self.agency_admin)
        return user_id


@contextmanager
def federation(folder: Path, **settings: Any) -> Iterator[Federation]:
    """Both running; they end with the block. `settings` go to both."""
    authority = Authority(folder / "certificates")
    (folder / "sitecustomize.py").write_text(LOOPBACK)
    ports = {name: free_port() for name in HOSTS}
    names = [f"{HOSTS[name]}:{port}" for name, port in ports.items()]
    servers = {name: _server(folder, authority, name, port, names, settings) for name, port in ports.items()}
    with ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(server)
        admin = servers["agency"].register(ADMIN, PASSWORD, admin=True)["access_token"]
        yield Federation(servers["ours"], servers["agency"], admin, authority.path)


def _server(
    folder: Path, authority: Authority, name: str, port: int, names: list[str], settings: dict[str, Any]
) -> EmbeddedHomeserver:
    listener = {
        "port": port,
        "type": "http",
        "tls": True,
        "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["federation"]}],
    }
    mine = {
        **authority.certificate(name),
        "bcrypt_rounds": 4,
        "federation_custom_ca_list": [str(authority.path)],
        "federation_domain_whitelist": names,
        "federation_ip_range_blacklist": [],
        "ip_range_blacklist": [],
        "federation": IMPATIENT,
        **settings,
    }
    return EmbeddedHomeserver(
        folder / name,
        server_name=f"{HOSTS[name]}:{port}",
        settings=mine,
        listeners=[listener],
        environment={"PYTHONPATH": os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", "")))},
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
