"""What an entry of the log still says after words were withdrawn or erased: what other people said, or nothing.

That something was reported, when, of what kind and in which district stays: it is the police's own record. The words,
and what was read out of them, go.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from bot.incidents.analysis import without_words
from bot.store import indexing
from bot.store.tables import incident_links, incidents, transcripts, transmissions

WITHDRAWN = "withdrawn"


def empty_transcripts(connection: Connection, transmission_id: int, versions: Iterable[int] | None = None) -> None:
    """Every version of what was said (or those `versions`) loses its words; that there were so many versions stays."""
    emptied = update(transcripts).where(transcripts.c.transmission_id == transmission_id)
    if versions is not None:
        emptied = emptied.where(transcripts.c.version.in_(list(versions)))
    connection.execute(emptied.values(text="", corrected="", segments=[], flags=[WITHDRAWN]))


def unsay(connection: Connection, transmission_id: int) -> list[int]:
    """The incidents that a withdrawn transmission was linked to lose its words, in the index too; their numbers."""
    numbers = list(
        connection.scalars(
            select(incident_links.c.incident_id)
            .where(incident_links.c.transmission_id == transmission_id)
            .order_by(incident_links.c.incident_id)
        )
    )
    kind = connection.scalar(select(transmissions.c.kind).where(transmissions.c.id == transmission_id))
    for number in numbers:
        _retell(connection, number, was_place=kind == "location")
    indexing.index_many(connection, numbers)
    return numbers


def _retell(connection: Connection, number: int, *, was_place: bool) -> None:
    row = connection.execute(select(incidents).where(incidents.c.id == number)).one()
    said = connection.execute(
        select(transmissions.c.kind, transcripts.c.text, transcripts.c.corrected)
        .join(incident_links, incident_links.c.transmission_id == transmissions.c.id)
        .outerjoin(transcripts, transcripts.c.transmission_id == transmissions.c.id)
        .where(incident_links.c.incident_id == number, transmissions.c.state != WITHDRAWN)
        .order_by(transmissions.c.sent_at, transmissions.c.id, transcripts.c.version.desc())
    ).all()
    texts = [text for one in said for text in (one.text, one.corrected) if text]
    values: dict[str, object] = {}
    if row.text not in texts:
        values["text"] = _first(texts)
    if row.analysis.get("text") not in texts:
        # Places and evidence were read out of words that are gone; the kind and the district are the log's own.
        values["analysis"] = without_words(row.analysis, _first(texts))
        values["places"] = []
        was_place = True
    if was_place and not any(one.kind == "location" for one in said):
        values["location"] = None
    if values:
        connection.execute(update(incidents).where(incidents.c.id == number).values(**values))


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "")
