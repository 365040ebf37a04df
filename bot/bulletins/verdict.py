"""What officers answer to a preview, and what it comes to. Pure.

Answers are kept in the order in which they were given, each with the message that gave it; what stands is read from
them, so an answer that is edited or taken back leaves what the others said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from rapidfuzz.distance import OSA

LONGEST = 3_000
"""Characters of an officer's own wording."""
FEWEST_WORDS = 4
"""Less is a remark, no bulletin; after "ganti:" it is one all the same."""
INTERNAL = "//"
_NEAR_FROM = 5


class Kind(StrEnum):
    """What an answer does."""

    SEEN = "seen"
    """✅, the homeserver's word alone: agrees with what happens anyway."""
    SEND = "send"
    """Typed: it goes out, as it is shown."""
    STOP = "stop"
    """⛔ without a reason: does nothing yet."""
    SKIP = "skip"
    """Typed, with the reason."""
    WORDS = "words"
    """Typed: say this instead."""


@dataclass(frozen=True)
class Answer:
    """One answer of one officer."""

    event_id: str
    kind: Kind
    by: str
    at: int
    """Milliseconds."""
    words: str = ""
    """The new wording, or the reason."""
    digest: str = ""
    """Of what the card showed then (`bot.bulletins.preview`)."""

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Answer:
        """Inverse of `to_json`."""
        return cls(**{**value, "kind": Kind(value["kind"])})


@dataclass(frozen=True)
class Verdict:
    """What the answers come to."""

    skipped: Answer | None = None
    worded: Answer | None = None
    sent: Answer | None = None
    """Somebody said that it goes out, typed; a new wording says so, too."""
    seen: Answer | None = None

    @property
    def agreed(self) -> Answer | None:
        """The last answer by which somebody agreed to what the card shows."""
        given = [one for one in (self.sent, self.seen) if one is not None and one is not self.worded]
        return max(given, key=lambda one: one.at, default=None)

    @property
    def words(self) -> str | None:
        """What is to be said instead."""
        return self.worded.words if self.worded else None

    def silent(self, silence: str) -> bool:
        """Whether nobody has said what silence does not say anyway."""
        return self.sent is None and silence == "skip"


class Doubt(StrEnum):
    """Why a reply is taken for no answer; words for people stand in `bot.bulletins.deskwords`."""

    QUESTION = "question"
    SHORT = "short"
    LONG = "long"
    SLIP = "slip"
    """Nearly an order."""
    EMPTY = "empty"
    SKIPPED = "skipped"
    """Words below a bulletin that is skipped: about that, or to be said after all?"""
    KIND = "kind"
    """No writing."""


@dataclass(frozen=True)
class Said:
    """A reply, read."""

    kind: Kind
    words: str = ""


def standing(answers: Iterable[Answer]) -> Verdict:
    """What the answers come to, the last of those that contradict each other."""
    verdict = Verdict()
    for one in answers:
        match one.kind:
            case Kind.SKIP:
                verdict = replace(verdict, skipped=one, sent=None)
            case Kind.SEND:
                verdict = replace(verdict, skipped=None, sent=one)
            case Kind.WORDS:
                verdict = replace(verdict, skipped=None, sent=one, worded=one)
            case Kind.SEEN:
                verdict = replace(verdict, seen=one)
            case Kind.STOP:
                pass
    return verdict


def asks_why(answers: Iterable[Answer]) -> bool:
    """Whether somebody wants it skipped and has not said why: the next words are the reason, whoever writes them."""
    acts = [one.kind for one in answers if one.kind is not Kind.SEEN]
    return bool(acts) and acts[-1] is Kind.STOP


def added(answers: Sequence[Answer], one: Answer) -> tuple[Answer, ...]:
    """With this answer as the last, in place of what the same message said before."""
    return (*without(answers, one.event_id), one)


def without(answers: Sequence[Answer], event_id: str) -> tuple[Answer, ...]:
    """Without what that message said."""
    return tuple(one for one in answers if one.event_id != event_id)


_SEND = frozenset(
    (
        "kirim", "kirim apa adanya", "ok", "oke", "ok kirim", "oke kirim", "kirim ok", "setuju", "siap", "siap kirim",
        "lanjut", "lanjutkan", "terbitkan", "sudah benar", "👍", "✅", "👌",
    )
)  # fmt: skip
_SKIP = re.compile(
    r"(?:⛔\ufe0f?|lewati|lewatkan|skip|jangan\s+dikirim|batalkan)(?:\s*[:,–—-]\s*|\s+karena\s+)", re.IGNORECASE
)
_SIGN = re.compile(r"⛔\ufe0f?\s*")
_STOP = frozenset(("lewati", "lewatkan", "skip", "jangan dikirim", "batalkan", "jangan terbit"))
_WORDS = re.compile(r"(?:ganti|isi|ubah)(?:\s+(?:jadi|menjadi|dengan|isi(?:nya)?))?\s*:\s*", re.IGNORECASE)
_ORDERS = ("kirim", "lewati", "lewatkan", "ganti", "batalkan")
_COURTESY = frozenset(("tolong", "mohon", "pak", "bu", "ya", "dong", "saja", "aja", "komandan", "ndan"))


def sign(reaction: str) -> Kind | None:
    """What a reaction to the card means."""
    plain = reaction.replace("\ufe0f", "")
    if plain.startswith(("✅", "👍", "👌", "☑")):
        return Kind.SEEN
    return Kind.STOP if plain.startswith(("⛔", "🚫", "🛑")) else None


def read(text: str, before: Sequence[Answer] = ()) -> Said | Doubt | None:
    """A reply to a preview after these answers; `None` for words between officers."""
    why = asks_why(before)
    said = text.strip()
    if said.startswith(INTERNAL):
        return None
    plain = " ".join(word for word in said.casefold().rstrip(".!").split() if word not in _COURTESY)
    if plain in _SEND or (not plain and "ya" in said.casefold().split()):
        # "ok" to the question why is no reason, and no order to send either
        return Said(Kind.SEND) if not why or plain.startswith("kirim") else Doubt.SLIP
    if found := _WORDS.match(said):
        return _worded(said[found.end() :])
    if plain in _STOP or _SIGN.fullmatch(said + " "):
        return Said(Kind.STOP)
    found = _SKIP.match(said) or _SIGN.match(said)
    if found or why:
        reason = " ".join((said[found.end() :] if found else said).split())
        if not re.search(r"\w", reason):
            return Said(Kind.STOP)
        return Said(Kind.SKIP, reason) if len(reason) <= LONGEST else Doubt.LONG
    first = re.split(r"[\s:,]", plain, maxsplit=1)[0]
    if any(len(first) >= _NEAR_FROM - 1 and OSA.distance(first, known, score_cutoff=1) <= 1 for known in _ORDERS):
        return Doubt.SLIP
    if "\n" not in said and said.endswith("?"):
        return Doubt.QUESTION
    if len(re.findall(r"\w+", said)) < FEWEST_WORDS:
        return Doubt.SHORT
    return Doubt.SKIPPED if standing(before).skipped else _worded(said)


def _worded(text: str) -> Said | Doubt:
    words = text.strip()
    if not re.search(r"\w", words):
        return Doubt.EMPTY
    return Said(Kind.WORDS, words) if len(words) <= LONGEST else Doubt.LONG
