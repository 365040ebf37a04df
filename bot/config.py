"""The one configuration file, typed. An unknown or bad key is an error that names file, line and key.

Secrets never stand in the file: each comes from an environment variable (`*_env`) or a file (`*_file`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.problem import ContentError, Problem
from bot.yamlfile import read, validate

KEY_BYTES = 32


class Section(BaseModel):
    """Base of every section: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Homeserver(Section):
    """Where the bot lives and who it is."""

    url: str = Field(pattern=r"^https?://")
    """Base URL of the client-server API."""
    user_id: str = Field(pattern=r"^@[^:\s]+:\S+$")
    device_name: str = "Kentongan"
    password_env: str | None = "KENTONGAN_PASSWORD"  # noqa: S105 - names a variable
    password_file: Path | None = None
    access_token_env: str | None = "KENTONGAN_ACCESS_TOKEN"  # noqa: S105
    access_token_file: Path | None = None
    admin_token_env: str | None = "KENTONGAN_ADMIN_TOKEN"  # noqa: S105
    """An administrator's access token, for registration codes and for reading what people report with their client's
    button; never the bot's own."""
    admin_token_file: Path | None = None
    allowed_servers: list[str] = []
    """Servers whose people may invite the bot; its own is always allowed."""
    proxy: str | None = None

    @property
    def server_name(self) -> str:
        """The bot's own server."""
        return self.user_id.split(":", 1)[1]


class Secrets(Section):
    """Keys of our own: made at first start when the file is missing, and part of every backup."""

    pickle_key_env: str | None = "KENTONGAN_PICKLE_KEY"
    pickle_key_file: Path = Path("var/secrets/pickle.key")
    """Encrypts the crypto store and the cross-signing seeds."""
    audit_key_env: str | None = "KENTONGAN_AUDIT_KEY"
    audit_key_file: Path = Path("var/secrets/audit.key")
    """Chains the audit; kept outside the database so that who edits the database cannot forge the chain."""


class Paths(Section):
    """Where things stand; relative paths are relative to the configuration file."""

    data: Path = Path("var/data")
    """Database, crypto store, audio."""
    flows: Path = Path("flows")
    rooms: Path = Path("rooms")
    places: Path = Path("places")


class Speech(Section):
    """Turning voice notes into words."""

    model: str = "base"
    """A name from the model cache (base, small, large-v3-turbo …) or a folder's path."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: str = "int8"
    language: str = "id"
    """Pinned: left to guess, one note in five is taken for another language."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 5
    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """Worker processes of one thread each; 0: one for each core, as long as there is memory for them."""
    recycle_after: Annotated[int, Field(ge=1)] = 200
    """Notes after which a worker is replaced."""
    worker_memory_mb: Annotated[int, Field(ge=300)] = 600
    max_bytes: Annotated[int, Field(ge=1024)] = 20_000_000
    max_seconds: Annotated[int, Field(ge=10, le=3600)] = 900
    window_seconds: Annotated[int, Field(ge=5, le=30)] = 30
    timeout_seconds: Annotated[int, Field(ge=5)] = 120
    """For one window; past it the worker is ended and the window counts as failed."""
    notice_seconds: Annotated[int, Field(ge=1, le=600)] = 10
    """A note that has waited so long is told in its thread that its transcript comes later."""
    alarm_seconds: Annotated[int, Field(ge=10)] = 180
    """A note that has waited so long raises an alarm in the operations room."""
    alarm_depth: Annotated[int, Field(ge=2)] = 60
    """So many waiting notes raise it, too; it ends below half of both."""
    late_seconds: Annotated[int, Field(ge=0)] = 120
    """A transcript that comes later says so."""
    stale_seconds: Annotated[int, Field(ge=0)] = 1200
    """A transcript that comes later no longer alerts, but is logged."""

    @model_validator(mode="after")
    def _late_before_stale(self) -> Speech:
        if self.late_seconds >= self.stale_seconds:
            raise ValueError("late_seconds must be less than stale_seconds")
        return self


class Chat(Section):
    """Answering one person: what keeps two bots from talking to each other for ever."""

    max_answers: Annotated[int, Field(ge=3, le=1000)] = 30
    """So many answers to one person in one room within the window; then a word, and silence until it has passed."""
    window_minutes: Annotated[int, Field(ge=1, le=1440)] = 10


class Links(Section):
    """What posters and the page for newcomers lead to."""

    base: str = Field(default="https://matrix.to/#/", pattern=r"^https?://\S+$")
    """A room's address follows it, percent-encoded."""
    accounts: str | None = Field(default="https://app.element.io/#/register", pattern=r"^https?://\S+$")
    """Where accounts are made; `null`: nowhere that people could be sent to."""
    registration: Literal["open", "token", "office"] = "token"
    """Anybody makes one there, or with a code from an officer, or officers make them."""

    @model_validator(mode="after")
    def _somewhere_to_register(self) -> Links:
        if self.registration != "office" and self.accounts is None:
            raise ValueError("accounts is missing: 'registration: office' is for accounts that officers make")
        return self


