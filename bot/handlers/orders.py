"""What officers order in writing under a card. Each order is one line of the history, one audit row, one edit of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import Connection

from bot.event import IncomingEvent, Trust
from bot.handlers import (
    board,
    casewords,
    casework,
    conduct,
    confidences,
    dossier,
    forwarding,
    keeping,
    rewording,
    watch,
)
from bot.handlers.desk import Desk
from bot.handlers.routing import RoomKind
from bot.incidents.analysis import PRIVATE, Analysis
from bot.incidents.lifecycle import Status
from bot.incidents.orders import Order, Unsure, Verb
from bot.incidents.rules import Urgency
from bot.markup import escape
from bot.outgoing import Outgoing
from bot.store import amendments, incidents, keepings, outbox, search
from bot.store.incidents import Incident, Link

_DONE = "👌"
"""What the bot puts on an order that it has carried out."""
_NEAR = 0.75
"""Of 1: from here on a category is offered for a misspelt one."""
_ABBREVIATIONS = {
    "kec.": "kecamatan",
    "kec": "kecamatan",
    "ds.": "desa",
    "ds": "desa",
    "kel.": "kelurahan",
    "dk.": "dukuh",
}


@dataclass(frozen=True)
class _Given:
    """An order with everything that it is about."""

    connection: Connection
    event: IncomingEvent
    desk: Desk
    incident: Incident
    order: Order
    now: int

    def refuse(self, word: str) -> bool:
        """Say something to the officer, as a rule why it was not done."""
        board.answer(self.connection, self.desk, self.incident.id, self.event, word, self.now)
        return False


def carry_out(connection: Connection, event: IncomingEvent, desk: Desk, number: int, order: Order, now: int) -> bool:
    """Do it, or say why not; the officer's right to it has been checked. False when nothing was done."""
    given = _Given(connection, event, desk, incidents.get(connection, number), order, now)
    if (ask := _ASKED.get(order.verb)) is not None:  # changes nothing, and is audited in its own words
        ask(connection, event, desk, given.incident, now)
        return True
    deed = _DEEDS.get(order.verb)
    if deed is None or not deed(given):
        return False
    payload = {"incident": number, "officer": event.sender, "order": str(order.verb), "words": order.words}
    desk.record(connection, "incident.order", event.event_id, payload | {"number": order.number}, now)
    search.index(connection, number)
    board.refresh(connection, desk, number, event.event_id, now)
    relation = {"rel_type": "m.annotation", "event_id": event.event_id, "key": _DONE}
    done = Outgoing(f"done:{event.event_id}", event.room_id, {"m.relates_to": relation}, type="m.reaction")
    outbox.append(connection, done, now)
    return True


def help_with(connection: Connection, event: IncomingEvent, desk: Desk, number: int, unsure: Unsure, now: int) -> None:
    """A slip: what it probably was, and that nothing has been done."""
    meant = casewords.UNSURE.get(str(unsure.verb)) or casewords.UNSURE_WHOLE.format(verb=unsure.verb)
    word = f"{meant}\n\n{casewords.UNSURE_TAIL}"
    board.answer(connection, desk, number, event, word, now)


def _correct(given: _Given) -> bool:
    report = _report(given)
    if report is None:
        return given.refuse(casewords.NOTHING_TO_CORRECT)
    text = given.order.words
    first = board.shown_report(given.connection, given.incident.id)
    analysis = given.desk.analyser.analyse(
        text, room_districts=given.desk.districts(given.connection, report.room_id), when=given.event.when
    )
    shown = first is not None and report.transmission_id == first.transmission_id
    was_private = given.incident.analysis.private
    amendments.correct(
        given.connection, given.incident.id, report.transmission_id, text, analysis if shown else None,
        author=given.event.sender, event_id=given.event.event_id, now=given.now,
        corrected=given.desk.analyser.hear(text).corrected,
    )  # fmt: skip
    if not shown and analysis.report:
        incidents.learn(given.connection, given.incident.id, analysis, given.now)
        watch.ring(given.connection, given.desk, given.incident.id, given.now, cause=given.event.event_id)
    private = incidents.get(given.connection, given.incident.id).analysis.private
    if analysis.private and not private:  # a further report: only its words say so
        amendments.set_private(
            given.connection, given.incident.id, actor=incidents.BOT, event_id=given.event.event_id, now=given.now
        )
        private = True
    if private and not was_private:
        _hush(given)
    else:
        cause = given.event.event_id
        board.correct_reply(given.connection, given.desk, given.incident.id, report, text, cause, given.now)
    if not shown:
        rewording.correct_further(
            given.connection, given.desk, given.incident.id, report, text, given.event.event_id, given.now
        )
    return True


