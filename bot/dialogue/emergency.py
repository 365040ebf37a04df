"""Emergencies: what to do now, where it is, and whether officers may be told.

An emergency is recognised by a policy rule (its words, or its likeness to the rule's examples) and breaks into
whatever is running. Then, in a private talk: 110 and what to do → "where are you" → a yes or no → the report. What is
said meanwhile is kept as detail; a question that has nothing to do with it is answered, and the offer stays open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.dialogue.conversation import LONGEST_ALARM, Alarm, Conversation
from bot.dialogue.decision import FOLLOW_UP, Decision, Outcome
from bot.dialogue.mind import Mind
from bot.dialogue.model import Rule, RuleOutcome
from bot.dialogue.speak import Said
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Understanding
from bot.dialogue.verdict import Sureness, likeliest_emergency
from bot.language.mask import mask

Otherwise = Callable[[Turn], Decision]
"""How a message is decided that has nothing to do with the emergency."""

TAKEN = {"slot_filled", "chosen", "none_of_these", "command_cancel", "command_back", "corrected"}
"""Reasons of decisions on what the talk was waiting for."""


class Emergencies:
    """Built once from the content."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    def recognise(self, turn: Turn) -> Rule | None:
        """The emergency whose words the message holds."""
        hit = turn.understanding.hit
        return hit.rule if hit is not None and hit.rule.outcome is RuleOutcome.EMERGENCY else None

    def alike(self, turn: Turn, decision: Decision) -> tuple[Rule, float] | None:
        """The emergency whose examples the message is like, and how much; never a command or an answer that fits."""
        understanding = turn.understanding
        taken = decision.reason in TAKEN or decision.reason.startswith(FOLLOW_UP)
        if understanding.hit is not None or understanding.alias is not None or taken:
            return None
        found = likeliest_emergency(understanding, self._mind.flows, self._mind.limits)
        waiting = turn.state.running is not None or bool(turn.state.offers)
        if found is not None and waiting and found.score < self._mind.limits.answer:
            return None  # most words are about what was asked
        return (self._mind.understander.rules_by_reason[found.label], found.score) if found else None

    def advise(self, turn: Turn, rule: Rule, score: float = 1.0) -> Decision:
        """First what to do; then, in private, whether officers may be told. The running flow waits meanwhile."""
        state = turn.state
        words = mask(turn.text)[:LONGEST_ALARM]
        if not turn.private:
            after, reply = replace(state, misses=0, alarm=None), rule.text.strip()
        else:
            alarm = state.alarm.more(words) if state.alarm else Alarm(rule.reason, words, state.place)
            alarm = replace(alarm, reason=rule.reason, private=alarm.private or rule.private)
            again = state.alarm is not None and state.alarm.reason == rule.reason
            after = replace(state, misses=0, alarm=alarm, place=None)
            reply = self._offered(self._mind.phrases.emergency_noted if again else rule.text)
        if after.running is None:
            after = after.settled(turn.now)
        said = Said(Outcome.EMERGENCY, reply, after)
        return self._mind.decide(turn, said, rule.reason, intent=rule.intent, score=score)

    def heard(self, turn: Turn, alarm: Alarm, otherwise: Otherwise) -> Decision:
        """After the advice: a yes, a no, another question; everything else is a detail of it."""
        refused = self._mind.commands(turn.understanding, "cancel")
        answer = False if refused else self._mind.consent.answer(turn.text)
        if answer is None:
            return self._detailed(turn, alarm, otherwise)
        return self._agreed(turn, alarm) if answer else self._refused(turn)

    def aside(self, turn: Turn, decision: Decision) -> Decision:
        """A question that holds the words of an emergency is answered, with 110 in case it is one after all."""
        if decision.outcome is Outcome.EMERGENCY or not self._spoken_of(turn.understanding):
            return decision
        return replace(decision, reply=f"{decision.reply}\n\n{self._mind.phrases.emergency_aside.strip()}")

    def _spoken_of(self, understanding: Understanding) -> bool:
        overruled = understanding.overruled
        if overruled is not None:
            return overruled.rule.outcome is RuleOutcome.EMERGENCY
        told = replace(understanding, asked=False)
        return understanding.asked and likeliest_emergency(told, self._mind.flows, self._mind.limits) is not None

    def located(self, state: Conversation, place: str, now: datetime) -> Decision:
        """A shared location, before an emergency or after it."""
        turn = Turn(state, "", self._mind.understand(""), now)
        if state.alarm is None:
            said = Said(Outcome.SMALLTALK, self._mind.phrases.place_kept.strip(), replace(state, place=place))
            return self._mind.decide(turn, said, "place_kept")
        after = replace(state, alarm=replace(state.alarm, place=place))
        said = Said(Outcome.EMERGENCY, self._offered(self._mind.phrases.emergency_noted), after)
        return self._mind.decide(turn, said, "emergency_details")

    def _agreed(self, turn: Turn, alarm: Alarm) -> Decision:
        told = alarm if self._mind.consent.bare(turn.text) else alarm.more(mask(turn.text))
        after = replace(turn.state, alarm=None).settled(turn.now)
        said = Said(Outcome.EMERGENCY, self._mind.phrases.emergency_sent.strip(), after)
        return replace(self._mind.decide(turn, said, "report_agreed", score=1.0), report=told)

    def _refused(self, turn: Turn) -> Decision:
        """Nothing is told; the flow that was broken into goes on."""
        question = self._mind.speaker.question(turn.state)
        reply = "\n\n".join([self._mind.phrases.emergency_withheld.strip(), *([question] if question else [])])
        outcome = Outcome.ASK if question else Outcome.SMALLTALK
        return self._mind.decide(
            turn, Said(outcome, reply, replace(turn.state, alarm=None)), "report_refused", score=1.0
        )

    def _detailed(self, turn: Turn, alarm: Alarm, otherwise: Otherwise) -> Decision:
        kept = alarm.more(mask(turn.text))
        verdict = self._mind.judge(turn.understanding)
        service = self._mind.flows.services.get(verdict.label or "") if verdict.sureness is Sureness.SURE else None
        if service is not None and service.intent.states_facts:
            decision = otherwise(turn.after(replace(turn.state, alarm=None).settled(turn.now)))
            return replace(decision, reply=self._offered(decision.reply), state=replace(decision.state, alarm=kept))
        said = Said(
            Outcome.EMERGENCY, self._offered(self._mind.phrases.emergency_noted), replace(turn.state, alarm=kept)
        )
        return self._mind.decide(turn, said, "emergency_details", score=1.0)

    def _offered(self, text: str) -> str:
        """With the question whether officers may be told."""
        return f"{text.strip()}\n\n{self._mind.phrases.emergency_consent.strip()}"
