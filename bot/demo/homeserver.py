"""A real Synapse, started from this Python's packages: SQLite, loopback only, up in seconds.

Used by the demo and by the tests in `tests/real/`. Not for production: registration is by a shared secret
kept in its own folder, and rate limits are roomy.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import yaml

START_SECONDS = 90
STOP_SECONDS = 15
_PORTS = range(20_000, 32_000)
_TRIES = 3
_TAKEN = "Failed to listen"
ROOMY = {"per_second": 1000, "burst_count": 1000}


class HomeserverError(Exception):
    """Synapse did not start, or refused what the demo asked of it."""


def free_port(prefer: int = 0) -> int:
    """A TCP port that is free on the loopback interface now, `prefer` if that is one of them.

    Taken from below the range in which the kernel finds ports for outgoing connections: one from there may be in use
    again before anybody listens on it.
    """
    while True:
        port = prefer or _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
        prefer = 0


class EmbeddedHomeserver:
    """One Synapse process with its data in `folder`."""

    def __init__(
        self,
        folder: Path,
        *,
        server_name: str = "batang.test",
        port: int = 0,
        prefer: int = 0,
        settings: dict[str, Any] | None = None,
        listeners: Sequence[dict[str, Any]] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`port` it must have, `prefer` it has if that is free; else any, known once it has been started.

        `settings` overrides keys of homeserver.yaml (a test about throttling passes its own rc_message); `listeners`
        stand beside the one for clients, which is all that a homeserver has that talks to no other; `environment` is
        added to ours.
        """
        self.folder = folder
        self.server_name = server_name
        self.port = port or free_port(prefer)
        self._tries = 1 if port else _TRIES
        self._settings = settings or {}
        self._more_listeners = list(listeners)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers. Raises HomeserverError with the end of its log."""
        for left in reversed(range(self._tries)):
            try:
                self._start()
            except HomeserverError as error:
                if not left or _TAKEN not in str(error):
                    raise
                self.port = free_port()  # somebody was quicker
            else:
                self._tries = 1  # clients know its port by now
                return

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "homeserver.yaml"
        configuration.write_text(yaml.safe_dump(self._configuration()))
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(configuration)],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_parent,
                env={**os.environ, "SYNAPSE_CACHE_FACTOR": "1", "OMP_NUM_THREADS": "1", **self._environment},
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.request("GET", "/_matrix/client/versions")
            except (OSError, HomeserverError):
                time.sleep(0.1)
                continue
            if self._listens():
                return
            time.sleep(0.1)  # somebody else's: ours will end, unable to listen
        tail = (self.folder / "output.log").read_text(errors="replace")[-2000:]
        self.stop()
        raise HomeserverError(f"Synapse did not come up on {self.url}:\n{tail}")

    def _listens(self) -> bool:
        """Whether it is our process that answers on the port; two demos started at once may have found it free."""
        assert self._process is not None  # noqa: S101
        with contextlib.suppress(psutil.NoSuchProcess):
            sockets = psutil.Process(self._process.pid).net_connections("tcp")
            return any(one.status == psutil.CONN_LISTEN and one.laddr.port == self.port for one in sockets)
        return False

    def stop(self, *, kill: bool = False) -> None:
        """Stop the process; with `kill`, as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> EmbeddedHomeserver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def user_id(self, localpart: str) -> str:
        """The full Matrix id of a local user."""
        return f"@{localpart}:{self.server_name}"

    def register(self, localpart: str, password: str, *, admin: bool = False) -> dict[str, Any]:
        """Create an account by the shared secret (Synapse admin API, "Shared-Secret Registration").

        Returns `{"user_id", "access_token", "device_id", "home_server"}`.
        """
        nonce = self.request("GET", "/_synapse/admin/v1/register")["nonce"]
        role = "admin" if admin else "notadmin"
        message = "\0".join((nonce, localpart, password, role)).encode()
        mac = hmac.new(self._secret().encode(), message, hashlib.sha1).hexdigest()
        return self.request(
            "POST",
            "/_synapse/admin/v1/register",
            {"nonce": nonce, "username": localpart, "password": password, "admin": admin, "mac": mac},
        )

    def request(self, method: str, path: str, body: Any = None, token: str | None = None) -> dict[str, Any]:
        """One HTTP call for setting things up. Raises HomeserverError on an error status, OSError when unreachable."""
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")[:500]
            raise HomeserverError(f"{method} {path.split('?')[0]}: {error.code} {detail}") from None

    def resolve(self, alias: str) -> str:
        """The room id behind an alias."""
        return str(self.request("GET", f"/_matrix/client/v3/directory/room/{quote(alias, safe='')}")["room_id"])

    def lift_rate_limit(self, user_id: str, admin_token: str) -> None:
        """No message rate limit for this user (Synapse admin API, "Override ratelimiting for users")."""
        self.request(
            "POST",
            f"/_synapse/admin/v1/users/{user_id}/override_ratelimit",
            {"messages_per_second": 0, "burst_count": 0},
            admin_token,
        )

    def _secret(self, name: str = "registration_secret") -> str:
        """A secret of this homeserver's own, the same after a restart."""
        return self._private(name, secrets.token_hex(32)).read_text()

    def _private(self, name: str, text: str) -> Path:
        """A file with this text, made only once; nobody else can read it."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(text)
        return path

    def _signing_key(self) -> Path:
        """What `synapse.app.homeserver --generate-config` would take seconds to write: algorithm, name, seed."""
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        return self._private("signing.key", f"ed25519 a_{secrets.token_hex(2)} {seed}\n")

    def _log_config(self) -> Path:
        path = self.folder / "log.yaml"
        handler = {"class": "logging.FileHandler", "filename": str(self.folder / "homeserver.log"), "formatter": "line"}
        line = {"format": "%(asctime)s - %(name)s - %(levelname)s - %(message)s"}
        root = {"level": "WARNING", "handlers": ["file"]}
        path.write_text(
            yaml.safe_dump({"version": 1, "formatters": {"line": line}, "handlers": {"file": handler}, "root": root})
        )
        return path

    def _configuration(self) -> dict[str, Any]:
        return {
            "server_name": self.server_name,
            "pid_file": str(self.folder / "homeserver.pid"),
            "media_store_path": str(self.folder / "media_store"),
            "log_config": str(self._log_config()),
            "signing_key_path": str(self._signing_key()),
            "macaroon_secret_key": self._secret("macaroon_secret"),
            "form_secret": self._secret("form_secret"),
            "listeners": [
                {
                    "port": self.port,
                    "type": "http",
                    "tls": False,
                    "bind_addresses": ["127.0.0.1"],
                    "resources": [{"names": ["client"]}],
                },
                *self._more_listeners,
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "public_baseurl": self.url + "/",
            "registration_shared_secret": self._secret(),
            "trusted_key_servers": [],
            "report_stats": False,
            "max_upload_size": "100M",
            "enable_authenticated_media": True,
            "rc_message": ROOMY,
            "rc_registration": ROOMY,
            "rc_login": {"address": ROOMY, "account": ROOMY, "failed_attempts": ROOMY},
            "rc_joins": {"local": ROOMY, "remote": ROOMY},
            "rc_invites": {"per_room": ROOMY, "per_user": ROOMY, "per_issuer": ROOMY},
            "rc_room_creation": ROOMY,
            "presence": {"enabled": False},
            **self._settings,
        }


def _die_with_parent() -> None:
    """Linux: the kernel ends the homeserver when its parent dies, however it dies (prctl PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
