"""What an officer orders with `!`: an order, a slip, or nothing of the kind. Pure; never raises.

An order is read from its front: people, room and term stand before the reason, so that nothing told in a reason is
taken for them. Nothing is guessed: a word that is nearly an order, a room that is none, a term at the wrong end are
slips, which are answered with help while nothing is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from bot.moderation import listaddress
from bot.moderation.orders import EVERYWHERE, MAX_MESSAGES, SLOWEST, Fault, Order, Place, Slip
from bot.moderation.terms import Term, read_term, trails
from bot.moderation.verbs import FURTHER, NEEDS, PAIRS, SWITCHES, WORDS, Verb

_LONGEST = 4000
"""Characters that are read."""
_SIGN = re.compile(r"\s*!\s*(?=[^\W\d_])")
_AGAIN = re.compile(r"\s*!?\s*")
_FIRST = re.compile(r"([^\W\d_]+)[:,]?(?!\w)\s*")
_TRIAL = re.compile(r"(?:--|[\u2010-\u2015]|-)coba(?!\w)|coba\s*:", re.IGNORECASE)
_PERSON = re.compile(
    r"(?:https://matrix\.to/#/)?(?:@|%40)([a-z0-9._=\-/+]+)(?:(?::|%3a)((?:[a-z0-9.\-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?))?"
    r"(?:\?via=\S*)?",
    re.IGNORECASE,
)
_GLOB = re.compile(r"(?=[^\s]*[\w*])([a-z0-9.\-*?]+|\[[0-9a-f:.]+\])(:\d{1,5})?(?=[\s,;]|$)", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:[\s,;:]|(?:dan|&|pada|ke|dari|selama)(?=\s+(?:@|https://matrix|\d)))*", re.IGNORECASE)
_ROOM = re.compile(r"(?:di|dari)\s+(?:(?:kanal|ruang)\s+)?|di(?=sini\b)", re.IGNORECASE)
_ALL = re.compile(r"semua(?:\s+(?:kanal|ruang))?(?!\w)", re.IGNORECASE)
_HERE = re.compile(r"sini(?!\w)", re.IGNORECASE)
_COUNT = re.compile(r"(\d{1,6})(?!\w)(?:\s*(?:pesan|detik|dtk)(?!\w))?(?:\s+terakhir(?!\w))?", re.IGNORECASE)
_WHY = re.compile(r"(?:alasan(?:nya)?|sebab(?:nya)?)\s*:?\s*|karena\s+|krn\s+", re.IGNORECASE)
_ANOTHER = re.compile(r"\n\s*!\s*([^\W\d_]+)")
_VIA = re.compile(r"\?\S+")
_OF_PROTECTIONS = frozenset((Verb.PROTECTIONS, Verb.PROTECT_OFF, Verb.PROTECT_ON))
_ORDINARY = frozenset(
    (Verb.PERSON, Verb.LIST, Verb.HELP, Verb.CANCEL, Verb.VOUCH, Verb.REMARK, Verb.SLOW, Verb.LISTS, Verb.PROTECTIONS)
)
"""Orders whose words begin ordinary sentences."""
_WORDLESS = frozenset((Verb.PERSON, Verb.LIST, Verb.VOUCH, Verb.FAST, Verb.LISTS))
"""Orders behind which nothing is left to say."""
_FUZZY_FROM = 5
"""Letters below which a word one letter from an order is too often another word."""


def read(text: str, place: Place) -> Order | Slip | None:
    """The order in a message; `None` when it is none. Without `!` in front nothing is, but a whole one under a card."""
    text = text[:_LONGEST]
    sign = _SIGN.match(text)
    if sign is None:
        return _unsigned(text, place) if place.unsigned else None
    return _signed(text, sign.end(), place, signed=True)


def _unsigned(text: str, place: Place) -> Order | Slip | None:
    """Officers also talk under a card: what may be talk is asked back about, and ordinary words are only talk."""
    text = text.strip()
    found = _signed(text, 0, place, signed=False)
    talk = isinstance(found, Slip) and found.verb in _ORDINARY
    helps = isinstance(found, Order) and found.verb in (Verb.HELP, Verb.CANCEL) and len(text.split()) > 2
    return None if talk or helps else found


def _signed(text: str, at: int, place: Place, *, signed: bool) -> Order | Slip | None:
    trial = False
    if early := _TRIAL.match(text, at):
        at, trial = early.end(), True
        at = again.end() if (again := _AGAIN.match(text, at)) else at
    found = _verb(text, at)
    if isinstance(found, Slip) or found is None:
        return found
    verb, at = found
    other = _ANOTHER.search(text, at)
    if other is not None and (other[1].casefold() in WORDS or _near(other[1].casefold())):
        return Slip(verb, Fault.ONE_ORDER)
    if verb in (Verb.HELP, Verb.CANCEL):
        about = _verb(text[at:].lstrip(" !"), 0) if verb is Verb.HELP else None
        return Order(verb, topic=about.verb if isinstance(about, Slip) else about[0] if about else None)
    return _Reading(text, at, verb, place, trial=trial, signed=signed).result()


def _verb(text: str, at: int) -> tuple[Verb, int] | Slip | None:
    first = _FIRST.match(text, at)
    if first is None:
        return None
    word = first[1].casefold()
    second = _FIRST.match(text, first.end())
    after = second[1].casefold() if second else ""
    if second is not None and (pair := PAIRS.get((word, after))):
        return _further(pair, text, second.end())
    if word in WORDS:
        return _further(WORDS[word], text, first.end())
    opening = [verb for (one, _), verb in PAIRS.items() if one == word and one not in WORDS]
    if opening:
        near = [verb for (one, other), verb in PAIRS.items() if one == word and OSA.distance(after, other) <= 2]
        return Slip((near or opening)[0], Fault.MISSPELT, word) if near or not after else None
    meant = _near(word)
    return Slip(meant, Fault.MISSPELT, first[1]) if meant else None


def _further(verb: Verb, text: str, at: int) -> tuple[Verb, int]:
    word = _FIRST.match(text, at)
    more = FURTHER.get((verb, word[1].casefold())) if word is not None else None
    return (more, word.end()) if word is not None and more is not None else (verb, at)


def _near(word: str) -> Verb | None:
    """The order that a word is one slip away from; two in a long one."""
    if len(word) < _FUZZY_FROM - 1:
        return None
    for known, verb in WORDS.items():
        slips = 2 if len(known) > _FUZZY_FROM + 2 else 1
        if len(known) >= _FUZZY_FROM and OSA.distance(word, known, score_cutoff=slips) <= slips:
            return verb
    return None


@dataclass
class _Reading:
    """Takes part after part from the front of an order; the rest is its reason."""

    text: str
    at: int
    verb: Verb
    place: Place
    trial: bool = False
    signed: bool = True
    marked: bool = False
    """Its reason is surely one."""
    targets: list[str] = field(default_factory=list)
    room: str | None = None
    term: Term | None = None
    amount: int | None = None

    def result(self) -> Order | Slip:
        fault = self._parts()
        needs = NEEDS[self.verb]  # a protection's order is only known by its parts
        reason = self._reason()
        if fault is None and needs.room and self.room is None:
            reason, fault = self._room_last(reason)
        fault = fault or self._missing(reason) or self._doubtful(reason)
        if fault is not None:
            return fault
        return Order(
            self.verb, tuple(dict.fromkeys(self.targets)), self.room, self.term, self.amount, reason, self.trial
        )

    def _slip(self, fault: Fault, words: str = "") -> Slip:
        return Slip(self.verb, fault, words[:60])

    # ── the parts before the reason ─────────────────────────────────────────────────────────────────────

    def _parts(self) -> Slip | None:
        while True:
            needs = NEEDS[self.verb]
            between = _BETWEEN.match(self.text, self.at)
            self.at = between.end() if between else self.at
            if self.at >= len(self.text):
                return None
            if trial := _TRIAL.match(self.text, self.at):
                self.at, self.trial = trial.end(), True
            elif self.verb is Verb.REMARK and self.targets:
                return None  # a remark is everything behind the name
            elif needs.address:
                return self._address()
            elif self.verb in _OF_PROTECTIONS and self._protection():
                continue
            elif self.text[self.at] == "@" or self.text.startswith("https://matrix.to/#/", self.at):
                if fault := self._person():
                    return fault
            elif self.verb in (Verb.BAN_SERVER, Verb.UNBAN_SERVER) and not self.targets:
                if fault := self._server():
                    return fault
            elif (term := read_term(self.text, self.at, self.place.now)) and self.verb is not Verb.SLOW:
                if not needs.term:
                    return self._slip(Fault.NO_TERM_HERE, self.text[self.at : term[1]])
                if term[0] is None or self.term is not None:
                    return self._slip(Fault.BAD_TERM, self.text[self.at : term[1]])
                self.term, self.at = term
            elif self.verb in (Verb.REDACT, Verb.SLOW) and self.amount is None and self._count():
                continue
            elif room := _ROOM.match(self.text, self.at):
                if self.room is not None:
                    return None  # "di" of the reason
                if fault := self._room(room.end()):
                    return fault
            else:
                return None

    def _person(self) -> Slip | None:
        found = _PERSON.match(self.text, self.at)
        if found is None:
            return self._slip(Fault.NOT_A_PERSON, self.text[self.at :].split()[0])
        if not NEEDS[self.verb].person:
            return self._slip(Fault.NO_PEOPLE_HERE, found[0])
        local, server = found[1].rstrip("."), (found[2] or self.place.server).rstrip(".").lower()
        if not local or len(local) + len(server) > 250:
            return self._slip(Fault.NOT_A_PERSON, found[0])
        self.targets.append(f"@{local.lower() if server == self.place.server else local}:{server}")
        self.at = found.end()
        return None

    def _server(self) -> Slip | None:
        found = _GLOB.match(self.text, self.at)
        name = found[0].lower().rstrip(".") if found else ""
        if found is None or not re.search(r"[a-z0-9\]]", name) or len(name) > 230:
            return self._slip(Fault.NO_SERVER, self.text[self.at :].split()[0])
        self.targets.append(name)
        self.at = found.end()
        return None

    def _address(self) -> Slip | None:
        words = self.text[self.at :].split()
        if listaddress.parse(words[0]) is None:
            return self._slip(Fault.NO_ADDRESS, words[0])
        self.targets.append(words[0].rstrip(".,;"))
        self.at += len(words[0])
        return None

    def _protection(self) -> bool:
        """Its name, or whether it is switched on or off; in whichever order they stand."""
        word = _FIRST.match(self.text, self.at)
        if self.verb is Verb.PROTECTIONS and word is not None and word[1].casefold() in SWITCHES:
            self.verb, self.at = SWITCHES[word[1].casefold()], word.end()
            return True
        found = self._named(self.place.protections, self.at) if not self.targets else None
        if found is None:
            return False
        self.targets.append(found[0])
        self.at = found[1]
        return True

    def _count(self) -> bool:
        if self.verb is Verb.SLOW:
            term = read_term(self.text, self.at, self.place.now)
            if term is not None and term[0] is not None and term[0].seconds is not None:
                self.amount, self.at = term[0].seconds, term[1]
                return True
        found = _COUNT.match(self.text, self.at)
        if found is None:
            return False
        self.amount, self.at = int(found[1]), found.end()
        return True

    def _room(self, start: int) -> Slip | None:
        if not NEEDS[self.verb].room and self.verb not in (Verb.LIST, Verb.PROTECTIONS):
            return self._slip(Fault.NO_ROOM_HERE)
        if everywhere := _ALL.match(self.text, start):
            self.room, self.at = EVERYWHERE, everywhere.end()
            return None
        if here := _HERE.match(self.text, start):
            self.at = here.end()
            return None if self.place.here is not None else self._slip(Fault.NO_ROOM)
        known = self._named(self.place.channels, start)
        if known is None:
            return self._slip(Fault.UNKNOWN_ROOM, " ".join(self.text[start:].split()[:2]))
        self.room, self.at = known
        via = _VIA.match(self.text, self.at)
        self.at = via.end() if via else self.at
        return None

    def _named(self, names: Mapping[str, str], start: int) -> tuple[str, int] | None:
        """What is meant by the name that stands there, the longest that fits, with where it ends."""
        there = self.text[start:].casefold()
        for spoken in sorted(names, key=len, reverse=True):
            after = there[len(spoken) : len(spoken) + 1]
            if there.startswith(spoken) and not (after.isalnum() or after in ("_", "-")):
                return names[spoken], start + len(spoken)
        return None

    # ── the reason ──────────────────────────────────────────────────────────────────────────────────────

    def _reason(self) -> str:
        rest = self.text[self.at :]
        self.marked = _WHY.match(rest) is not None or self.text[: self.at].rstrip().endswith(":")
        rest = _WHY.sub("", rest, count=1) if _WHY.match(rest) else rest
        without = _TRIAL.sub("", rest) if re.search(r"(?:--|[\u2010-\u2015])coba\s*$", rest, re.IGNORECASE) else rest
        self.trial = self.trial or without != rest
        return " ".join(without.split()).strip(" :,;")

    def _room_last(self, reason: str) -> tuple[str, Slip | None]:
        """A channel named at the very end is meant as the place, as far as that is sure."""
        for spoken, name in self.place.channels.items():
            end = f" di {spoken}"
            if f" {reason}".casefold().rstrip(".!").endswith(end):
                if self.place.here not in (None, name):
                    return reason, self._slip(Fault.WHICH_ROOM, spoken)
                self.room = name
                return f" {reason}".rstrip(".!")[: -len(end)].strip(), None
        return reason, None

    def _missing(self, reason: str) -> Slip | None:
        needs = NEEDS[self.verb]
        if needs.person and not self.targets and not self.place.replies:
            words = reason.split()
            return self._slip(Fault.NOT_A_PERSON if words else Fault.NO_TARGET, words[0] if words else "")
        if len(set(self.targets)) > 1 and not needs.several and needs.person:
            return self._slip(Fault.ONE_AT_A_TIME)
        if self.verb in (Verb.BAN_SERVER, Verb.UNBAN_SERVER) and not self.targets:
            return self._slip(Fault.NO_SERVER)
        if needs.address and not self.targets:
            return self._slip(Fault.NO_ADDRESS)
        if self.verb in _OF_PROTECTIONS and (fault := self._half(reason)) is not None:
            return self._slip(fault, reason)
        most = {Verb.REDACT: MAX_MESSAGES, Verb.SLOW: SLOWEST}.get(self.verb)
        if most is not None and (self.amount is None or not 1 <= self.amount <= most):
            return self._slip(Fault.BAD_AMOUNT)
        if needs.room and self.room is None and self.place.here is None:
            return self._slip(Fault.NO_ROOM)
        if needs.reason and not re.search(r"[^\W_]{2}", reason):
            return self._slip(Fault.NO_REASON)
        return None

    def _half(self, reason: str) -> Fault | None:
        """What is missing of an order about a protection; the bare word shows them all."""
        if not self.targets and (reason or self.verb is not Verb.PROTECTIONS):
            return Fault.NO_PROTECTION
        return Fault.ON_OR_OFF if self.targets and self.verb is Verb.PROTECTIONS else None

    def _doubtful(self, reason: str) -> Slip | None:
        if reason and not self.signed and not self.marked:
            return self._slip(Fault.UNSIGNED)
        if reason.endswith("?") and self.verb is not Verb.REMARK:
            return self._slip(Fault.QUESTION)
        if NEEDS[self.verb].term and self.term is None and trails(reason):
            return self._slip(Fault.TERM_LAST)
        if reason and (NEEDS[self.verb].address or self.verb in _WORDLESS):
            return self._slip(Fault.MISSPELT, str(self.verb))
        return None
