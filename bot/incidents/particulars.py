"""What a report says beside kind, urgency and place: victims, vehicles, plates, times, radio codes.

Each with the words that said it. Numbers are counted only where they stand beside the people or the vehicle; "tidak
ada korban" counts none, "ada korban" leaves the number open. A plate is a personal number: it leaves this module only
as a span of the text, and as `[plat]` in JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.incidents.codes import CodeBook, RadioCode, find_codes
from bot.incidents.moments import Moment, TimeWords, find_moments
from bot.incidents.patterns import Pattern
from bot.incidents.words import QUESTION, STOP, Span, Words
from bot.language.mask import HIDDEN_PLATE, plates
from bot.language.numbers import compound

_MOST = 999
"""People or vehicles; a greater number counts something else."""
_NUMBERED = frozenset(
    ("km", "jalan", "rt", "rw", "jam", "pukul", "nomor", "no", "umur", "usia", "gang", "blok", "lantai", "setengah")
)
"""A number after one of these counts nobody."""
_BEFORE, _AFTER = 4, 3
"""Words in which a number belongs to what was said."""


@dataclass(frozen=True)
class PeopleWords:
    """The words of `particulars.yaml`; entries are plain words joined by _."""

    states: Mapping[str, tuple[tuple[str, ...], ...]]
    """State (meninggal, luka, terjebak, hilang) → what says so."""
    one: frozenset[str]
    many: frozenset[str]
    uncounted: frozenset[str]
    vehicles: Mapping[str, tuple[tuple[str, ...], ...]]
    """Kind → what it is called."""


@dataclass(frozen=True)
class Counted:
    """People in one state, or vehicles of one kind."""

    kind: str
    """meninggal | luka | terjebak | hilang | korban; of vehicles: motor | mobil | truk | …"""
    count: int | None
    """`None`: some, nobody said how many; 0: it was said that there are none."""
    words: str
    span: Span

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"kind": self.kind, "count": self.count, "words": self.words, "span": list(self.span)}


@dataclass(frozen=True)
class Particulars:
    """All that was found."""

    victims: tuple[Counted, ...] = ()
    vehicles: tuple[Counted, ...] = ()
    plates: tuple[Span, ...] = ()
    """Where plates stand in the text."""
    moments: tuple[Moment, ...] = ()
    codes: tuple[RadioCode, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Without the plates themselves: whoever may see the text, finds them by their spans."""
        return {
            "victims": [one.to_json() for one in self.victims],
            "vehicles": [one.to_json() for one in self.vehicles],
            "plates": [{"plate": HIDDEN_PLATE, "span": list(span)} for span in self.plates],
            "times": [one.to_json() for one in self.moments],
            "codes": [one.to_json() for one in self.codes],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Particulars:
        """Inverse of `to_json`; entries that an older version did not write are empty."""

        def counted(name: str) -> tuple[Counted, ...]:
            return tuple(
                Counted(one["kind"], one["count"], one["words"], (one["span"][0], one["span"][1]))
                for one in row.get(name, ())
            )

        return cls(
            counted("victims"),
            counted("vehicles"),
            tuple((one["span"][0], one["span"][1]) for one in row.get("plates", ())),
            tuple(
                Moment(
                    one["words"],
                    (one["span"][0], one["span"][1]),
                    datetime.fromisoformat(one["start"]),
                    datetime.fromisoformat(one["end"]),
                )
                for one in row.get("times", ())
            ),
            tuple(RadioCode.from_json(one) for one in row.get("codes", ())),
        )


def find_particulars(
    words: Words, when: datetime | None, people: PeopleWords, times: TimeWords, codes: CodeBook, negation: Pattern
) -> Particulars:
    """Everything beside kind, urgency and place. Without `when` no time is resolved."""
    counter = _Counter(words, people, negation)
    return Particulars(
        tuple(counter.victims()),
        tuple(counter.vehicles()),
        tuple(plates(words.text)),
        find_moments(words, when, times) if when is not None else (),
        find_codes(words, codes),
    )


class _Counter:
    def __init__(self, words: Words, people: PeopleWords, negation: Pattern) -> None:
        self._words, self._people, self._negation = words, people, negation
        self._forms = [word.plain for word in words.words]
        self._stated: set[int] = set()
        """Words that said a state."""
        self._used: set[int] = set()
        """Number words that were counted for something already."""

    def victims(self) -> Iterator[Counted]:
        states = [
            (index, index + len(entry), kind)
            for index in range(len(self._forms))
            for kind, entries in self._people.states.items()
            for entry in entries
            if tuple(self._forms[index : index + len(entry)]) == entry
        ]
        spoken: dict[str, Counted] = {}
        covered = -1
        for first, end, kind in sorted(states, key=lambda state: (state[0], -state[1])):
            if first < covered:
                continue
            covered = end
            one = self._state(first, end, kind)
            if self._forms[first:end] == ["hilang"] and not self._somebody(first):
                continue  # a motorcycle, a helmet
            self._stated.update(range(first, end))
            known = spoken.get(kind)
            if known is None or (known.count is None and one.count is not None):
                spoken[kind] = one
        yield from spoken.values()
        if (total := self._total(bool(spoken))) is not None:
            yield total

    def _state(self, first: int, end: int, kind: str) -> Counted:
        if self._denied(first):
            return self._counted(kind, 0, first, end)
        start, stop = first, end
        for number_at, number_end, value in self._numbers(max(0, first - _BEFORE), first):
            between = self._forms[number_end:first]
            if all(self._person(form) or form in ("yang", "sudah", "pada", "langsung") for form in between):
                self._used.update(range(number_at, number_end))
                return self._counted(kind, value, number_at, end)
        for number_at, number_end, value in self._numbers(end, min(len(self._forms), end + _AFTER)):
            following = self._forms[number_end] if number_end < len(self._forms) else ""
            between = self._forms[end:number_at]
            if following in self._people.many and all(
                form in ("ada", "sekitar", "parah", "berat", "ringan") for form in between
            ):
                self._used.update(range(number_at, number_end))
                return self._counted(kind, value, first, number_end + 1)
        for index in range(first - 1, max(-1, first - _BEFORE), -1):
            form = self._forms[index]
            if form in (STOP, QUESTION) or form in self._people.many or form in self._people.uncounted:
                start = index if form not in (STOP, QUESTION) else start
                break
            if form in self._people.one:
                return self._counted(kind, 1, index, end)
        return self._counted(kind, None, start, stop)

    def _total(self, known: bool) -> Counted | None:
        """ "Korban tiga orang", "tidak ada korban": what is said of victims as such."""
        for index, form in enumerate(self._forms):
            if form not in ("korban", "korbannya") or index in self._stated:
                continue
            if self._denied(index):
                return self._counted("korban", 0, index, index + 1)
            for number_at, number_end, value in self._numbers(index + 1, min(len(self._forms), index + 3)):
                if not self._used & set(range(number_at, number_end)):
                    return self._counted("korban", value, index, number_end)
            for number_at, number_end, value in self._numbers(max(0, index - 3), index):
                if number_end == index and not self._used & set(range(number_at, number_end)):
                    return self._counted("korban", value, number_at, index + 1)
            if not known:
                return self._counted("korban", None, index, index + 1)
        return None

    def vehicles(self) -> Iterator[Counted]:
        index = 0
        spoken: dict[str, Counted] = {}
        while index < len(self._forms):
            kind, end = self._vehicle(index)
            if not kind:
                index += 1
                continue
            first, count = index, None
            for number_at, number_end, value in self._numbers(max(0, index - 3), index):
                if number_end == index or self._forms[number_end:index] in (["unit"], ["buah"]):
                    first, count = number_at, value
            while end < len(self._forms) and self._vehicle(end)[0]:
                end = self._vehicle(end)[1]  # "motor Beat", "truk tronton": one vehicle
            known = spoken.get(kind)
            if known is None or (known.count is None and count is not None):
                spoken[kind] = self._counted(kind, count, first, end)
            index = end
        yield from spoken.values()

    def _vehicle(self, index: int) -> tuple[str, int]:
        best = "", index
        for kind, names in self._people.vehicles.items():
            for name in names:
                if tuple(self._forms[index : index + len(name)]) == name and index + len(name) > best[1]:
                    best = kind, index + len(name)
        return best

    def _numbers(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """(first, behind, value) of each number that lies wholly in a range, the last one first."""
        found: list[tuple[int, int, int]] = []
        index = start
        while index < stop:
            end, value = compound(self._forms, index)
            if end == index:
                index += 1
                continue
            numbered = self._forms[index - 1] if index else ""
            if end <= stop and 0 < value <= _MOST and numbered not in _NUMBERED:
                found.append((index, end, value))
            index = end
        yield from reversed(found)

    def _somebody(self, index: int) -> bool:
        """Whether a person stands right before, nearer than a thing."""
        for form in reversed(self._forms[max(0, index - _BEFORE) : index]):
            if self._person(form):
                return True
            if any((form,) in names for names in self._people.vehicles.values()) or form in (STOP, QUESTION):
                return False
        return False

    def _person(self, form: str) -> bool:
        return form in self._people.many or form in self._people.one

    def _denied(self, index: int) -> bool:
        before = "".join(form + " " for form in self._forms[max(0, index - 4) : index])
        if any(found.end() == len(before) for found in self._negation.regex.finditer(before)):
            return True
        return self._forms[index + 1 : index + 3] in (["tidak", "ada"], ["kosong"]) or self._forms[
            index + 1 : index + 4
        ] == ["jiwa", "tidak", "ada"]

    def _counted(self, kind: str, count: int | None, first: int, end: int) -> Counted:
        span = self._words.span(first, end - 1)
        return Counted(kind, count, self._words.quote(span), span)
