"""Signing in once and staying the same device: `session.json` beside the key store.

Never signs out: that deletes the device and with it every key that others encrypted to.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.config import Config
from bot.matrix.api import ApiError, HomeserverApi, Unreachable, path
from bot.matrix.events import text

FILE = "session.json"


class SignedOut(Exception):
    """The homeserver no longer knows our token (exit code 4); the text says what to do."""

    def __init__(self, message: str, *, soft: bool = False) -> None:
        self.soft = soft
        """The device and its keys are still there (spec: "Soft logout")."""
        super().__init__(message)


class SessionError(Exception):
    """The session cannot be opened as things stand (exit code 2); the text says what to do."""


@dataclass(frozen=True)
class SavedSession:
    """What `session.json` holds."""

    user_id: str
    device_id: str
    access_token: SecretStr


def signed_out(error: ApiError) -> SignedOut | None:
    """The homeserver's refusal as SignedOut, if it means that."""
    if error.errcode == "M_USER_DEACTIVATED":
        return SignedOut("the homeserver says that this account is deactivated; ask its administrator")
    if error.status != 401 or error.errcode not in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_LOCKED"):
        return None
    if error.body.get("soft_logout") is True:
        return SignedOut(
            f"the homeserver ended the session ({error.errcode}, soft logout): device and keys are still there. "
            "Configure homeserver.password_file (or its environment variable) and start again; "
            "the bot signs in as the same device.",
            soft=True,
        )
    return SignedOut(
        f"the homeserver signed the bot out ({error.errcode}): its device was deleted or the token revoked. "
        f"If nobody meant to, change the account's password. Then remove {FILE} from the crypto folder in the data "
        "folder and start again with the password: the bot becomes a new device, and what was encrypted "
        "only to the old one stays unread."
    )


def read(folder: Path) -> SavedSession | None:
    """The saved session. Raises SessionError when the file is damaged."""
    file = folder / FILE
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return SavedSession(data["user_id"], data["device_id"], SecretStr(data["access_token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise SessionError(f"{file} is damaged; restore it from the backup") from None


def write(folder: Path, session: SavedSession) -> None:
    """Save, readable by the owner alone, and never half."""
    file, half = folder / FILE, folder / (FILE + ".new")
    with suppress(FileNotFoundError):
        half.unlink()
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        json.dump(asdict(session) | {"access_token": session.access_token.get_secret_value()}, handle)
        handle.flush()
        os.fsync(handle.fileno())
    half.replace(file)


async def sign_in(config: Config, saved: SavedSession | None) -> SavedSession:
    """The session to use: the saved one, a configured token's, or a new login by password.

    Raises SignedOut, SessionError, and Unreachable.
    """
    home = config.homeserver
    if saved is not None and saved.user_id != home.user_id:
        raise SessionError(
            f"the data folder holds a session of {saved.user_id}, the configuration names {home.user_id}; "
            "give the new account a data folder of its own"
        )
    configured, password = config.access_token(), config.password()
    refusal: SignedOut | None = None
    for token in dict.fromkeys(t for t in (saved.access_token if saved else None, configured) if t is not None):
        try:
            device_id = await _whoami(config, token)
        except SignedOut as error:
            refusal = error
            if not error.soft:
                continue
        else:
            return SavedSession(home.user_id, device_id, token)
    if password is not None and (refusal is None or refusal.soft):
        return await _login(config, password, saved.device_id if saved else None)
    if refusal is not None:
        raise refusal
    raise SessionError(
        f"nothing to sign in with: set {home.password_env or 'homeserver.password_env'} or "
        f"{home.access_token_env or 'homeserver.access_token_env'}, or homeserver.password_file"
    )


async def _whoami(config: Config, token: SecretStr) -> str:
    home = config.homeserver
    async with HomeserverApi(home.url, token, proxy=home.proxy) as api:
        try:
            answer = await api.request("GET", path("account", "whoami"))
        except ApiError as error:
            _stumbles(home.url, error)
            raise signed_out(error) or SessionError(f"the homeserver refuses the access token: {error}") from None
    if answer.get("user_id") != home.user_id:
        raise SessionError(f"the access token belongs to {answer.get('user_id')}, not to {home.user_id}")
    device_id = text(answer.get("device_id"))
    if not device_id:
        raise SessionError("the access token belongs to no device (made by the admin API?); use one from a login")
    return device_id


def _stumbles(url: str, error: ApiError) -> None:
    """Raises Unreachable when the homeserver says nothing about us, only that it cannot answer now."""
    if error.status == 429 or error.status >= 500:
        raise Unreachable(f"{url} cannot answer now: {error}") from None


async def _login(config: Config, password: SecretStr, device_id: str | None) -> SavedSession:
    home = config.homeserver
    body: dict[str, Any] = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": home.user_id},
        "password": password.get_secret_value(),
        "initial_device_display_name": home.device_name,
    }
    if device_id:
        body["device_id"] = device_id
    async with HomeserverApi(home.url, proxy=home.proxy) as api:
        try:
            answer = await api.request("POST", path("login"), body)
        except ApiError as error:
            _stumbles(home.url, error)
            if error.status in (401, 403):
                raise SignedOut(f"the homeserver refuses the password of {home.user_id} ({error.errcode})") from None
            raise SessionError(f"the homeserver refuses the login: {error}") from None
    token, device = text(answer.get("access_token")), text(answer.get("device_id"))
    if not token or not device:
        raise SessionError("the homeserver's answer to the login holds no token")
    return SavedSession(home.user_id, device, SecretStr(token))
