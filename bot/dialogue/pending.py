"""What the talk is waiting for: the reply to it, and the commands that end it or go back in it."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.dialogue.conversation import Offer
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.flows import Service
from bot.dialogue.mind import Mind
from bot.dialogue.model import RuleOutcome, Step
from bot.dialogue.pick import pick
from bot.dialogue.speak import Said
from bot.dialogue.steps import accept, numbered
from bot.dialogue.turn import Turn
from bot.dialogue.verdict import Sureness

_BESIDE = {RuleOutcome.FALLBACK, RuleOutcome.SMALLTALK}
"""Rules that do not interrupt a question: "entah" is no answer to it, but no other subject either."""
UNFIT = frozenset({"does_not_fit", "stuck"})
"""Reasons of decisions on messages that are no reply to what was asked."""
_BOTH = re.compile(r"(?i)\b(?:ke)?dua[\s-]*duanya\b|\bkeduanya\b")
_LONGEST_UNFIT = 3
"""Words of substance; more of them are a new question."""


class Pending:
    """Built once from the content."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    def command(self, turn: Turn) -> Decision | None:
        """ "batal" and "kembali"; None when the message is neither."""
        if self._mind.commands(turn.understanding, "cancel"):
            return self._cancel(turn)
        return self._back(turn) if self._mind.commands(turn.understanding, "back") else None

    def reply(self, turn: Turn) -> Decision | None:
        """The reply to choices or to a question of a running flow; None when the message is something else."""
        number = self._picked(turn) if turn.state.offers else None
        if number is not None:
            return self._chosen(turn, turn.state.offers[number])
        asked = self._asked(turn)
        if asked is None:
            return self._offered_again(turn) if turn.state.offers else None
        service, index, step = asked
        slots = self._filled(turn, service, step)
        if slots is not None:
            said = self._mind.speaker.walk(replace(turn.state, slots=slots), service, index + 1, turn.now)
            return self._mind.decide(turn, said, "slot_filled", intent=service.name, score=1.0)
        return None if self._interrupts(service, turn) else self._again(turn, service, step)

    def _picked(self, turn: Turn) -> int | None:
        """Which offer the message chooses."""
        offers = turn.state.offers
        if _BOTH.search(turn.text):
            return None  # "dua-duanya" is read as "dua"
        none = next((number for number, offer in enumerate(offers) if not offer.choosable), None)
        if none is not None and self._mind.commands(turn.understanding, "none"):
            return none
        if none is not None and len(offers) == 2 and self._agrees(turn):
            return 1 - none  # one thing was offered: "yes"
        return pick(offers, turn.understanding.reading, self._mind.understander.reader)

    def _agrees(self, turn: Turn) -> bool:
        """ "iya", "betul pak"; words that only soften a question ("ya") are an answer here."""
        agreed = self._mind.consent.bare(turn.text) and self._mind.consent.answer(turn.text)
        return bool(agreed) or self._mind.commands(turn.understanding, "confirm")

    def _offered_again(self, turn: Turn) -> Decision | None:
        """After "did you mean", something that is neither a choice nor a question of its own."""
        understanding = turn.understanding
        verdict = self._mind.judge(understanding)
        hollow = (understanding.content == 0 and understanding.alias is None) or _BOTH.search(turn.text) is not None
        lost = verdict.sureness is Sureness.LOST and verdict.reason != "negative_example"
        if not hollow and (not lost or understanding.content > _LONGEST_UNFIT):
            return None
        said = self._mind.missed(turn, Said(Outcome.CLARIFY, self._retry(turn, None), turn.state))
        return self._mind.decide(turn, said, "does_not_fit")

    def _filled(self, turn: Turn, service: Service, step: Step) -> dict[str, str] | None:
        """The slots with the answer to an `ask`; None when the message is none."""
        value = accept(step.ask, turn.text, turn.now.date()) if step.ask is not None else None
        if step.ask is None or value is None or self._asks_else(service, turn):
            return None
        return {**turn.state.slots, step.ask.slot: value}

    def changed(self, turn: Turn) -> Decision | None:
        """ "eh salah, mobil": another answer to the question before the open one."""
        text = self._mind.correction.meant(turn.text) if turn.state.running and turn.state.trail else None
        if text is None:
            return None
        intent, index = turn.state.trail[-1]
        service = self._mind.flows.services[intent]
        earlier = self._mind.speaker.walk(replace(turn.state, running=None, offers=()), service, index, turn.now).state
        again = replace(turn, state=replace(earlier, trail=turn.state.trail[:-1]), text=text)
        again = again.read_as(self._mind.understand(text))
        number = self._picked(again) if again.state.offers else None
        asked = self._asked(again)
        if number is not None:
            decision = self._chosen(again, again.state.offers[number])
        elif asked is not None and (slots := self._filled(again, service, asked[2])) is not None:
            said = self._mind.speaker.walk(replace(again.state, slots=slots), service, index + 1, turn.now)
            decision = self._mind.decide(again, said, "slot_filled", intent=service.name, score=1.0)
        else:
            return None
        return replace(decision, text=turn.text, reason="corrected")

    def _cancel(self, turn: Turn) -> Decision:
        pending = bool(turn.state.running or turn.state.offers)
        reply = self._mind.phrases.cancelled if pending else self._mind.phrases.nothing_to_cancel
        return self._mind.decide(turn, Said(Outcome.SMALLTALK, reply.strip(), turn.settled), "command_cancel")

    def _back(self, turn: Turn) -> Decision:
        """One question back; its answer is asked for again."""
        state, phrases = turn.state, self._mind.phrases
        question = self._mind.speaker.question(state)
        if question is None:
            said = Said(Outcome.SMALLTALK, phrases.nothing_to_go_back.strip(), turn.settled)
        elif not state.trail:
            said = Said(Outcome.ASK, f"{phrases.back_first.strip()}\n\n{question}", state)
        else:
            intent, index = state.trail[-1]
            earlier = replace(state, running=None, offers=())
            said = self._mind.speaker.walk(earlier, self._mind.flows.services[intent], index, turn.now)
            said = replace(said, state=replace(said.state, trail=state.trail[:-1]))
        return self._mind.decide(turn, said, "command_back", intent=said.state.intent)

    def _asked(self, turn: Turn) -> tuple[Service, int, Step] | None:
        """The step that waits; None when none does, or the content has changed under the talk."""
        if turn.state.running is None:
            return None
        name, index = turn.state.running
        service = self._mind.flows.services.get(name)
        if service is None or index >= len(service.intent.steps):
            return None
        return service, index, service.intent.steps[index]

    def _interrupts(self, service: Service, turn: Turn) -> bool:
        """Surely about something else: answered first, then the question is asked again."""
        understanding = turn.understanding
        if understanding.content <= 1 and understanding.unexplained:
            return False  # one word that no intent knows is an answer that does not fit
        verdict = self._mind.judge(understanding)
        rule = self._mind.rule(verdict.label)
        beside = rule is not None and rule.outcome in _BESIDE
        return verdict.sureness is Sureness.SURE and verdict.label != service.name and not beside

    def _asks_else(self, service: Service, turn: Turn) -> bool:
        """A free text may hold anything, and so may a sentence with a number in it; only a sure question about
        something else, asked as one, interrupts it."""
        understanding = turn.understanding
        looked_up = any(name in understanding.entities for name in self._mind.understander.lookups)
        asked = bool(understanding.facets or looked_up) and bool(understanding.topics or looked_up)
        if not asked and understanding.alias is None:
            return False
        verdict = self._mind.judge(understanding)
        return verdict.sureness is Sureness.SURE and verdict.label != service.name

    def _again(self, turn: Turn, service: Service, step: Step) -> Decision | None:
        """It does not fit: the question once more, then an officer."""
        if self._mind.speaker.question(turn.state) is None:
            return None
        said = self._mind.missed(turn, Said(Outcome.ASK, self._retry(turn, step), turn.state))
        return self._mind.decide(turn, said, "does_not_fit", intent=service.name)

    def _retry(self, turn: Turn, step: Step | None) -> str:
        again = step.ask.retry if step is not None and step.ask is not None else self._mind.phrases.choose_retry
        return again.replace("{options}", numbered([offer.label for offer in turn.state.offers])).strip()

    def _chosen(self, turn: Turn, offer: Offer) -> Decision:
        state, mind = turn.state, self._mind
        asked = self._asked(turn)
        if asked is not None:
            service, index, step = asked
            slots = dict(state.slots)
            if step.choose is not None and step.choose.slot and offer.value is not None:
                slots[step.choose.slot] = offer.value
            start: int | str = offer.goto or index + 1
            said = mind.speaker.walk(replace(state, slots=slots, offers=()), service, start, turn.now)
            return mind.decide(turn, said, "chosen", intent=said.state.intent, score=1.0)
        if offer.intent is None:
            said = mind.missed(turn, Said(Outcome.FALLBACK, mind.phrases.none_chosen.strip(), turn.settled))
            return mind.decide(turn, said, "none_of_these")
        said = mind.say(state, offer.intent, state.facets, state.entities, state.beside, turn.now)
        return mind.decide(turn, said, "chosen", intent=offer.intent, score=1.0)
