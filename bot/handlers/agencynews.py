"""What agencies have been told of a report stays true: corrections, how it ended, and that it was withdrawn.

The message that was passed on is edited in place whenever the card changes what it says. An edit rings no phone, so
what makes somebody drive elsewhere (the kind, the urgency, the place) is said in its thread as well, and so is the end
of it: each piece of news once to each agency. Nothing is sent anew about what became private: that is taken back.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import casenews, restating
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.incidents import cards
from bot.incidents.lifecycle import TITLES, Status
from bot.markup import escape, render
from bot.outgoing import REFERENCE, Outgoing, Priority
from bot.store import copies, incidents, outbox, relays
from bot.store.copies import Copy
from bot.store.incidents import Incident, Link

_OPEN = "open"
"""What an agency knows of a report's end until it hears of one."""
_CHANGED, _TOLD = "changed", "told"


def renew(connection: Connection, desk: Desk, number: int, cause: str, now: int) -> None:
    """Bring what the agencies have up to what the card says; nothing is sent where nothing changed."""
    incident = incidents.get(connection, number)
    if incident.analysis.private:
        return
    reports = {one.event_id: one for one in _reports(connection, number)}
    for copy in copies.of_incident(connection, number, (copies.RELAY, copies.MORE)):
        report = reports.get(copy.source)
        if report is not None and is_words(connection, copy):
            _correct(connection, desk, incident, copy, report, cause, now)
    _tell(connection, desk, incident, now)


def withdrawn(connection: Connection, desk: Desk, number: int, gone: Copy, cause: str, now: int) -> None:
    """A report that an agency had was withdrawn, and `gone` is taken back: they hear it, and keep what others said."""
    if gone.target is None or not is_words(connection, gone):
        return
    theirs = [one for one in copies.of_incident(connection, number, (copies.RELAY, copies.MORE))
              if one.target == gone.target]  # fmt: skip
    reports = [one for one in _reports(connection, number) if one.event_id in {copy.source for copy in theirs}]
    word = casenews.FURTHER_WITHDRAWN if reports else casenews.WITHDRAWN
    _into_thread(connection, gone, f"relay:{number}:{gone.target}:gone:{cause}", word.format(number=number), now)
    if gone.kind == copies.RELAY and reports and not incidents.get(connection, number).analysis.private:
        again(connection, desk, number, gone, reports[0], cause, now)


def again(connection: Connection, desk: Desk, number: int, gone: Copy, report: Link, cause: str, now: int) -> None:
    """What an agency had was taken back; what is left of it stands in its place, as it was ordered."""
    row = relays.row_of(connection, gone.key)
    if row is None:
        return
    incident = incidents.get(connection, number)
    words = _words(desk, incident, gone, report)
    said = render(words).content(notice=incident.urgency != "darurat")
    key = f"{gone.key}:again:{cause}"
    if gone.kind != copies.RELAY:
        root = next((one for one in copies.of_incident(connection, number, (copies.RELAY,))
                     if one.target == gone.target), None)  # fmt: skip
        if root is None:
            return
        said = threaded(REFERENCE + root.key, said)
    outbox.append(connection, Outgoing(key, row.room_id, said, priority=Priority(row.priority)), now)
    copies.add(connection, key, number, source=report.event_id, kind=gone.kind, target=gone.target, now=now)


def _correct(
    connection: Connection, desk: Desk, incident: Incident, copy: Copy, report: Link, cause: str, now: int
) -> None:
    before = restating.shown(connection, copy.key)
    words = _words(desk, incident, copy, report)
    said = render(words).content(notice=True)
    if before is None or before.get("formatted_body") == said["formatted_body"]:
        return
    if not restating.replace(connection, copy.key, said, cause, now) or copy.kind != copies.RELAY:
        return
    head, _, _ = words.partition("\n\n")
    if _head(str(before.get("body", ""))) != _head(said["body"]):
        key = f"{copy.key}:{_CHANGED}:{cause}"
        word = casenews.CHANGED.format(number=incident.id, head=head)
        if _into_thread(connection, copy, key, word, now):
            copies.add(connection, key, incident.id, source=copy.source, kind=copies.MORE, target=copy.target, now=now)


def _tell(connection: Connection, desk: Desk, incident: Incident, now: int) -> None:
    """How it ended, or that it goes on after all: what differs from what the agency heard last."""
    news = str(incident.status) if incident.status in casenews.ENDED else _OPEN
    informed: set[str] = set()
    for root in copies.of_incident(connection, incident.id, (copies.RELAY,)):
        if root.target is None or root.target in informed:
            continue
        informed.add(root.target)
        prefix = f"relay:{incident.id}:{root.target}:{_TOLD}:"
        heard = relays.edits_of(connection, prefix)
        if news == (heard[-1].key.rsplit(":", 1)[1] if heard else _OPEN):
            continue
        words = casenews.ENDED.get(incident.status, casenews.AGAIN)
        reason = _reason(connection, incident)
        word = words.format(number=incident.id, other=escape(reason), title=TITLES[incident.status])
        key = f"{prefix}{len(heard) + 1}:{news}"
        if _into_thread(connection, root, key, word, now):
            payload = {"incident": incident.id, "agency": root.target, "news": news}
            desk.record(connection, "incident.agency_told", key, payload, now)


def _reason(connection: Connection, incident: Incident) -> str:
    """Of which incident it is a duplicate; officers' own reasons stay in the house."""
    if incident.status is not Status.DUPLIKAT:
        return ""
    steps = [one for one in incidents.history(connection, incident.id) if one.after == Status.DUPLIKAT]
    return (steps[-1].reason or "") if steps else ""


def _words(desk: Desk, incident: Incident, copy: Copy, report: Link) -> str:
    if copy.kind != copies.RELAY:
        return cards.relayed_further(report.text, flags=report.flags)
    return cards.relayed(
        incident, report.text or incident.text, place=incident.location, zone=desk.config.zone, flags=report.flags
    )


def _into_thread(connection: Connection, root: Copy, key: str, markdown: str, now: int) -> bool:
    """Loud: somebody may be on the way."""
    row = relays.row_of(connection, root.key)
    if row is None:
        return False
    said = threaded(REFERENCE + root.key, render(markdown).content())
    return outbox.append(connection, Outgoing(key, row.room_id, said, priority=Priority(row.priority)), now)


def _reports(connection: Connection, number: int) -> list[Link]:
    links = incidents.links(connection, number)
    return [one for one in links if one.role != incidents.REPLY and one.state != "withdrawn"]


def is_words(connection: Connection, copy: Copy) -> bool:
    """The words of a report: no recording, and not the news that something of it was corrected."""
    row = relays.row_of(connection, copy.key)
    sound = copy.key.endswith(":audio") or row is None or row.content.get("msgtype") == "m.audio"
    return not sound and f":{_CHANGED}:" not in copy.key


def _head(body: str) -> str:
    return body.partition("\n\n")[0]
