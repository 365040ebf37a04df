"""A real Synapse for the whole run, accounts on it, and configurations for bots in a test's own folder.

Everything is a fixture (pytest's importlib mode shares no modules): `homeserver`, `configure`, `create_room`,
and for the test's own bot `bot_account`, `bot_config`, `bot_database`.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from bot.config import Config, load_config
from bot.demo.homeserver import EmbeddedHomeserver
from bot.matrix.api import HomeserverApi, path
from bot.store.database import Database, connect
from bot.store.tables import metadata

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside the tests

PASSWORD = "test-password-not-secret"


@dataclass(frozen=True)
class Account:
    """A registered account with its rate limits lifted."""

    user_id: str
    token: str
    device_id: str
    password: str = PASSWORD


class Homeserver:
    """The shared Synapse and what tests ask of it."""

    def __init__(self, synapse: EmbeddedHomeserver) -> None:
        self.synapse = synapse
        self.url = synapse.url
        self._numbers = itertools.count(1)
        self.admin_token = synapse.register("admin", PASSWORD, admin=True)["access_token"]

    def register(self, name: str = "user") -> Account:
        """A new account, never used by another test; its device has no keys yet."""
        answer = self.synapse.register(f"{name}{next(self._numbers)}", PASSWORD)
        self.synapse.lift_rate_limit(answer["user_id"], self.admin_token)
        return Account(answer["user_id"], answer["access_token"], answer["device_id"])

    def api(self, account: Account, url: str | None = None) -> HomeserverApi:
        """Raw calls as this account; use it as a context manager."""
        return HomeserverApi(url or self.url, SecretStr(account.token))


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """One Synapse for all tests. Logins that ask for a refresh token get one that soon runs out (soft logout)."""
    settings = {"refreshable_access_token_lifetime": "2s", "bcrypt_rounds": 4}
    with EmbeddedHomeserver(tmp_path_factory.mktemp("synapse"), settings=settings) as synapse:
        yield Homeserver(synapse)


@pytest.fixture
def configure() -> Callable[..., Config]:
    """`configure(folder, url, user_id, environ={}, **sections)`: a bot's configuration in `folder`.

    The password comes from the environment, everything else is the default. `sections` replace whole sections
    of config.yaml; `homeserver` keys are added to url and user_id.
    """

    def make(
        folder: Path, url: str, user_id: str, environ: dict[str, str] | None = None, **sections: dict[str, Any]
    ) -> Config:
        folder.mkdir(parents=True, exist_ok=True)
        document = {**sections, "homeserver": {"url": url, "user_id": user_id, **sections.get("homeserver", {})}}
        file = folder / "config.yaml"
        file.write_text(yaml.safe_dump(document))
        return load_config(file, {**os.environ, "KENTONGAN_PASSWORD": PASSWORD, **(environ or {})})

    return make


@pytest.fixture
def bot_account(homeserver: Homeserver) -> Account:
    """An account for this test's bot."""
    return homeserver.register("bot")


@pytest.fixture
def bot_config(
    homeserver: Homeserver, bot_account: Account, tmp_path: Path, configure: Callable[..., Config]
) -> Config:
    """Its configuration."""
    return configure(tmp_path / "bot", homeserver.url, bot_account.user_id)


@pytest.fixture
def bot_database(bot_config: Config) -> Iterator[Database]:
    """Its database, with every table; the keys are made first, as the bot does."""
    bot_config.pickle_key()
    bot_config.audit_key()
    bot_config.data_dir.mkdir(parents=True, exist_ok=True)
    engine = connect(bot_config.database_url)
    metadata.create_all(engine)
    database = Database(engine)
    yield database
    database.close()


@pytest.fixture
async def device_of(homeserver: Homeserver) -> AsyncIterator[Callable[..., Any]]:
    """`await device_of("name")`: a new account's hand-made device, its keys published (see hostile.py)."""
    from hostile import Device

    async with AsyncExitStack() as stack:

        async def make(name: str = "stranger") -> Any:
            account = homeserver.register(name)
            device = Device(
                await stack.enter_async_context(homeserver.api(account)), account.user_id, account.device_id
            )
            await device.publish()
            return device

        yield make


@pytest.fixture
async def stranger(device_of: Callable[..., Any]) -> Any:
    """One such device."""
    return await device_of("stranger")


@pytest.fixture
def create_room() -> Callable[..., Any]:
    """`await create_room(api, invite=[...], encrypted=False, **createRoom keys)`: a private room's id."""

    async def make(api: HomeserverApi, *, invite: list[str] | None = None, encrypted: bool = False, **more: Any) -> str:
        state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
        body = {"preset": "private_chat", "invite": invite or [], "initial_state": state if encrypted else []}
        return str((await api.request("POST", path("createRoom"), body | more))["room_id"])

    return make
