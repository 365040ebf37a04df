"""The bot's session: one account, one device, over restarts."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import vodozemac
from nio import AsyncClient, AsyncClientConfig
from pydantic import SecretStr

from bot.clock import now_ms
from bot.config import Config
from bot.matrix import login
from bot.matrix.api import HomeserverApi, Unreachable
from bot.matrix.crypto import Crypto
from bot.matrix.cryptostore import FAILURES, CryptoStore
from bot.matrix.keys import Keys
from bot.matrix.login import SavedSession, SessionError, SignedOut
from bot.matrix.roomstate import RoomStates
from bot.store import stream
from bot.store.database import Database

__all__ = ["MatrixSession", "SessionError", "SignedOut", "Unreachable"]

MAX_429 = 3
MAX_TIMEOUTS = 2
REQUEST_SECONDS = 60


class MatrixSession:
    """A signed-in device with its key store. Never signs out.

    Whoever opens one holds `bot.lock` on the data folder: two processes on one device ruin each other's keys.
    """

    def __init__(self, config: Config, saved: SavedSession, client: AsyncClient, api: HomeserverApi):
        self.config = config
        self.user_id = saved.user_id
        self.device_id = saved.device_id
        self.client = client
        self.api = api
        self.crypto = Crypto(client)
        self.keys = Keys(self.crypto, api)
        self.rooms = RoomStates(client)

    @classmethod
    async def open(cls, config: Config, database: Database) -> MatrixSession:
        """Sign in as the device of last time, or as a new one the first time, and publish its keys.

        Raises SignedOut (exit 4), Unreachable (exit 3), SessionError and ContentError (exit 2).
        """
        pickle_key = config.pickle_key()
        folder = config.crypto_dir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        saved = login.read(folder)
        current = await login.sign_in(config, saved)
        store = folder / store_name(current.device_id)
        if saved is not None and saved.device_id == current.device_id and not store.exists():
            raise SessionError(
                f"{store} is missing: the keys of device {current.device_id}. Restore it from the backup, or "
                f"remove {folder / login.FILE} to become a new device"
            )
        client = _client(config, current, pickle_key)
        login.write(folder, current)
        try:
            await database.run(lambda db: stream.sign_in(db, current.user_id, current.device_id, now_ms()))
        except stream.OtherAccount as error:
            raise SessionError(str(error)) from None
        api = HomeserverApi(config.homeserver.url, current.access_token, proxy=config.homeserver.proxy)
        session = cls(config, current, client, api)
        try:
            if session.keys.upload_due:
                await session.keys.upload()
        except BaseException:
            await session.close()
            raise
        return session

    async def close(self) -> None:
        """Close connections and files; the session stays signed in."""
        with contextlib.suppress(Exception):
            await self.client.close()
        await self.api.close()
        self.crypto.store.close()


def store_name(device_id: str) -> str:
    """File name of a device's key store."""
    return f"keys-{quote(device_id, safe='')}.db"


def _client(config: Config, session: SavedSession, pickle_key: SecretStr) -> AsyncClient:
    client = AsyncClient(
        config.homeserver.url.rstrip("/"),
        session.user_id,
        device_id=session.device_id,
        store_path=str(config.crypto_dir),
        config=AsyncClientConfig(
            store=CryptoStore,
            store_name=store_name(session.device_id),
            encryption_enabled=True,
            pickle_key=pickle_key.get_secret_value(),
            store_sync_tokens=False,
            max_limit_exceeded=MAX_429,
            max_timeouts=MAX_TIMEOUTS,
            request_timeout=REQUEST_SECONDS,
        ),
        proxy=config.homeserver.proxy,
    )
    try:
        client.restore_login(session.user_id, session.device_id, session.access_token.get_secret_value())
    except (vodozemac.PickleException, vodozemac.LibolmPickleException):
        raise SessionError(
            f"{config.crypto_dir / store_name(session.device_id)} does not open with this pickle key; "
            "put back the key it was made with (secrets.pickle_key_file)"
        ) from None
    except FAILURES as error:
        raise SessionError(f"{config.crypto_dir / store_name(session.device_id)} cannot be read: {error}") from None
    return client