def _category(given: _Given) -> bool:
    rules = given.desk.content.rules
    codes = {one.code: one.title for one in rules.categories}
    said = " ".join(given.order.words.casefold().split()).rstrip(".!")
    code = next(
        (code for code, title in codes.items() if said in (code, code.replace("_", " "), title.casefold())), None
    )
    if code is None:
        names = {(code, form): form for code, title in codes.items() for form in (code, title.casefold())}
        near = process.extractOne(said, names, scorer=OSA.normalized_similarity, score_cutoff=_NEAR)
        near_word = casewords.CATEGORY_NEAR.format(near=f"`kategori {near[2][0]}`") if near else ""
        known = ", ".join(f"`{code}`" for code in codes)
        return given.refuse(
            casewords.CATEGORY_UNKNOWN.format(words=escape(given.order.words[:60]), near=near_word, all=known)
        )
    row = rules.category(code)
    was_private = given.incident.analysis.private
    # "penganiayaan" is the right kind for a child beaten by a teacher, and private all the same.
    by_words = any(one.rule.startswith(f"{PRIVATE}.") for one in given.incident.analysis.evidence)
    private = by_words or (row is not None and row.private) or _private_for_itself(given)
    amendments.set_category(
        given.connection, given.incident.id, code, codes[code], private=private, actor=given.event.sender,
        event_id=given.event.event_id, now=given.now,
    )  # fmt: skip
    if private and not was_private:
        _hush(given)
    return True


def _private_for_itself(given: _Given) -> bool:
    """Whether it is private for something else than its present kind: an officer said so, or it was told in confidence.

    Only a kind that was private by itself takes that along when it turns out to be another kind.
    """
    if any(step.action == amendments.PRIVATE for step in incidents.history(given.connection, given.incident.id)):
        return True
    in_confidence = given.desk.room_kind(given.connection, given.incident.room_id) is not RoomKind.CHANNEL
    if in_confidence and given.incident.analysis.private:
        return True
    row = given.desk.content.rules.category(given.incident.category)
    return given.incident.analysis.private and not (row is not None and row.private)


def _private(given: _Given) -> bool:
    amendments.set_private(
        given.connection, given.incident.id, actor=given.event.sender, event_id=given.event.event_id, now=given.now
    )
    _hush(given)
    return True


def _hush(given: _Given) -> None:
    confidences.hush(given.connection, given.desk, given.incident.id, given.now)


def _original(given: _Given) -> bool:
    """The report itself leaves the channel; only a proven device may order that, since nobody can bring it back."""
    if given.event.trust is not Trust.DEVICE:
        return given.refuse(casewords.NOT_PROVEN)
    if not given.desk.is_private(given.connection, given.incident.id):
        return given.refuse(casewords.ORIGINAL_NOT_PRIVATE)
    if not confidences.redact_originals(given.connection, given.desk, given.incident.id, given.now):
        return given.refuse(casewords.ORIGINAL_GONE)
    incidents.note(
        given.connection, given.incident.id, "original_deleted", actor=given.event.sender,
        event_id=given.event.event_id, now=given.now,
    )  # fmt: skip
    return True


def _urgency(given: _Given) -> bool:
    said = given.order.words.casefold().strip().rstrip(".!")
    if said not in tuple(Urgency):
        return given.refuse(casewords.URGENCY_UNKNOWN.format(words=escape(given.order.words[:60])))
    amendments.set_urgency(
        given.connection, given.incident.id, Urgency(said), actor=given.event.sender, event_id=given.event.event_id,
        now=given.now,
    )  # fmt: skip
    watch.ring(given.connection, given.desk, given.incident.id, given.now, cause=given.event.event_id)
    return True


