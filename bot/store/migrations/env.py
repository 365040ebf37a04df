"""Alembic's entry: migrates on the connection that `bot.store.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from bot.store.migrate import options

context.configure(connection=context.config.attributes["connection"], **options())
with context.begin_transaction():
    context.run_migrations()
