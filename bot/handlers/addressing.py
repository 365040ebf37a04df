"""What is said to the bot in a channel: a report, a question, or both at once. Pure.

Who sees water rise mentions the bot, or answers its transcript, as often as not; so whatever is not surely a question
is looked at as a report first. Questions hold the words of incidents, too ("syarat lapor motor hilang apa?"): they
report something only when they say where it is, or that it is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.decision import FOLLOW_UP, Decision, Outcome
from bot.dialogue.emergency import TAKEN
from bot.incidents.analysis import Analysis

_SURE = frozenset((Outcome.ANSWER, Outcome.ASK, Outcome.BLOCKED, Outcome.HANDOFF))
"""The dialogue knows what is wanted."""
_UNSURE_QUESTION = frozenset((Outcome.CLARIFY, Outcome.REFER))
"""It knows at least what it is near to."""


@dataclass(frozen=True)
class Parts:
    """What a message is; at least one of both."""

    report: bool
    """It may be taken up, if it reports something at all."""
    question: bool
    """It is answered, also when it was taken up."""


def parts(analysis: Analysis, decision: Decision, when: datetime, *, asks: bool) -> Parts:
    """`asks`: the words are those of a question. `when`: sent. `analysis` and `decision`: of the same message."""
    outcome = decision.outcome
    asks = asks or outcome is Outcome.HANDOFF or decision.reason in TAKEN or decision.reason.startswith(FOLLOW_UP)
    here = _here(analysis, when)
    if asks and not here and outcome in _SURE | _UNSURE_QUESTION:
        return Parts(report=False, question=True)
    # What states something and names no place may be meant as either ("motor saya hilang di parkiran").
    return Parts(report=True, question=outcome in _SURE and asks == here)


def _here(analysis: Analysis, when: datetime) -> bool:
    """It tells where, or that it happens now."""
    scene = any(place.role == "scene" for place in analysis.places)
    return scene or any(moment.start <= when <= moment.end for moment in analysis.particulars.moments)