class Welcome(Section):
    """Greeting newcomers of a channel; how, a room says in rooms.yaml (`notices.greet`)."""

    batch_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """Those who come within it share one greeting."""
    most_per_minute: Annotated[int, Field(ge=1, le=100)] = 10
    """Of one channel; the rest of a rush is greeted in one sentence, without names."""


class Groups(Section):
    """Rooms that others made and invited the bot to."""

    answer_days: Annotated[int, Field(ge=1, le=90)] = 7
    """Without an officer's word by then the bot leaves."""


class Bulletins(Section):
    """Announcing. The slots themselves stand in rooms/bulletins.yaml."""

    enabled: bool = True
    grace_minutes: Annotated[int, Field(ge=1, le=720)] = 45
    """A slot missed by no more than this is still sent, with a word; later it is skipped and reported."""
    voice: Literal["off", "auto", "espeak", "piper"] = "auto"
    """What reads bulletins out; auto: Piper when `voice_model` is there, else espeak-ng, else nothing."""
    voice_model: Path | None = None
    """A Piper voice (.onnx)."""


class RoomsCheck(Section):
    """Looking after the rooms while the bot runs. What they should be stands in rooms/."""

    drift_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    """So often the rooms are compared with the files; 0: never."""


class Feeds(Section):
    """Sources of bulletins outside the house. What is asked, and how often, stands in rooms/bulletins.yaml."""

    enabled: bool = True
    forecast_url: str = Field("https://api.bmkg.go.id/publik/prakiraan-cuaca", pattern=r"^https?://")
    """BMKG's forecasts; the village's code is added as ?adm4=…"""
    quakes_url: str = Field("https://data.bmkg.go.id/DataMKG/TEWS", pattern=r"^https?://")
    """Folder of BMKG's quake files."""
    nowcast_url: str = Field("https://www.bmkg.go.id/alerts/nowcast/id", pattern=r"^https?://")
    """BMKG's list of warnings in force; its alerts are followed on the same host alone."""
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 15
    proxy: str | None = None


class Server(Section):
    """Health and metrics for the operator's monitoring."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8088
    """0: off."""


class Log(Section):
    """What is written to stderr; never message bodies, tokens or names of reporters."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Retention(Section):
    """How long personal data stays, in days."""

    audio_days: Annotated[int, Field(ge=1)] = 30
    messages_days: Annotated[int, Field(ge=1)] = 90
    """Message texts in inbox, outbox and audit payloads; the audit chain itself stays."""
    incidents_days: Annotated[int, Field(ge=30)] = 1095
    """Words and names in closed incidents; number, kind, district, times and states stay."""


