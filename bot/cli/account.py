"""What commands that act as the bot need: its database, its session, and its errors as exit codes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import exits
from bot.config import Config
from bot.lock import Locked, hold
from bot.matrix import login
from bot.matrix.api import ApiError, HomeserverApi, Unreachable, on_wait
from bot.matrix.session import MatrixSession
from bot.problem import ContentError
from bot.store import migrate
from bot.store.database import Database, connect


@contextmanager
def told() -> Iterator[None]:
    """Errors that the operator can mend, as words on stderr and exit codes; long pauses are told as well."""
    before = on_wait.set(_tell_wait)
    try:
        yield
    except (ContentError, Locked, login.SessionError, migrate.SchemaError) as error:
        exits.fail(str(error))
    except Unreachable as error:
        exits.fail(str(error), exits.UNREACHABLE)
    except login.SignedOut as error:
        exits.fail(str(error), exits.SIGNED_OUT)
    except ApiError as error:
        signed_out = login.signed_out(error)
        exits.fail(
            str(signed_out or f"the homeserver refuses: {error}"), exits.SIGNED_OUT if signed_out else exits.FAILED
        )
    except SQLAlchemyError as error:
        exits.fail(f"the database cannot be used: {error.__cause__ or error}", exits.UNREACHABLE)
    finally:
        on_wait.reset(before)


def _tell_wait(seconds: float, why: str) -> None:
    if why == "M_LIMIT_EXCEEDED":
        remedy = (
            "homeserver membatasi laju; docs/operator.md, “Akun bot di homeserver”, menjelaskan cara membebaskannya"
        )
    else:
        remedy = f"homeserver menjawab galat ({why})"
    typer.echo(f"menunggu {seconds:.0f} detik: {remedy}", err=True)


@contextmanager
def open_database(config: Config) -> Iterator[Database]:
    """The bot's database in the newest schema; the running bot may have it open as well."""
    # Before the database: their absence beside existing data is taken for their loss.
    config.pickle_key()
    config.audit_key()
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine: Engine = connect(config.database_url)
    database = Database(engine)
    try:
        if migrate.current(engine) != migrate.newest():
            with hold(config.data_dir, config.database_url):
                migrate.upgrade(engine)
        yield database
    finally:
        database.close()


@asynccontextmanager
async def open_api(config: Config, database: Database) -> AsyncIterator[HomeserverApi]:
    """Calls as the bot's own device, beside the running bot.

    Before the bot's first start the session is opened in full: a device without keys in its store would be
    lost to the bot. Raises SignedOut, SessionError, Unreachable.
    """
    saved = login.read(config.crypto_dir)
    if saved is not None and saved.user_id == config.homeserver.user_id:
        async with HomeserverApi(config.homeserver.url, saved.access_token, proxy=config.homeserver.proxy) as api:
            yield api
        return
    session = await MatrixSession.open(config, database)
    try:
        yield session.api
    finally:
        await session.close()
