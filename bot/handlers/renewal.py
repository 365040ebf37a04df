"""Content read anew while the bot runs: all of it or nothing.

The desk is replaced on the database's thread, in the transaction that records the change: handlers run there too,
one after another, so that none of them ever decides under two versions, and the audit row stands exactly between
the decisions under the old and those under the new.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from bot.clock import now_ms
from bot.content import load_content
from bot.dialogue.engine import Engine
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.incidents.analyser import Analyser
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.problem import Problem, Severity
from bot.store.database import Database
from bot.version import changed_files, content_files

log = structlog.get_logger()

CHANGED, REFUSED = "content.changed", "content.refused"
"""Kinds of audit rows; the subject is the version that is (or stays) in use."""
MOST_TOLD = 5
"""Mistakes told in the operations room; `kentongan check` tells all."""


MOST_LOGGED = 50
"""Changed files named in one line of the log; the audit names all."""


class Renewal:
    """Waits to be asked, then puts the content on disk to use if it is right."""

    def __init__(
        self,
        database: Database,
        desk: Callable[[], Desk],
        use: Callable[[Desk], None],
        *,
        used: Callable[[], None],
        wake_sender: Callable[[], None],
    ) -> None:
        """`use` replaces the desk; it is called on the database's thread. `used`: afterwards, in the event loop."""
        self._database = database
        self._desk = desk
        self._use = use
        self._used = used
        self._wake_sender = wake_sender
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """The content may have changed. Asked again while it is being read: it is read once more."""
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self.renew()
            except Exception:  # a bot with yesterday's content is better than none
                log.exception("content.renewal_failed", content=self._desk().content.version)

    async def renew(self) -> bool:
        """Whether other content is in use now."""
        old = self._desk()
        new, problems = await asyncio.to_thread(_made, old)
        if new is None:
            mistakes = [problem for problem in problems if problem.severity is Severity.ERROR]
            places = [f"{_path(problem, old)}:{problem.line}" for problem in mistakes]
            changed = changed_files(old.content.files, await asyncio.to_thread(content_files, old.config))
            log.error(
                REFUSED, content=old.content.version, mistakes=len(mistakes), places=places[:MOST_TOLD],
                files=_named(changed),
            )  # fmt: skip
            await self._database.run(lambda connection: _refuse(connection, old, mistakes, changed, now_ms()))
            self._wake_sender()
            return False
        if new.content.version == old.content.version:
            log.info("content.unchanged", version=old.content.version)
            return False
        try:
            await self._database.run(lambda connection: self._replace(connection, old, new))
        except BaseException:
            self._use(old)  # what was not recorded has not happened
            raise
        changed = changed_files(old.content.files, new.content.files)
        log.info(CHANGED, version=new.content.version, previous=old.content.version, files=_named(changed))
        self._used()
        self._wake_sender()
        return True

    def _replace(self, connection: Connection, old: Desk, new: Desk) -> None:
        now = now_ms()
        changed = changed_files(old.content.files, new.content.files)
        payload = {"old": old.content.version, "new": new.content.version, "files": changed}
        # Not masked: no person's words, and a digest may hold enough figures in a row to look like an account number.
        new.auditor.append(connection, CHANGED, new.content.version, payload, version=new.content.version, now=now)
        text = phrases.CONTENT_CHANGED.format(version=new.content.version, files=_told(changed))
        key = f"content-changed:{new.content.version}:{now}"
        new.tell_operations(connection, key, render(text).content(notice=True), now, priority=Priority.NOTICE)
        self._use(new)


def _made(old: Desk) -> tuple[Desk | None, list[Problem]]:
    """A desk over the content on disk; takes a second or two, in a thread of its own."""
    content, problems = load_content(old.config)
    if content is None:
        return None, problems
    if content.version == old.content.version:
        return old, problems
    return replace(
        old,
        content=content,
        engine=Engine(content.flows),
        analyser=Analyser(content.gazetteer, content.rules),
    ), problems


def _refuse(
    connection: Connection, desk: Desk, mistakes: Sequence[Problem], changed: list[dict[str, str | None]], now: int
) -> None:
    told = [f"{_path(problem, desk)}:{problem.line}: {problem.message}" for problem in mistakes[:MOST_TOLD]]
    payload = {"mistakes": len(mistakes), "first": told, "files": changed}
    desk.auditor.append(connection, REFUSED, desk.content.version, payload, version=desk.content.version, now=now)
    lines = "\n".join(f"- {escape(line)}" for line in told)
    text = phrases.CONTENT_REFUSED.format(number=len(mistakes), version=desk.content.version, mistakes=lines)
    desk.tell_operations(connection, f"content-refused:{now}", render(text).content(), now)


def _named(changed: list[dict[str, str | None]]) -> list[str]:
    return [f"{one['file']}@{one['new'] or 'gone'}" for one in changed[:MOST_LOGGED]]


def _told(changed: list[dict[str, str | None]]) -> str:
    names = ", ".join(f"`{one['file']}`" for one in changed[:MOST_TOLD])
    more = len(changed) - MOST_TOLD
    return f"{names}, +{more}" if more > 0 else names


def _path(problem: Problem, desk: Desk) -> str:
    """As seen from the configuration's folder: what an officer knows, and nothing of the machine."""
    return os.path.relpath(problem.file, desk.config.file.parent)