def _place(given: _Given) -> bool:
    words = " ".join(_ABBREVIATIONS.get(word.casefold(), word) for word in given.order.words.split())
    found = given.desk.analyser.analyse(f"di {words}", when=given.event.when, spoken=False)
    shown = escape(given.order.words[:80])
    if not found.places:
        return given.refuse(casewords.PLACE_UNKNOWN.format(words=shown))
    choices = _choices(found)
    if found.district is None and len(choices) > 1:
        return given.refuse(
            casewords.PLACE_WHICH.format(
                words=shown,
                choices=" atau ".join(f"{name} di {district}" for name, district in choices),
                first=f"{choices[0][0]} kecamatan {choices[0][1]}",
            )
        )
    amendments.set_place(
        given.connection, given.incident.id, found, given.order.words, actor=given.event.sender,
        event_id=given.event.event_id, now=given.now,
    )  # fmt: skip
    return True


def _choices(found: Analysis) -> list[tuple[str, str]]:
    return list(dict.fromkeys((place.name, place.district) for place in found.places if place.district))


def _relate(given: _Given) -> bool:
    other = _other(given)
    if other is None:
        return False
    number = given.incident.id
    if not amendments.relate(
        given.connection, number, other.id, actor=given.event.sender, event_id=given.event.event_id, now=given.now
    ):
        return given.refuse(casewords.RELATED_ALREADY.format(number=other.id))
    cause = given.event.event_id
    board.post(
        given.connection, given.desk, other.id, f"related:{cause}", casewords.RELATED_THERE.format(number=number),
        given.now,
    )  # fmt: skip
    board.refresh(given.connection, given.desk, other.id, cause, given.now)
    return True


def _merge(given: _Given) -> bool:
    other = _other(given)
    if other is None:
        return False
    return merge(given.connection, given.event, given.desk, given.incident, other, given.now)


def merge(
    connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, other: Incident, now: int
) -> bool:
    """`incident` is the same thing as `other`, where its reports are listed from now on."""
    if not casework.change(connection, event, desk, incident, Status.DUPLIKAT, f"#{other.id}", now):
        return False
    amendments.merge(connection, incident.id, other.id, actor=event.sender, now=now)
    cause = event.event_id
    # What was graver there is graver here, too: a merge must not silence an alarm.
    incidents.learn(connection, other.id, replace(incident.analysis, urgency=Urgency(incident.urgency)), now)
    watch.ring(connection, desk, other.id, now, cause=cause)
    board.post(connection, desk, other.id, f"merged:{cause}", casewords.MERGED_HERE.format(number=incident.id), now)
    search.index(connection, other.id)
    board.refresh(connection, desk, other.id, cause, now)
    return True


def _other(given: _Given) -> Incident | None:
    """The incident that an order names beside the card's own."""
    number = given.order.number or 0
    if number == given.incident.id:
        given.refuse(casewords.ITSELF)
        return None
    try:
        other = incidents.get(given.connection, number)
    except LookupError:
        given.refuse(casewords.NO_INCIDENT.format(number=number))
        return None
    if other.analysis.private != given.incident.analysis.private:
        given.refuse(casewords.NOT_WITH_PRIVATE)
        return None
    if other.status is Status.DUPLIKAT and given.order.verb is Verb.MERGE:
        given.refuse(casewords.IS_DUPLICATE.format(number=number))
        return None
    return other


def _split(given: _Given) -> bool:
    reports = board.reports(given.connection, given.incident.id)
    pointed = board.report_of(board.replied_to(given.connection, given.event))
    number = given.order.number if given.order.number is not None else len(reports)
    if given.order.number is None and pointed is not None:
        number = next((at for at, one in enumerate(reports, 1) if one.transmission_id == pointed), number)
    if not 2 <= number <= len(reports):
        return given.refuse(casewords.NO_SUCH_REPORT.format(number=number))
    report = reports[number - 1]
    analysis = given.desk.analyser.analyse(
        report.text, room_districts=given.desk.districts(given.connection, report.room_id), when=given.event.when
    )
    # What was said under something private is no more for a channel when it stands by itself.
    analysis = replace(analysis, private=analysis.private or given.incident.analysis.private)
    new = amendments.split(
        given.connection, given.incident.id, report, analysis, version=given.desk.content.version,
        actor=given.event.sender, event_id=given.event.event_id, now=given.now,
    )  # fmt: skip
    keepings.follow(given.connection, given.incident.id, new, given.now)
    search.index(given.connection, new)
    board.put_up(given.connection, given.desk, new, given.now, silent=True)
    board.sound(given.connection, given.desk, new, report.transmission_id, given.now)
    board.post(
        given.connection, given.desk, given.incident.id, f"split:{given.event.event_id}",
        casewords.SPLIT_OFF.format(number=new), given.now,
    )  # fmt: skip
    return True


