"""`kentongan run`: the bot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from bot.app import serve
from bot.cli import exits
from bot.cli.options import ConfigOption
from bot.config import load_config
from bot.lock import Locked
from bot.logs import configure
from bot.matrix.api import ApiError, Unreachable
from bot.matrix.session import SessionError, SignedOut
from bot.problem import ContentError
from bot.store.migrate import SchemaError
from bot.voice.errors import ModelBroken, ModelMissing

log = structlog.get_logger()


def run(
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Botnya, sampai SIGTERM. Kode 2: konfigurasi, 3: homeserver tidak terjangkau, 4: dikeluarkan homeserver."""
    try:
        settings = load_config(config)
        configure(settings.log)
        asyncio.run(serve(settings))
    except (ContentError, Locked, ModelMissing, ModelBroken, SessionError, SchemaError) as error:
        exits.fail(str(error))
    except (ApiError, Unreachable) as error:
        exits.fail(str(error), exits.UNREACHABLE)
    except SignedOut as error:
        exits.fail(str(error), exits.SIGNED_OUT)
