"""What comes of a verdict: an answer, a choice of what was meant, or the admission that it was not understood."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.aspects import Aspects
from bot.dialogue.conversation import Offer
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.mind import Mind
from bot.dialogue.model import Rule
from bot.dialogue.speak import Said
from bot.dialogue.steps import numbered
from bot.dialogue.turn import Turn
from bot.dialogue.verdict import Sureness, Verdict
from bot.language.mask import mask

_LONGEST_QUESTION = 300


class Answering:
    """Built once from the content."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._aspects = Aspects(mind)

    def act(self, turn: Turn, verdict: Verdict) -> Decision:
        """Do what the verdict says."""
        if verdict.sureness is Sureness.TORN:
            return self._offer(turn, verdict)
        if verdict.sureness is Sureness.LOST or verdict.label is None:
            return self._lost(turn, verdict)
        rule = self._mind.rule(verdict.label)
        if rule is not None:
            return self.rule(turn, rule, verdict.score)
        understanding = turn.understanding
        asked = replace(turn.state, question=question(turn.understanding.reading.text))
        said = self._mind.say(
            asked, verdict.label, understanding.facets, understanding.entities, understanding.beside, turn.now
        )
        said = self._mind.speaker.ask_again(turn.state, said)
        decision = self._mind.decide(turn, said, verdict.reason, intent=verdict.label, score=verdict.score)
        return self._aspects.noted_first(decision, understanding.facets)

    def rule(self, turn: Turn, rule: Rule, score: float = 1.0) -> Decision:
        """What the policy says to it."""
        said = Said(Outcome(rule.outcome.value), rule.text.strip(), replace(turn.settled, misses=0))
        said = self._mind.speaker.ask_again(turn.state, said)
        return self._mind.decide(turn, said, rule.reason, intent=rule.intent, score=score)

    def _offer(self, turn: Turn, verdict: Verdict) -> Decision:
        phrases = self._mind.phrases
        offers = [
            Offer(self._mind.flows.services[candidate.label].intent.title, intent=candidate.label)
            for candidate in verdict.offered
        ]
        offers.append(Offer(phrases.none_of_these))
        after = replace(
            turn.settled,
            offers=tuple(offers),
            facets=turn.understanding.facets,
            entities=turn.understanding.entities,
            beside=turn.understanding.beside,
            question=question(turn.understanding.reading.text),
        )
        if len(verdict.offered) == 1:
            text = phrases.did_you_mean_one.replace("{title}", offers[0].label)
        else:
            text = phrases.did_you_mean.replace("{options}", numbered([offer.label for offer in offers]))
        said = Said(Outcome.CLARIFY, text.strip(), after)
        best = verdict.offered[0]
        return self._mind.decide(turn, said, verdict.reason, intent=best.label, score=best.score)

    def _lost(self, turn: Turn, verdict: Verdict) -> Decision:
        understanding, missing = turn.understanding, self._mind.phrases.topic_missing
        if missing is not None and understanding.only_aspects and understanding.facets:
            asked = replace(turn.settled, intent=None, question=question(understanding.reading.text))
            said = self._mind.missed(turn.after(asked), Said(Outcome.FALLBACK, missing.strip(), asked))
            return self._mind.decide(turn, said, "topic_missing", score=verdict.score)
        said = self._mind.missed(turn, Said(Outcome.FALLBACK, self._mind.phrases.fallback.strip(), turn.settled))
        return self._mind.decide(turn, said, verdict.reason, score=verdict.score)


def question(read: str) -> str:
    """What was asked, as kept for a correction."""
    return mask(read)[:_LONGEST_QUESTION]