def _note(given: _Given) -> bool:
    incidents.note(
        given.connection, given.incident.id, "noted", actor=given.event.sender, reason=given.order.words,
        event_id=given.event.event_id, now=given.now,
    )  # fmt: skip
    return True


def _forward(given: _Given) -> bool:
    return forwarding.forward(given.connection, given.event, given.desk, given.incident, given.order.words, given.now)


def _status(given: _Given) -> bool:
    assert given.order.status is not None  # noqa: S101
    return casework.change(
        given.connection, given.event, given.desk, given.incident, given.order.status, given.order.words or None,
        given.now,
    )  # fmt: skip


def _take_over(given: _Given) -> bool:
    """It changes hands; an incident that nobody looks at yet is claimed by it."""
    if given.incident.claimed_by is None or given.incident.status is Status.BARU:
        return casework.change(
            given.connection, given.event, given.desk, given.incident, Status.DITINJAU, None, given.now
        )
    return casework.hand_over(given.connection, given.event, given.desk, given.incident, given.now)


def _block(given: _Given) -> bool:
    report = _report(given)
    if report is None:
        return given.refuse(casewords.NOTHING_TO_CORRECT)
    until = conduct.block(
        given.connection, given.event, given.desk, given.incident.id, report.sender, given.order.number,
        given.order.words, given.now,
    )  # fmt: skip
    reason = f" Sebab: {escape(given.order.words)}" if given.order.words else ""
    given.refuse(casewords.BLOCKED.format(until=until, reason=reason))
    return True


def _unblock(given: _Given) -> bool:
    report = _report(given)
    if report is None or not conduct.unblock(
        given.connection, given.event, given.incident.id, report.sender, given.now
    ):
        return given.refuse(casewords.NOT_BLOCKED)
    given.refuse(casewords.UNBLOCKED)
    return True


def _keep(given: _Given) -> bool:
    return keeping.keep(given.connection, given.event, given.desk, given.incident, given.order, given.now)


def _release(given: _Given) -> bool:
    return keeping.release(given.connection, given.event, given.desk, given.incident, given.order, given.now)


def _help(given: _Given) -> bool:
    return given.refuse(casewords.HELP)


def _report(given: _Given) -> Link | None:
    """The report that an order is about: the one whose message it answers, or the one that the card shows."""
    pointed = board.report_of(board.replied_to(given.connection, given.event))
    reports = [one for one in board.reports(given.connection, given.incident.id) if one.state != "withdrawn"]
    found = next((one for one in reports if one.transmission_id == pointed), None)
    return found or (reports[0] if reports else None)


_DEEDS: dict[Verb, Callable[[_Given], bool]] = {
    Verb.CORRECT: _correct,
    Verb.CATEGORY: _category,
    Verb.URGENCY: _urgency,
    Verb.PLACE: _place,
    Verb.RELATE: _relate,
    Verb.MERGE: _merge,
    Verb.SPLIT: _split,
    Verb.NOTE: _note,
    Verb.FORWARD: _forward,
    Verb.STATUS: _status,
    Verb.TAKE_OVER: _take_over,
    Verb.PRIVATE: _private,
    Verb.ORIGINAL: _original,
    Verb.BLOCK: _block,
    Verb.UNBLOCK: _unblock,
    Verb.KEEP: _keep,
    Verb.RELEASE: _release,
    Verb.HELP: _help,
}
_ASKED = {Verb.HISTORY: dossier.history, Verb.EVIDENCE: dossier.evidence}
