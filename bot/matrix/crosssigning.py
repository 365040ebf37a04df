"""Cross-signing of the bot's one device.

Since MSC4153 (Matrix 1.18) clients stop exchanging keys with devices that their owner has not cross-signed: a bot
without it goes unreadable, and deaf. So it makes its three keys at first start, signs its device with them, and
checks at every start that the homeserver shows exactly that. It never replaces keys that are already there:
everybody who verified the bot would be warned of an impostor, and rightly.

The seeds stand in `seeds` beside the key store, encrypted under the pickle key; they belong into every backup.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import unpaddedbase64
from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from Crypto.PublicKey import ECC
from Crypto.Random import get_random_bytes
from Crypto.Signature import eddsa
from nio.api import Api
from pydantic import SecretStr

from bot.config import Config
from bot.matrix.api import ApiError, HomeserverApi, path
from bot.matrix.events import table
from bot.matrix.login import SessionError
from bot.matrix.session import MatrixSession
from bot.matrix.signatures import MASTER, SELF_SIGNING, USAGES, USER_SIGNING, canonical, verified

log = structlog.get_logger()

FILE = "seeds"
SEED_BYTES = 32


class CrossSigningError(SessionError):
    """Cross-signing cannot be set up as things stand; the text says what to do."""


class SigningKey:
    """An Ed25519 key pair from its seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = ECC.construct(curve="Ed25519", seed=seed)
        self.public = unpaddedbase64.encode_base64(self._key.public_key().export_key(format="raw"))

    @property
    def key_id(self) -> str:
        """As in `keys` and `signatures`."""
        return f"ed25519:{self.public}"

    def sign(self, value: Mapping[str, Any]) -> str:
        """Signature of a JSON object (client-server API, "Signing JSON")."""
        signature = eddsa.new(self._key, "rfc8032").sign(canonical(value))
        return str(unpaddedbase64.encode_base64(signature))


@dataclass(frozen=True)
class Seeds:
    """The secrets that all three keys come from."""

    master: bytes
    self_signing: bytes
    user_signing: bytes

    @classmethod
    def new(cls) -> Seeds:
        """Fresh ones."""
        return cls(*(get_random_bytes(SEED_BYTES) for _ in USAGES))

    def key(self, usage: str) -> SigningKey:
        """The key pair for a usage."""
        return SigningKey(getattr(self, usage))


