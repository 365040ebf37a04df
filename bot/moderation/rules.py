"""rooms/moderation.yaml: what each role may order, how long it holds, and what members are told. Pure."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bot.moderation import words
from bot.moderation.terms import read_term
from bot.moderation.verbs import Right
from bot.problem import ContentError, Problem
from bot.rooms.loader import OFFICERS
from bot.rooms.model import Part
from bot.yamlfile import read, validate

MODERATION = "moderation.yaml"
ALL = "semua"
"""In a role's `may`: every order."""
_USUAL = frozenset(
    (Right.WARN, Right.MUTE, Right.KICK, Right.REDACT, Right.SLOW, Right.REMARK, Right.LIST)
)  # fmt: skip
"""What a role may do that the file does not name, when its members have some power …"""
_SOME_POWER, _FULL_POWER = 50, 100
"""… and with full power everything."""
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _right(word: str) -> str:
    if word != ALL and word not in tuple(Right):
        raise ValueError(f"no order '{word}'; there are: {ALL}, {', '.join(Right)}")
    return word


def _length(text: str) -> str:
    found = read_term(text, 0, _ANY_DAY)
    if found is None or found[0] is None or found[0].until is not None or found[1] != len(text):
        raise ValueError(f"'{text}' is no length: write '30 menit', '2 jam', '7 hari' or 'selamanya'")
    return text


def _told(known: Collection[str]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError(f"braces are for placeholders: {error}") from None
        if unknown := named - set(known):
            raise ValueError(f"no placeholder {{{sorted(unknown)[0]}}}; there are: {', '.join(sorted(known))}")
        return text

    return AfterValidator(check)


RightName = Annotated[str, AfterValidator(_right)]
Length = Annotated[str, AfterValidator(_length)]
_Text = StringConstraints(min_length=1, max_length=1000)
Text = Annotated[str, _Text, _told(("kanal", "sampai", "alasan"))]
SlowText = Annotated[str, _Text, _told(("kanal", "jeda"))]


class RoleRights(Part):
    """What one role may order."""

    may: tuple[RightName, ...] = ()


class Span(Part):
    """How long an act holds."""

    usual: Length
    """When the officer does not say."""
    most: Length

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        usual, most = self.seconds(self.usual), self.seconds(self.most)
        if most is not None and (usual is None or usual > most):
            raise ValueError("'usual' must not be longer than 'most'")
        return self

    @staticmethod
    def seconds(length: str) -> int | None:
        """Seconds of a length; `None` for one without end."""
        found = read_term(length, 0, _ANY_DAY)
        return found[0].seconds if found is not None and found[0] is not None else None


class Lengths(Part):
    """For each act that ends by itself."""

    bisukan: Span = Span(usual="1 jam", most="30 hari")
    cekal: Span = Span(usual="30 hari", most="selamanya")
    kunci: Span = Span(usual="selamanya", most="selamanya")
    perlindungan: Span = Span(usual="2 jam", most="selamanya")

    def of(self, right: Right) -> Span:
        """The one for an act."""
        return {
            Right.MUTE: self.bisukan, Right.LOCK: self.kunci, Right.PROTECT: self.perlindungan,
        }.get(right, self.cekal)  # fmt: skip


class Codes(Part):
    """The code that is typed to confirm."""

    digits: Annotated[int, Field(ge=4, le=8)] = 6
    minutes: Annotated[int, Field(ge=1, le=60)] = 5
    tries: Annotated[int, Field(ge=1, le=5)] = 3


class Unasked(Part):
    """Up to here an order is carried out without a code."""

    people: Annotated[int, Field(ge=1, le=50)] = 3
    messages: Annotated[int, Field(ge=1, le=200)] = 20


class Texts(Part):
    """What members are told. Placeholders: {kanal}, {sampai}, {alasan}; {jeda} in slow mode."""

    warned: Text = words.WARNED
    muted: Text = words.MUTED
    banned: Text = words.BANNED
    locked: Text = words.LOCKED
    unlocked: Text = words.UNLOCKED
    slow: SlowText = words.SLOW
    slow_over: SlowText = words.SLOW_OVER
    too_fast: SlowText = words.TOO_FAST
    too_fast_report: SlowText = words.TOO_FAST_REPORT


class Rules(Part):
    """moderation.yaml."""

    roles: Mapping[str, RoleRights] = Field(default={})
    lengths: Lengths = Lengths()
    codes: Codes = Codes()
    unasked: Unasked = Unasked()
    late_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    """An order that is read later than this after it was sent is not carried out: things may have changed."""
    texts: Texts = Texts()

    def rights(self, role: str, power: int) -> frozenset[Right]:
        """What the members of a role may order; of one that the file does not name, by their power."""
        named = self.roles.get(role)
        if named is not None:
            return frozenset(Right) if ALL in named.may else frozenset(Right(one) for one in named.may)
        if power >= _FULL_POWER:
            return frozenset(Right)
        return _USUAL if power >= _SOME_POWER else frozenset()


def load_rules(folder: Path) -> Rules:
    """Read the file; without it the defaults hold. Raises ContentError with every problem found."""
    file = folder / MODERATION
    if not file.exists():
        return Rules()
    document = read(file)
    rules = validate(document, Rules)
    known = _roles(folder)
    problems: list[Problem] = [
        document.problem(("roles", name), f"no role '{name}' in {OFFICERS}: nobody would have these rights")
        for name in rules.roles
        if known is not None and name not in known
    ]
    if problems:
        raise ContentError(problems)
    return rules


def _roles(folder: Path) -> Collection[str] | None:
    """The roles of officers.yaml; `None` when it cannot be read, which its own loader tells."""
    try:
        data: Any = read(folder / OFFICERS).data
    except ContentError:
        return None
    roles = data.get("roles") if isinstance(data, dict) else None
    return list(roles) if isinstance(roles, dict) else None
