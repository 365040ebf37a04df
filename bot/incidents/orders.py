"""What an officer writes under a card: an order, a misspelt order, or words for the reporter. Pure.

An order is its first word, and that alone decides. Nothing is guessed: a word that is nearly an order, or an order
whose rest makes no sense, is answered with help and neither carried out nor sent to anybody, because the one mistake
would change the log and the other would put a note between officers before a citizen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rapidfuzz.distance import OSA

from bot.incidents.lifecycle import Status


class Verb(StrEnum):
    """What can be ordered."""

    CORRECT = "koreksi"
    CATEGORY = "kategori"
    URGENCY = "urgensi"
    PLACE = "lokasi"
    RELATE = "tautkan"
    SPLIT = "pisah"
    MERGE = "gabung"
    NOTE = "catatan"
    FORWARD = "teruskan"
    HELP = "bantuan"
    ASK = "tanya"
    TAKE_OVER = "ambil alih"
    STATUS = "status"
    BLOCK = "blokir"
    UNBLOCK = "buka blokir"
    PRIVATE = "pribadi"
    ORIGINAL = "hapus aslinya"
    HISTORY = "riwayat"
    EVIDENCE = "bukti"
    KEEP = "simpan rekaman"
    RELEASE = "lepas rekaman"


@dataclass(frozen=True)
class Order:
    """An order as written."""

    verb: Verb
    words: str = ""
    """What follows the order."""
    number: int | None = None
    """An incident, a report of the card, or days."""
    status: Status | None = None
    until: date | None = None
    """The last day, of something that ends."""


@dataclass(frozen=True)
class Unsure:
    """Nearly an order, or one whose rest makes no sense; `verb` is what was probably meant."""

    verb: Verb


INTERNAL = "//"
"""Begins words between officers."""
_WORDS = {
    "koreksi": Verb.CORRECT,
    "kategori": Verb.CATEGORY,
    "urgensi": Verb.URGENCY,
    "lokasi": Verb.PLACE,
    "tautkan": Verb.RELATE,
    "pisah": Verb.SPLIT,
    "pisahkan": Verb.SPLIT,
    "gabung": Verb.MERGE,
    "gabungkan": Verb.MERGE,
    "catatan": Verb.NOTE,
    "teruskan": Verb.FORWARD,
    "tanya": Verb.ASK,
    "balas": Verb.ASK,
    "blokir": Verb.BLOCK,
}
_WHOLE = {
    "bantuan": Verb.HELP,
    "ambil alih": Verb.TAKE_OVER,
    "buka blokir": Verb.UNBLOCK,
    "pribadi": Verb.PRIVATE,
    "hapus aslinya": Verb.ORIGINAL,
    "hapus asli": Verb.ORIGINAL,
    "riwayat": Verb.HISTORY,
    "bukti": Verb.EVIDENCE,
}
"""Orders only when nothing else is said: their words begin ordinary sentences, too ("bantuan segera datang")."""
_COURTESY = frozenset(("tolong", "mohon", "minta", "pak", "bu", "ya", "dong", "ini", "laporan", "kartu", "lihat"))
_STATUSES = {
    "ditinjau": Status.DITINJAU,
    "terverifikasi": Status.TERVERIFIKASI,
    "ditangani": Status.DITANGANI,
    "selesai": Status.SELESAI,
    "palsu": Status.PALSU,
    "bukan kejadian": Status.BUKAN_KEJADIAN,
    "tidak terverifikasi": Status.TIDAK_TERVERIFIKASI,
    "tidak dapat diverifikasi": Status.TIDAK_TERVERIFIKASI,
    "buka lagi": Status.DITINJAU,
}
"""A state by its name alone, or with its reason behind a colon ("selesai: korban sudah di RSUD")."""
_NEEDS_WORDS = frozenset((Verb.CORRECT, Verb.CATEGORY, Verb.URGENCY, Verb.PLACE, Verb.NOTE, Verb.ASK))
_NEEDS_NUMBER = frozenset((Verb.RELATE, Verb.MERGE))
_MAY_ASK = frozenset((Verb.CORRECT, Verb.NOTE, Verb.ASK))
"""Their words may end with a question mark; of the others such a sentence is a question to the reporter."""
_FUZZY_FROM = 6
"""Letters below which a word that is one letter from an order is too often an ordinary word ("hanya", "tanya")."""
_NUMBER = re.compile(r"(?:(?:ke|dengan|dgn|sama|no\.?|nomor|laporan)\s+)*#?\s*(\d{1,9})\s*[.!]?", re.IGNORECASE)
_DAYS = re.compile(r"(\d{1,3})\s*hari\b[\s,:.-]*", re.IGNORECASE)
_RECORDING = re.compile(r"(simpan|lepas)(?:kan)?\s+rekaman\b[\s:,.-]*", re.IGNORECASE)
_CLOSED = re.compile(r"(?:sampai|hingga)\s+(?:selesai|ditutup)\b[\s:,.-]*", re.IGNORECASE)
_DAY = re.compile(r"(?:(?:sampai|hingga)\s+)?(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b[\s:,.-]*", re.IGNORECASE)
_MOST_DAYS = 3650
_TO = re.compile(r"(?:ke|kepada)\s+", re.IGNORECASE)


def read(text: str) -> Order | Unsure | None:
    """The order in a message; `None` when it is none, and so is meant for the reporter."""
    said = text.strip().lstrip("/!").strip()
    plain = " ".join(said.casefold().split()).rstrip(".!")
    if (whole := _whole(plain)) is not None:
        return whole
    if (status := _status(said, plain)) is not None:
        return status
    if found := _RECORDING.match(said):
        return _recording(found[1].casefold(), said[found.end() :].strip())
    first, _, rest = said.partition(" ") if "\n" not in said.split(" ", 1)[0] else said.partition("\n")
    word = first.casefold().rstrip(":,")
    verb = _WORDS.get(word)
    if verb is None:
        nearest = _near(word) or _near_whole(plain)
        return Unsure(nearest) if nearest else None
    return _order(verb, rest.strip().lstrip(":").strip())


def _whole(plain: str) -> Order | None:
    """An order of its own words alone; for what only shows something, courtesy around it does not matter."""
    if plain in _WHOLE:
        return Order(_WHOLE[plain])
    words = [word for word in plain.split() if word not in _COURTESY]
    verb = _WHOLE.get(words[0]) if len(words) == 1 else None
    return Order(verb) if verb in (Verb.HISTORY, Verb.EVIDENCE) else None


def _near_whole(plain: str) -> Verb | None:
    """The order that a whole message is a slip away from: "riwayta", "simpen rekaman besok"."""
    for known, verb in _WHOLE.items():
        if len(known) >= _FUZZY_FROM and OSA.distance(plain, known, score_cutoff=1) <= 1:
            return verb
    first_two = " ".join(plain.split()[:2])
    for verb in (Verb.KEEP, Verb.RELEASE):
        if OSA.distance(first_two, str(verb), score_cutoff=3) <= 3 and "rekam" in first_two:
            return verb
    return None


def _order(verb: Verb, rest: str) -> Order | Unsure:
    unsure = Unsure(verb)
    if rest.endswith("?") and verb not in _MAY_ASK:
        return unsure
    if verb in _NEEDS_WORDS:
        return Order(verb, rest) if rest else unsure
    if verb in _NEEDS_NUMBER:
        found = _NUMBER.fullmatch(rest)
        return Order(verb, number=int(found[1])) if found else unsure
    if verb is Verb.SPLIT:
        found = _NUMBER.fullmatch(rest)
        if rest and not found:
            return unsure
        return Order(verb, number=int(found[1]) if found else None)
    if verb is Verb.BLOCK:
        days = _DAYS.match(rest)
        return Order(verb, rest[days.end() :] if days else rest, number=int(days[1]) if days else None)
    return Order(verb, _TO.sub("", rest, count=1).rstrip(".!") if verb is Verb.FORWARD else rest)


def _recording(verb: str, rest: str) -> Order | Unsure:
    """To keep a recording needs a reason, for some days, until a day, or else until the incident is closed."""
    if rest.endswith("?"):
        return Unsure(Verb.KEEP if verb == "simpan" else Verb.RELEASE)
    if verb == "lepas":
        return Order(Verb.RELEASE, rest)
    unsure = Unsure(Verb.KEEP)
    days, until = None, None
    if found := _CLOSED.match(rest):
        rest = rest[found.end() :]
    elif found := _DAYS.match(rest):
        days, rest = int(found[1]), rest[found.end() :]
    elif found := _DAY.match(rest):
        try:
            until = date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            return unsure
        rest = rest[found.end() :]
    if not re.search(r"[^\W\d_]{2}", rest) or (days is not None and not 1 <= days <= _MOST_DAYS):
        return unsure
    return Order(Verb.KEEP, rest, number=days, until=until)


def _status(said: str, plain: str) -> Order | None:
    name, colon, reason = said.partition(":")
    key = " ".join(name.casefold().split()).removeprefix("status ")
    if colon and key in _STATUSES:
        return Order(Verb.STATUS, reason.strip(), status=_STATUSES[key])
    key = plain.removeprefix("status ")
    return Order(Verb.STATUS, status=_STATUSES[key]) if key in _STATUSES else None


def _near(word: str) -> Verb | None:
    """The order that a word is one slip away from; two in a long one."""
    if len(word) < _FUZZY_FROM - 1 or not word.isalpha():
        return None
    for known, verb in _WORDS.items():
        slips = 2 if len(known) > _FUZZY_FROM + 1 else 1
        if len(known) >= _FUZZY_FROM and OSA.distance(word, known, score_cutoff=slips) <= slips:
            return verb
    return None