def read_seeds(file: Path, user_id: str, pickle_key: SecretStr) -> Seeds | None:
    """The stored seeds, `None` when there are none. Raises CrossSigningError when they do not open."""
    try:
        box = json.loads(file.read_text(encoding="utf-8"))
        salt, nonce, ciphertext, tag = (base64.b64decode(box[name]) for name in ("salt", "nonce", "ciphertext", "tag"))
        cipher = _cipher(pickle_key, salt, nonce, user_id)
        opened = json.loads(cipher.decrypt_and_verify(ciphertext, tag))
        return Seeds(*(base64.b64decode(opened[usage]) for usage in USAGES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise CrossSigningError(
            f"{file} does not open: it is damaged, belongs to another account than {user_id}, or the pickle key is "
            "another one than it was made with. Restore both from the same backup."
        ) from None


def write_seeds(file: Path, user_id: str, pickle_key: SecretStr, seeds: Seeds) -> None:
    """Store, readable by the owner alone, and never half."""
    salt, nonce = get_random_bytes(32), get_random_bytes(12)
    plain = json.dumps({usage: base64.b64encode(getattr(seeds, usage)).decode() for usage in USAGES})
    ciphertext, tag = _cipher(pickle_key, salt, nonce, user_id).encrypt_and_digest(plain.encode())
    parts = {"salt": salt, "nonce": nonce, "ciphertext": ciphertext, "tag": tag}
    half = file.with_name(file.name + ".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        json.dump({"version": 1} | {name: base64.b64encode(part).decode() for name, part in parts.items()}, handle)
        handle.flush()
        os.fsync(handle.fileno())
    half.replace(file)


def _cipher(pickle_key: SecretStr, salt: bytes, nonce: bytes, user_id: str) -> Any:
    """AES-256-GCM; the account is bound in, so that seeds put beside another account do not open."""
    key = HKDF(pickle_key.get_secret_value().encode(), 32, salt, SHA256, context=b"kentongan cross-signing seeds 1")
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(user_id.encode())
    return cipher


@dataclass(frozen=True)
class Published:
    """What the homeserver shows of the bot's own keys."""

    keys: dict[str, dict[str, Any]]
    """Usage → cross-signing key object; absent when there is none."""
    device: dict[str, Any]
    """The bot's device keys, {} when they were not uploaded."""

    def public(self, usage: str) -> str | None:
        """The public key of a usage."""
        return next((key for key in table(table(self.keys.get(usage)).get("keys")).values()), None)


async def published(api: HomeserverApi, user_id: str, device_id: str) -> Published:
    """Ask the homeserver for our own keys."""
    answer = await api.request("POST", path("keys", "query"), {"device_keys": {user_id: []}})
    keys = {usage: table(answer.get(f"{usage}_keys")).get(user_id) for usage in USAGES}
    device = table(table(table(answer.get("device_keys")).get(user_id)).get(device_id))
    return Published({usage: key for usage, key in keys.items() if isinstance(key, dict)}, device)


def shortcomings(shown: Published, seeds: Seeds, user_id: str) -> list[str]:
    """What is still missing for others to trust the device; empty when all is well."""
    master, self_signing = seeds.key(MASTER), seeds.key(SELF_SIGNING)
    missing = []
    for usage in USAGES:
        if shown.public(usage) != seeds.key(usage).public:
            missing.append(f"{usage} key")
    for usage in (SELF_SIGNING, USER_SIGNING):
        if not verified(table(shown.keys.get(usage)), user_id, master.key_id, master.public):
            missing.append(f"signature on the {usage} key")
    if not verified(shown.device, user_id, self_signing.key_id, self_signing.public):
        missing.append("signature on the device")
    return missing


async def ensure(session: MatrixSession, config: Config) -> None:
    """Cross-sign the bot's device; one request when that is already so.

    Raises CrossSigningError with what the operator has to do, ApiError and Unreachable.
    """
    file, user_id, api = config.crypto_dir / FILE, session.user_id, session.api
    pickle_key = config.pickle_key()
    seeds = read_seeds(file, user_id, pickle_key)
    if session.keys.upload_due:
        await session.keys.upload()
    shown = await published(api, user_id, session.device_id)
    _refuse_foreign(shown, seeds, user_id, file)
    if seeds is None:
        # Stored before they are published: a crash in between must not leave a master key without its seed.
        seeds = Seeds.new()
        write_seeds(file, user_id, pickle_key, seeds)
    if not shortcomings(shown, seeds, user_id):
        return
    _check_device(shown.device, session)
    if any(shown.public(usage) is None for usage in USAGES):
        await _upload_keys(session, config, seeds)
    await _sign_device(session, seeds, shown.device)
    left = shortcomings(await published(api, user_id, session.device_id), seeds, user_id)
    if left:
        raise CrossSigningError(f"the homeserver took the cross-signing keys but does not show: {', '.join(left)}")
    log.info("cross_signed", user_id=user_id, device=session.device_id)


def _refuse_foreign(shown: Published, seeds: Seeds | None, user_id: str, file: Path) -> None:
    foreign = [
        usage
        for usage in USAGES
        if shown.public(usage) is not None and (seeds is None or shown.public(usage) != seeds.key(usage).public)
    ]
    if not foreign:
        return
    first = "there are no seeds for them here" if seeds is None else "they are not the ones made from the seeds here"
    raise CrossSigningError(
        f"{user_id} already has cross-signing keys ({', '.join(foreign)}), and {first} ({file}). The bot never "
        "replaces them by itself. If they are the bot's own: restore the folder that holds this file from the backup. "
        "If somebody set them up while signed in as the bot and nobody relies on them: have the homeserver's "
        "administrator allow a replacement, reset the identity in a client signed in as the bot, or give the bot a "
        "new account."
    )


def _check_device(device: Mapping[str, Any], session: MatrixSession) -> None:
    """Never sign what is not ours."""
    ours = session.keys.device_keys()
    keys = table(device.get("keys"))
    if keys != ours["keys"]:
        raise CrossSigningError(
            f"the homeserver shows other keys for device {session.device_id} than this bot has: the key store is from "
            "another time than the session. Restore both from the same backup, or remove session.json to become a "
            "new device."
        )


async def _upload_keys(session: MatrixSession, config: Config, seeds: Seeds) -> None:
    user_id, device_id = session.user_id, session.device_id
    master = seeds.key(MASTER)
    body: dict[str, Any] = {}
    for usage in USAGES:
        key = seeds.key(usage)
        value: dict[str, Any] = {"user_id": user_id, "usage": [usage], "keys": {key.key_id: key.public}}
        if usage == MASTER:
            signature = session.crypto.olm.account.sign(Api.to_canonical_json(value))
            value["signatures"] = {user_id: {f"ed25519:{device_id}": signature}}
        else:
            value["signatures"] = {user_id: {master.key_id: master.sign(value)}}
        body[f"{usage}_key"] = value
    where = path("keys", "device_signing", "upload")
    try:
        await session.api.request("POST", where, body)
    except ApiError as error:
        if error.status != 401 or "flows" not in error.body:
            raise
        await session.api.request("POST", where, body | {"auth": _password_stage(error, config)})


def _password_stage(error: ApiError, config: Config) -> dict[str, Any]:
    """User-interactive authentication by password (client-server API). Homeservers may want it for the first keys."""
    password = config.password()
    flows = error.body.get("flows")
    by_password = isinstance(flows, list) and any(table(flow).get("stages") == ["m.login.password"] for flow in flows)
    if password is None or not by_password:
        raise CrossSigningError(
            f"the homeserver wants {config.homeserver.user_id} to confirm its cross-signing keys. "
            "Start the bot once with the account's password configured (homeserver.password_file); where accounts "
            "are kept by a separate login service, allow the replacement there first."
        )
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": config.homeserver.user_id},
        "password": password.get_secret_value(),
        "session": error.body.get("session"),
    }


async def _sign_device(session: MatrixSession, seeds: Seeds, device: Mapping[str, Any]) -> None:
    user_id, key = session.user_id, seeds.key(SELF_SIGNING)
    signed = {name: value for name, value in device.items() if name not in ("signatures", "unsigned")}
    signed["signatures"] = {user_id: {key.key_id: key.sign(signed)}}
    answer = await session.api.request(
        "POST", path("keys", "signatures", "upload"), {user_id: {session.device_id: signed}}
    )
    failures = table(answer.get("failures"))
    if failures:
        codes = sorted(
            {str(table(fault).get("errcode")) for user in failures.values() for fault in table(user).values()}
        )
        raise CrossSigningError(f"the homeserver refuses the signature on the bot's device: {', '.join(codes)}")
