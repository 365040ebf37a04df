"""One message in, one decision out. Pure: the state and the time are arguments, nothing else is asked.

Order: emergency, policy, commands, correction, an answer to what was asked, follow-up, two questions, then the
matcher. Each has a module of its own. What the engine says of itself stands in flows/phrases.yaml; every other word in
the flow files.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime

from bot.dialogue.answering import Answering
from bot.dialogue.context import Context
from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.emergency import Emergencies
from bot.dialogue.flows import Flows
from bot.dialogue.mind import Mind
from bot.dialogue.pending import UNFIT, Pending
from bot.dialogue.several import Several
from bot.dialogue.speak import Said
from bot.dialogue.spoken import in_other_words
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Thresholds, Understander
from bot.dialogue.wishes import LANGUAGE_REASON, Wish, Wishes
from bot.language.reading import LONGEST_TEXT


class Engine:
    """Decides on messages by the content it was built from. Building takes about a second."""

    def __init__(self, flows: Flows, thresholds: Thresholds | None = None) -> None:
        self._wire(flows, Mind(flows, thresholds))
        self._voices = {
            language: self._saying(in_other_words(flows, tongue.texts)) for language, tongue in flows.languages.items()
        }
        self._wishes = Wishes(flows)

    def _wire(self, flows: Flows, mind: Mind) -> None:
        self.flows = flows
        self.mind = mind
        self._emergencies = Emergencies(self.mind)
        self._answering = Answering(self.mind)
        self._pending = Pending(self.mind)
        self._context = Context(self.mind, self._answering)
        self._several = Several(self.mind)

    def _saying(self, flows: Flows) -> Engine:
        """The same engine over the same content in another language: what is understood is built only once."""
        other = copy(self)
        other._wire(flows, self.mind.saying(flows))
        other._voices = {}
        return other

    @property
    def understander(self) -> Understander:
        """How messages are understood by themselves."""
        return self.mind.understander

    def step(self, state: Conversation | None, text: str, now: datetime, *, private: bool = True) -> Decision:
        """Decide on one message. `state`: None for a first message. `now`: aware. Never raises on any text.

        `private`: an emergency may be offered to the officers, since nobody else reads the talk and none of them is
        in it yet.
        """
        spoken = (state.language if state is not None else "") or self.flows.language
        wish = self._wishes.asked(text, spoken)
        if wish is not None:
            return self._voice(wish.language)._switched(wish, state, text, now, private=private)
        return self._voice(spoken)._step(state, text, now, private=private)

    def asks(self, text: str) -> bool:
        """Whether the words are those of a question, whatever it is about."""
        asking = self.flows.lexicon.asking
        return "?" in text or any(word.text in asking for word in self.understander.reader.read(text).words)

    def _voice(self, language: str) -> Engine:
        return self._voices.get(language, self)

    def _switched(self, wish: Wish, state: Conversation | None, text: str, now: datetime, *, private: bool) -> Decision:
        """Another language from now on, with the question that is open in it."""
        fresh = replace(self._fresh(state, now), language=wish.language)
        question = self.mind.speaker.question(fresh)
        reply = "\n\n".join([wish.reply.strip(), *([question] if question else [])])
        turn = Turn(fresh, text, self.mind.understand(text), now, private)
        return self.mind.decide(turn, Said(Outcome.SMALLTALK, reply, fresh), LANGUAGE_REASON)

    def _step(self, state: Conversation | None, text: str, now: datetime, *, private: bool) -> Decision:
        cut = len(text) > LONGEST_TEXT
        text = text[:LONGEST_TEXT]
        lapsed = state is not None and state.expired(now)
        decision = self._decide(Turn(self._fresh(state, now), text, self.mind.understand(text), now, private))
        expired = lapsed and state is not None and _misses(state, decision)
        notes = [note for note, said in ((self.flows.phrases.expired, expired), (self.flows.phrases.cut, cut)) if said]
        if notes and decision.outcome is not Outcome.EMERGENCY:
            decision = replace(decision, reply="\n\n".join([*(note.strip() for note in notes), decision.reply]))
        return decision

    def located(self, state: Conversation | None, place: str, now: datetime) -> Decision:
        """Decide on a shared location: "latitude,longitude"."""
        spoken = (state.language if state is not None else "") or self.flows.language
        return self._voice(spoken)._emergencies.located(self._fresh(state, now), place, now)

    def _fresh(self, state: Conversation | None, now: datetime) -> Conversation:
        if state is None or state.expired(now):
            fresh = Conversation(now, language=state.language if state is not None else "")
        else:
            fresh = replace(state, updated_at=now)
        if fresh.content != self.flows.digest:
            fresh = fresh.under(self.flows.digest, set(self.flows.services))
        return fresh

    def _decide(self, turn: Turn) -> Decision:
        """Emergencies before everything."""
        rule = self._emergencies.recognise(turn)
        if rule is not None:
            return self._emergencies.advise(turn, rule)
        if turn.state.alarm is not None:
            return self._emergencies.heard(turn, turn.state.alarm, self._usual)
        decision = self._usual(turn)
        alike = self._emergencies.alike(turn, decision)
        return self._emergencies.advise(turn, *alike) if alike else self._emergencies.aside(turn, decision)

    def _usual(self, turn: Turn) -> Decision:
        """The first that knows what to make of the message."""
        if turn.understanding.hit is not None:
            return self._answering.rule(turn, turn.understanding.hit.rule)
        corrected = None
        decision = self._pending.command(turn) or self._pending.changed(turn)
        if decision is None:
            # Also in the middle of a flow: it was the wrong one. A correction that is not sure waits its turn.
            corrected = self._context.corrected(turn)
            decision = corrected if corrected is not None and corrected.score >= self.mind.limits.answer else None
        decision = decision or self._pending.reply(turn)
        if decision is not None:
            fits = decision.reason not in UNFIT
            if fits:
                return decision
            return self._several.answer(turn) or self._context.aside(turn) or decision  # these interrupt, too
        return (
            corrected
            or self._context.completed(turn)
            or self._context.follow_up(turn)
            or self._several.answer(turn)
            or self._answering.act(turn, self.mind.judge(turn.understanding))
        )


def _misses(lapsed: Conversation, decision: Decision) -> bool:
    """Whether anybody would notice that the talk before is forgotten."""
    if lapsed.running or lapsed.offers or lapsed.alarm:
        return True
    return lapsed.intent is not None and decision.outcome in {Outcome.FALLBACK, Outcome.CLARIFY}
