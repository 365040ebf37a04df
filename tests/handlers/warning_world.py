"""Sources that say what a test wants, and the duty that looks at them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

from handlers_world import NOW, sent
from sqlalchemy import Engine, insert, select, update

from bot.bulletins.origins import CapSource
from bot.handlers import unreached, warning
from bot.handlers.desk import Desk
from bot.store import outbox
from bot.store.tables import feeds
from bot.store.tables import warnings as table

NELAYAN = "!nelayan"
LIST = '<rss version="2.0"><channel><title>made up</title></channel></rss>'
MINUTE = 60_000
SHAPE = "-6.9,109.6 -6.9,110.1 -7.2,110.1 -7.2,109.6 -6.9,109.6"
OURS = "Hujan lebat di Kab. Kendal: Sukorejo; Kab. Batang: Blado, Reban; dan meluas ke Kab. Pekalongan: Doro."
THEIRS = "Hujan lebat di Kab. Kendal: Sukorejo; dan meluas ke Kab. Pekalongan: Doro."


def clock(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.timezone(dt.timedelta(hours=7))).isoformat(timespec="seconds")


def alert(
    identifier: str = "A1", *, kind: str = "Alert", status: str = "Actual", text: str = OURS, scope: str = "Public",
    references: tuple[str, ...] = (), sent_at: int = NOW - 5 * MINUTE, expires: int | None = NOW + 120 * MINUTE,
    headline: str = "Hujan Lebat disertai Petir di Jawa Tengah", extra: str = "", area: str = "",
    sender: str = "a@b.test", of: str | None = None,
) -> str:  # fmt: skip
    named = " ".join(f"{of or sender},{one},{clock(sent_at)}" for one in references)
    info = "" if kind == "Cancel" else (
        "<info><language>id</language><category>Met</category><event>Hujan</event><urgency>Immediate</urgency>"
        "<severity>Moderate</severity><certainty>Observed</certainty>"
        + (f"<expires>{clock(expires)}</expires>" if expires else "")
        + f"<senderName>BMKG</senderName><headline>{headline}</headline><description>{text}</description>{extra}"
        f"<area><areaDesc>Jawa Tengah</areaDesc>{area}</area></info>"
    )  # fmt: skip
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>'
        f"<sender>{sender}</sender><sent>{clock(sent_at)}</sent><status>{status}</status><msgType>{kind}</msgType>"
        f"<scope>{scope}</scope>" + (f"<references>{named}</references>" if named else "") + info + "</alert>"
    )


def quake(magnitude: str = "4.6", felt: str = "III Batang, II Kendal", at: int = NOW - 10 * MINUTE, **more: str) -> str:
    entry = {"DateTime": clock(at), "Magnitude": magnitude, "Kedalaman": "12 km", "Dirasakan": felt}
    entry |= {"Wilayah": "Pusat gempa berada di laut 28 km timur laut Batang", **more}
    return json.dumps({"Infogempa": {"gempa": [entry]}})


class Sources:
    """What the sources say, and the duty that looks at it."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk
        self._number = 0

    def say(self, raw: str, name: str | None = None) -> None:
        self._number += 1
        name = name or f"nowcast:{self._number}"
        with self.engine.begin() as connection:
            for one, text in {"nowcast": LIST, name: raw}.items():
                values = {"url": "https://x.test", "raw": text.encode(), "fetched_at": NOW, "tried_at": NOW}
                connection.execute(feeds.delete().where(feeds.c.name == one))
                connection.execute(insert(feeds).values(name=one, **values))

    def confirm(self, now: int) -> None:
        """The sources say the same at `now`."""
        with self.engine.begin() as connection:
            connection.execute(update(feeds).values(fetched_at=now, tried_at=now))

    def look(self, now: int = NOW) -> int:
        with self.engine.begin() as connection:
            unreached.look(connection, self.desk, now)
            return warning.look(connection, self.desk, now)

    def rows(self) -> list[Any]:
        with self.engine.begin() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    def why(self) -> list[str | None]:
        return [row.why for row in self.rows()]

    def deliver(self, room: str | None = None) -> None:
        """The sender gets everything through."""
        for row in sent(self.engine, room):
            with self.engine.begin() as connection:
                outbox.sent(connection, row["txn_id"], f"${row['key']}", NOW)


def offer(desk: Desk, **more: Any) -> None:
    """An agency offers its alerts."""
    agency = CapSource(name="bpbd", url="https://bpbd.test/cap", who="BPBD Batang", **more)
    said = desk.content.bulletins.sources.model_copy(update={"cap": (agency,)})
    bulletins = desk.content.bulletins.model_copy(update={"sources": said})
    object.__setattr__(desk, "content", replace(desk.content, bulletins=bulletins))


def shape(identifier: str = "A1", **more: Any) -> str:
    return alert(identifier, text=THEIRS, area=f"<polygon>{SHAPE}</polygon>", **more)


def bodies(engine: Engine, room: str) -> list[str]:
    return [str(row["content"]["body"]) for row in sent(engine, room) if row["key"].startswith("warning:")]
