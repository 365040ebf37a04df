"""What an intent has to say: its answer, or the next question of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Outcome
from bot.dialogue.evidence import evidence
from bot.dialogue.flows import Flows, Service
from bot.dialogue.lookup import Lookup
from bot.dialogue.model import Answer
from bot.dialogue.reply import choose_answer, render_answer, render_finding, source_titles
from bot.dialogue.steps import LIMIT, MOST_HOPS, Call, HandOver, Leave, Overrun, Pause, walk

LIMIT_REASON = "limit"
"""Of a decision that was cut short because the steps led nowhere."""

HANDOFF_REASON = "handoff"
"""Of a decision whose steps ended with an officer."""
_ASIDE = {Outcome.ANSWER, Outcome.BLOCKED, Outcome.REFER, Outcome.SMALLTALK}
"""After these the open question is asked again."""


@dataclass(frozen=True)
class Said:
    """A text, and where the talk stands after it."""

    outcome: Outcome
    text: str
    state: Conversation
    sources: tuple[str, ...] = ()
    reason: str | None = None
    """Why it came to this, when not for the reason that the talk went there."""


class Speaker:
    """Turns intents into words."""

    def __init__(self, flows: Flows, lookups: Mapping[str, Lookup] | None = None) -> None:
        self._flows = flows
        self._lookups = lookups or {}

    def say(
        self, state: Conversation, intent: str, facets: tuple[str, ...], entities: dict[str, str], now: datetime
    ) -> Said:
        """The answer of an intent that fits, or the beginning of its steps."""
        service = self._flows.services[intent]
        state = replace(state.settled(now), intent=intent, facets=facets, entities=dict(entities), misses=0)
        answer = choose_answer(service, facets, entities)
        if service.intent.steps and (answer is None or answer.default):
            return self.walk(state, service, 0, now)
        if answer is None:
            raise LookupError(f"{intent}: no answer fits and no step is there")  # the loader's check forbids it
        return self._answered(state, service, answer, entities)

    def walk(self, state: Conversation, service: Service, start: int | str, now: datetime) -> Said:
        """Go on with steps, through the intents they lead to; never for ever (`LIMIT`, `MOST_HOPS`)."""
        came_from = state
        hops = 0
        for _ in range(LIMIT):
            result = walk(service, start, state.slots)
            if isinstance(result, Overrun) or (isinstance(result, Leave) and hops == MOST_HOPS):
                break
            if isinstance(result, Pause):
                waiting = replace(
                    state,
                    updated_at=now,
                    intent=service.name,
                    running=(service.name, result.index),
                    offers=result.offers,
                    trail=came_from.past((service.name, result.index)),
                    misses=0,
                )
                return Said(Outcome.ASK, result.text, waiting)
            if isinstance(result, HandOver):
                settled = replace(state.settled(now), intent=service.name, misses=0)
                return Said(Outcome.HANDOFF, result.text, settled, reason=HANDOFF_REASON)
            if isinstance(result, Answer):
                return self._answered(replace(state.settled(now), intent=service.name), service, result, state.entities)
            if isinstance(result, Call):
                value = state.entities.get(result.lookup)
                finding = self._lookups[result.lookup].answer(value) if value else None
                if finding is not None:
                    text = render_finding(self._flows, finding)
                    settled = replace(state.settled(now), intent=service.name)
                    return Said(Outcome.ANSWER, text, settled, source_titles(finding.sources))
                start = result.index + 1
                continue
            hops += 1
            service = self._flows.services[result.intent]
            state = replace(state.settled(now), intent=service.name)
            answer = choose_answer(service, state.facets, state.entities)
            if answer is not None and not (service.intent.steps and answer.default):
                return self._answered(state, service, answer, state.entities)
            start = 0
        lost = replace(came_from.settled(now), intent=None, misses=0)
        return Said(Outcome.FALLBACK, self._flows.phrases.limit.strip(), lost, reason=LIMIT_REASON)

    def _answered(self, state: Conversation, service: Service, answer: Answer, entities: dict[str, str]) -> Said:
        text = render_answer(self._flows, service, answer, entities)
        told = [source for part in evidence(self._flows, service, answer) for source in part.sources]
        return Said(Outcome.ANSWER, text, state, source_titles(told))

    def ask_again(self, before: Conversation, said: Said) -> Said:
        """After an interruption, the question that is still open."""
        question = self.question(before)
        if before.running is None or question is None or said.outcome not in _ASIDE or said.reason is not None:
            return said
        state = replace(
            said.state, running=before.running, slots=before.slots, offers=before.offers, trail=before.trail
        )
        return replace(said, text=f"{said.text}\n\n{question}", state=state)

    def question(self, state: Conversation) -> str | None:
        """What the running talk waits for an answer to."""
        service = self._flows.services.get(state.running[0]) if state.running else None
        if state.running is None or service is None or state.running[1] >= len(service.intent.steps):
            return None
        paused = walk(service, state.running[1], state.slots)
        return paused.text if isinstance(paused, Pause) else None
