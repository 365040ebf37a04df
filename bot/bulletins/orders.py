"""What follows `!buletin`: an officer's order about notes, or a person's about their own copy. Pure.

    !buletin [SLOT] [DAY] [di ROOM] tambah TEXT [sampai DAY] [di ROOM]
    !buletin catatan · hapus 3 · pagi ikut · pagi stop · jadwal

Names of slots and rooms come from the files. Nothing is guessed: what is nearly an order is answered with help.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from babel.dates import format_date
from rapidfuzz.distance import OSA

from bot.bulletins.dates import DAY, day_of
from bot.bulletins.fields import NOTE_CHARACTERS

MAX_LINE = 4_000
"""Characters of a message that are read."""


class Verb(StrEnum):
    """What can be ordered."""

    ADD = "tambah"
    LIST = "catatan"
    REMOVE = "hapus"
    JOIN = "ikut"
    LEAVE = "stop"
    SCHEDULE = "jadwal"
    HELP = "bantuan"


@dataclass(frozen=True)
class Order:
    """An order as written."""

    verb: Verb
    slots: tuple[str, ...] = ()
    """None named: every one."""
    words: str = ""
    """Of a note."""
    since: dt.date | None = None
    until: dt.date | None = None
    """Inclusive; None named: the next bulletin alone."""
    room: str | None = None
    """Name of a channel; `None`: every one."""
    number: int | None = None


class Fault(StrEnum):
    """Why a line is no order; words for people stand in `bot.bulletins.deskwords`."""

    WORD = "word"
    """A word that means nothing here."""
    DAY = "day"
    """No day, or one that is past or more than a year ahead."""
    NUMBER = "number"
    EMPTY = "empty"
    """A note without words."""
    LONG = "long"
    SLOTS = "slots"
    """A note for two slots and not for all."""
    ORDER = "order"
    """It would end before it begins."""


@dataclass(frozen=True)
class Unsure:
    """No order: what is wrong, the word it is about, and what was probably meant."""

    fault: Fault
    word: str = ""
    meant: str = ""


_COMMAND = re.compile(r"\s*!bulet[ie]n(?!\w)[ \t:]*", re.IGNORECASE)
_VERBS = {
    "tambah": Verb.ADD, "tambahkan": Verb.ADD, "catat": Verb.ADD, "catatan": Verb.LIST, "daftar": Verb.LIST,
    "hapus": Verb.REMOVE, "hapuskan": Verb.REMOVE, "ikut": Verb.JOIN, "ikuti": Verb.JOIN, "langganan": Verb.JOIN,
    "berlangganan": Verb.JOIN, "stop": Verb.LEAVE, "berhenti": Verb.LEAVE, "setop": Verb.LEAVE,
    "henti": Verb.LEAVE, "hentikan": Verb.LEAVE, "jadwal": Verb.SCHEDULE, "bantuan": Verb.HELP, "help": Verb.HELP,
}  # fmt: skip
_COURTESY = frozenset(
    (
        "tolong", "mohon", "minta", "saya", "aku", "mau", "ingin", "pak", "bu", "min", "ya", "dong", "buletin", "yang",
        "setiap", "tiap", "dan", "&", "kirim", "kirimkan", "untuk", "ini", "slot", "pada", "saja", "semua", "semuanya",
    )
)  # fmt: skip
_WITH_SINCE = re.compile(rf"(?:mulai|sejak|dari|untuk|pada)?\s*{DAY}", re.IGNORECASE)
_UNTIL = re.compile(rf"(?:sampai|hingga|s\.?/?d\.?|sampe)(?:\s+dengan)?\s+{DAY}", re.IGNORECASE)
_APART = re.compile(r"[.;,|\n–—-]\s*$")
_ROOM = re.compile(r"(?:di|untuk|ke)?\s*kanal\s+|(?:di|untuk|ke)\s+", re.IGNORECASE)
_NUMBER = re.compile(r"(?:no\.?|nomor)?\s*#?\s*(\d{1,9})\s*[.!]?", re.IGNORECASE)


def asked(body: str) -> str | None:
    """What follows `!buletin` in a message; `None` when it does not begin with it."""
    command = _COMMAND.match(body)
    return body[command.end() :].strip() if command else None


def read(line: str, today: dt.date, *, slots: Mapping[str, str], rooms: Mapping[str, str]) -> Order | Unsure | None:
    """Read what follows `!buletin`; `None` for nothing at all. Never raises.

    `slots`, `rooms`: name → title. `today` is the local date.
    """
    if not line.strip():
        return None
    line = line.replace("\x00", " ")
    if len(line) > MAX_LINE:
        return Unsure(Fault.LONG, str(NOTE_CHARACTERS))
    for word in re.finditer(r"[^\s,:]+", line):
        verb = _VERBS.get(word[0].casefold().rstrip(".!?"))
        if verb is not None:
            return _order(verb, line[: word.start()], line[word.end() :].lstrip(" :,\t"), today, slots, rooms)
    head = _head(line, today, slots, rooms)
    if isinstance(head, Order):
        return Order(Verb.HELP)
    return head


def _order(
    verb: Verb, before: str, after: str, today: dt.date, slots: Mapping[str, str], rooms: Mapping[str, str]
) -> Order | Unsure:
    head = _head(before, today, slots, rooms)
    if isinstance(head, Unsure):
        return head
    if verb is Verb.ADD:
        return _note(replace(head, verb=verb), after, today, rooms)
    if verb is Verb.REMOVE:
        found = _NUMBER.fullmatch(after.strip())
        return Order(verb, number=int(found[1])) if found else Unsure(Fault.NUMBER, after.strip()[:40])
    tail = _head(after.rstrip(".!? "), today, slots, rooms)
    if isinstance(tail, Unsure):
        return tail
    return Order(verb, tuple(dict.fromkeys((*head.slots, *tail.slots))))


def _head(text: str, today: dt.date, slots: Mapping[str, str], rooms: Mapping[str, str]) -> Order | Unsure:
    """Slots, days and a room in any order."""
    found = Order(Verb.HELP)
    text = text.strip(" \t\n,:")
    while text:
        if day := _UNTIL.match(text):
            until = day_of(day, today)
            if until is None:
                return Unsure(Fault.DAY, day[0])
            found, text = replace(found, until=until), text[day.end() :]
        elif name := _begins(text, slots):
            found, text = replace(found, slots=(*found.slots, name[0])), text[name[1] :]
        elif day := _WITH_SINCE.match(text):
            since = day_of(day, today)
            if since is None:
                return Unsure(Fault.DAY, day[0])
            found, text = replace(found, since=since), text[day.end() :]
        elif (where := _ROOM.match(text)) and (name := _begins(text[where.end() :], rooms)):
            found, text = replace(found, room=name[0]), text[where.end() + name[1] :]
        else:
            word = re.split(r"[\s,:]+", text, maxsplit=1)[0]
            if word.casefold() not in _COURTESY:
                return Unsure(Fault.WORD, word[:40], _near(word, slots))
            text = text[len(word) :]
        text = text.lstrip(" \t\n,:")
    if found.since and found.until and found.until < found.since:
        return Unsure(Fault.ORDER)
    return replace(found, slots=tuple(dict.fromkeys(found.slots)))


def _note(head: Order, text: str, today: dt.date, rooms: Mapping[str, str]) -> Order | Unsure:
    """The words of a note, without what is said at their end of where and until when.

    "Jalan Pemuda ditutup sampai 5/12" says it to the readers as well: it stays, as a day that means the same tomorrow.
    Set apart ("…, sampai 5/12") it is for us alone.
    """
    words, room, until = text.strip(), head.room, head.until
    kept = ""
    for _ in range(2):  # "sampai 5/12 di ojol", "di ojol sampai 5/12"
        if room is None and (where := _ends_in_room(words, rooms)):
            room, words = where[0], words[: where[1]].rstrip()
        ends = _last(_UNTIL, words)
        if until is None and ends:
            until = day_of(ends, today)
            if until is None:
                return Unsure(Fault.DAY, ends[0])
            words = words[: ends.start()].rstrip(" \t")
            if not _APART.search(words):
                kept = f" sampai {format_date(until, 'd MMMM', locale='id')}"
    words = words.rstrip(" \t\n,;|–—-")
    if not re.search(r"\w", words):
        return Unsure(Fault.EMPTY)
    words = " ".join(words.split()) + kept
    if len(words) > NOTE_CHARACTERS:
        return Unsure(Fault.LONG, str(NOTE_CHARACTERS))
    if len(head.slots) > 1:
        return Unsure(Fault.SLOTS)
    if head.since and until and until < head.since:
        return Unsure(Fault.ORDER)
    return replace(head, words=words, room=room, until=until)


def _ends_in_room(text: str, rooms: Mapping[str, str]) -> tuple[str, int] | None:
    """(name of a channel, where the phrase begins) when a text ends in "di ojol" or "di kanal Ojol Kamtibmas"."""
    for found in reversed(list(re.finditer(rf"(?<!\w)(?:{_ROOM.pattern})", text, re.IGNORECASE))):
        name = _begins(text[found.end() :], rooms)
        if name and not text[found.end() + name[1] :].strip(" .!"):
            return name[0], found.start()
    return None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The match that ends the text."""
    found = [one for one in pattern.finditer(text) if not text[one.end() :].strip(" .!")]
    return found[-1] if found else None


def _begins(text: str, names: Mapping[str, str]) -> tuple[str, int] | None:
    """(name, length) when a text begins with a name or its title; the longest that fits."""
    best: tuple[str, int] | None = None
    for name, title in names.items():
        for written in (name, title, name.replace("-", " "), name.replace("_", " ")):
            pattern = r"\s+".join(re.escape(part) for part in written.split())
            found = re.match(rf"{pattern}(?![\w])", text, re.IGNORECASE)
            if found and found.end() and (best is None or found.end() > best[1]):
                best = (name, found.end())
    return best


def _near(word: str, slots: Mapping[str, str]) -> str:
    """The order or slot that a word is a slip away from."""
    plain = word.casefold()
    for known in (*slots, *_VERBS):
        slips = 2 if len(known) > 6 else 1
        if len(known) >= 4 and plain and OSA.distance(plain, known, score_cutoff=slips) <= slips:
            return known
    return ""