class Config(Section):
    """config.yaml."""

    homeserver: Homeserver
    secrets: Secrets = Secrets()
    paths: Paths = Paths()
    database: str | None = None
    """SQLAlchemy URL; default: kentongan.db in the data folder."""
    timezone: str = "Asia/Jakarta"
    speech: Speech = Speech()
    chat: Chat = Chat()
    welcome: Welcome = Welcome()
    groups: Groups = Groups()
    links: Links = Links()
    bulletins: Bulletins = Bulletins()
    rooms: RoomsCheck = RoomsCheck()
    feeds: Feeds = Feeds()
    server: Server = Server()
    log: Log = Log()
    retention: Retention = Retention()

    _base: Path = PrivateAttr(default=Path())
    _file: Path = PrivateAttr(default=Path("config.yaml"))
    _environ: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no such timezone: {value} (for western Indonesia: Asia/Jakarta)") from None
        return value

    @field_validator("database")
    @classmethod
    def _usable_database(cls, value: str | None) -> str | None:
        try:
            kind = make_url(value).get_backend_name() if value is not None else "sqlite"
        except ArgumentError:
            raise ValueError("not a database address (sqlite:////path/k.db, postgresql+psycopg://…)") from None
        if kind not in ("sqlite", "postgresql"):
            raise ValueError(f"{kind} is not supported (sqlite, postgresql)")
        if value is not None and kind == "sqlite" and not make_url(value).database:
            raise ValueError("a database in memory forgets everything: name a file, sqlite:////path/k.db")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The district's timezone."""
        return ZoneInfo(self.timezone)

    @property
    def file(self) -> Path:
        """The file this was read from."""
        return self._file

    @property
    def data_dir(self) -> Path:
        """Absolute path of the data folder."""
        return self.resolve(self.paths.data)

    @property
    def crypto_dir(self) -> Path:
        """Where nio's store and the cross-signing seeds stand."""
        return self.data_dir / "crypto"

    @property
    def audio_dir(self) -> Path:
        """Where voice notes are kept until retention takes them."""
        return self.data_dir / "audio"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database."""
        if self.database is None:
            return f"sqlite:///{self.data_dir / 'kentongan.db'}"
        url = make_url(self.database)
        if url.get_backend_name() == "sqlite" and url.database:
            url = url.set(database=str(self.resolve(Path(url.database))))
        return url.render_as_string(hide_password=False)

    @property
    def recitations_dir(self) -> Path:
        """Where bulletins stand as they were spoken."""
        return self.data_dir / "spoken"

    @property
    def base(self) -> Path:
        """What relative paths are relative to."""
        return self._base

    def resolve(self, path: Path) -> Path:
        """An absolute path; relative ones are relative to the configuration file."""
        return path if path.is_absolute() else (self._base / path).resolve()

    def from_environment(self, name: str | None) -> str | None:
        """A variable's value; `None` when it is unset or empty."""
        return (self._environ.get(name) or None) if name else None

    def password(self) -> SecretStr | None:
        """The login password, if one is configured."""
        file = self._credential("password") or self.homeserver.password_file
        return self._secret("homeserver", "password", self.homeserver.password_env, file)

    def access_token(self) -> SecretStr | None:
        """A ready access token, if one is configured."""
        file = self._credential("access_token") or self.homeserver.access_token_file
        return self._secret("homeserver", "access_token", self.homeserver.access_token_env, file)

    def admin_token(self) -> SecretStr | None:
        """An administrator's access token, if one is configured."""
        file = self._credential("admin_token") or self.homeserver.admin_token_file
        return self._secret("homeserver", "admin_token", self.homeserver.admin_token_env, file)

    def pickle_key(self) -> SecretStr:
        """The key of the crypto store. Raises ContentError when it is missing although a store exists."""
        made = next(iter(self.crypto_dir.glob("*")), None) if self.crypto_dir.is_dir() else None
        return self._own_key("pickle_key", self.secrets.pickle_key_env, self.secrets.pickle_key_file, made)

    def audit_key(self) -> bytes:
        """The key of the audit chain: ask for it before making a database.

        Raises ContentError when it is missing although a database exists (for PostgreSQL that cannot be seen here;
        `Auditor.fits` shows it).
        """
        url = make_url(self.database_url)
        path = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        made = path if path is not None and path.exists() else None
        key = self._own_key("audit_key", self.secrets.audit_key_env, self.secrets.audit_key_file, made)
        return key.get_secret_value().encode()

    def _credential(self, name: str) -> Path | None:
        """The file in which the service manager hands a secret over (systemd.exec(5), LoadCredential)."""
        folder = self.from_environment("CREDENTIALS_DIRECTORY")
        file = Path(folder) / name if folder else None
        return file if file is not None and file.is_file() else None

    def _secret(self, section: str, name: str, env: str | None, file: Path | None) -> SecretStr | None:
        if value := self.from_environment(env):
            return SecretStr(value)
        if file is None:
            return None
        path = self.resolve(file)
        try:
            text = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise self._error(f"{section}.{name}_file: {path} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise self._error(f"{section}.{name}_file: {path} is not a text file") from None
        if not text:
            raise self._error(f"{section}.{name}_file: {path} is empty")
        return SecretStr(text)

    def _own_key(self, name: str, env: str | None, file: Path, made_with_it: Path | None) -> SecretStr:
        path = self.resolve(file)
        if self.from_environment(env) is None and not path.exists():
            if made_with_it is not None:
                raise self._error(
                    f"secrets.{name}_file: {path} is missing, but {made_with_it} was made with that key; "
                    "put the key back (it is in every backup)"
                )
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_new(path, secrets.token_hex(KEY_BYTES) + "\n")
        secret = self._secret("secrets", name, env, file)
        if secret is None or len(secret.get_secret_value()) < KEY_BYTES:
            raise self._error(f"secrets.{name}_file: the key needs at least {KEY_BYTES} characters")
        return secret

    def _error(self, message: str) -> ContentError:
        return ContentError([Problem(self._file, 0, message)])


def _write_new(path: Path, text: str) -> None:
    """A secret's file, whole or not at all, readable by its owner alone; one that came to be meanwhile stays."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def load_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check config.yaml. Raises ContentError with every problem found."""
    document = read(path)
    config = validate(document, Config)
    config._base = path.resolve().parent
    config._file = path
    config._environ = os.environ if environ is None else environ
    return config
