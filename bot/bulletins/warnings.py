"""What becomes of a source's message between the bulletins: the words for it. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

ALERT, UPDATE, CANCEL = "alert", "update", "cancel"
SENT, HELD, OVER, UNSAID = "sent", "held", "over", "unsaid"
"""In force; waiting for officers; not in force (any more); decided, with words that no room heard by it."""


class Act(StrEnum):
    """What becomes of a message."""

    SAY = "say"
    HOLD = "hold"
    """Officers decide."""
    SHOW = "show"
    """Officers see it, and it is not for them to pass on."""
    LEAVE = "leave"


class Why(StrEnum):
    """Why a message is not simply said; stored."""

    DRILL = "drill"
    """Exercise or Test."""
    RESTRICTED = "restricted"
    """Not for the public."""
    RESTRICTED_END = "restricted_end"
    """It takes back what the public heard, and is not for the public itself."""
    FOREIGN_END = "foreign_end"
    """It takes back what another sender said."""
    DOUBTFUL = "doubtful"
    """It may be about somebody else."""
    AHEAD = "ahead"
    """Sent in the future."""
    TSUNAMI = "tsunami"
    """A tsunami may come."""
    TSUNAMI_UNSAID = "tsunami_unsaid"
    """A tsunami was spoken of before, and now neither it nor its end is."""
    MANY = "many"
    """The source has said much lately."""
    OLD = "old"
    REPLACED = "replaced"
    """A newer message is there already."""
    REPEATED = "repeated"
    """It says what was said, or what waits."""
    STANDS = "stands"
    """It takes back one of several that say the same."""
    ELSEWHERE = "elsewhere"
    """It concerned us, and does no longer: taken back for us."""
    ENDED = "ended"
    """The publisher ends it before its time."""


GRAVE = (Why.TSUNAMI, Why.TSUNAMI_UNSAID)
"""Passed on by the word of two officers."""
_NO_NEWS = (Why.DRILL, Why.RESTRICTED, Why.RESTRICTED_END, Why.FOREIGN_END, Why.DOUBTFUL, Why.AHEAD)


@dataclass(frozen=True)
class Known:
    """A message that was decided before."""

    id: int
    source: str
    identifier: str
    """A CAP alert's is its name."""
    first_id: int | None
    kind: str
    state: str
    why: str | None
    words: str | None
    at: dt.datetime
    """When that was decided."""
    sent_at: dt.datetime | None
    """When the source sent it, or saw it."""
    expires: dt.datetime | None
    open_end: bool
    """The source has told no end; `expires` is ours, and nobody has heard of it."""
    refers: tuple[str, ...]
    """Identifiers of what it has replaced."""

    @property
    def said(self) -> bool:
        """Whether people heard it."""
        return self.words is not None and self.state in (SENT, OVER)

    @property
    def counts(self) -> bool:
        """Whether what it refers to, and what was sent before it, is out of date by it."""
        return self.said or self.why not in _NO_NEWS

    @property
    def root(self) -> int:
        """The first of its chain."""
        return self.first_id or self.id


@dataclass(frozen=True)
class Verdict:
    """A message's fate."""

    source: str
    identifier: str
    act: Act
    kind: str = ALERT
    words: str = ""
    """Markdown, complete in itself; that it changes another is said in front of it."""
    districts: tuple[str, ...] = ()
    sent_at: dt.datetime | None = None
    expires: dt.datetime | None = None
    """From then on it is not sent, and no longer in force here."""
    open_end: bool = False
    chains: tuple[int, ...] = ()
    """Ids of the first messages of the chains that it belongs to, which are one by it."""
    refers: tuple[str, ...] = ()
    why: Why | None = None
    settles: tuple[int, ...] = ()
    """Those that wait for officers and are out of date by this."""
    newest: int | None = None
    overtaken: tuple[int, ...] = ()
    """Those in force that, as this shows, are out of date by `newest`."""

    @property
    def state(self) -> str:
        """As it is stored."""
        if self.act is Act.LEAVE:
            return UNSAID if self.why is Why.REPEATED else OVER
        return {Act.SAY: SENT, Act.HOLD: HELD, Act.SHOW: UNSAID}[self.act]

    def because(self, why: Why, act: Act = Act.LEAVE) -> Verdict:
        """The same with another fate. What is left alone takes no place of what waits."""
        return replace(self, why=why, act=act, settles=() if act is Act.LEAVE else self.settles)


@dataclass(frozen=True)
class Origin:
    """Where an alert comes from."""

    name: str
    """As it is stored (`bot.bulletins.asked`)."""
    who: str
    """Who is named for it."""
    ours: bool = False
    """Whatever it says is for this regency."""
