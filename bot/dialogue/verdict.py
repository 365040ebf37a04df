"""From an understood message to what should be done about it: answer, offer a choice, or admit defeat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.dialogue.flows import Flows
from bot.dialogue.match import Candidate
from bot.dialogue.model import RuleOutcome
from bot.dialogue.understand import OUTSIDE, Thresholds, Understanding

MOST_OFFERED = 3
_WEAK = "weak"
_CLEAR = 0.7
"""From here on words that only name topics say enough: "hukuman maling" names two, and asks one thing."""
_NAMED_ONLY = 2
"""Words: "sim", "skck saya" ask nothing, however often they begin the same question; "apa itu etle" does."""
_FEWEST_ALARMING = 3
"""Words of substance; fewer are like many things by chance, and need the likeness of `Thresholds.alarm_few`."""
_SUBSTANCE = 1 / 3
"""Of the likeness to an emergency; more of it from grammar and time ("kalau besok?") says nothing of danger."""
_MOST_UNEXPLAINED = 0.67
"""Share of the content words; with more of them unknown, a named topic is chance ("sim" in a talk about phones)."""


_NEEDS_SUBSTANCE = {RuleOutcome.BLOCKED, RuleOutcome.REFER}
"""Nobody is turned away for words of grammar and time alone, nor for one word that is merely like others."""


class Sureness(StrEnum):
    """How a message is taken."""

    SURE = "sure"
    """`label` it is: an intent or a policy rule."""
    TORN = "torn"
    """Between the `offered` intents."""
    LOST = "lost"


@dataclass(frozen=True)
class Verdict:
    """What a message is taken for, and the short code of why."""

    sureness: Sureness
    reason: str
    label: str | None = None
    score: float = 0.0
    offered: tuple[Candidate, ...] = ()


def judge(understanding: Understanding, flows: Flows, limits: Thresholds) -> Verdict:
    """Weigh the candidates. Pure."""
    if understanding.alias:
        return Verdict(Sureness.SURE, "alias", understanding.alias, 1.0)
    ranked = understanding.candidates
    if not ranked:
        return Verdict(Sureness.LOST, "no_words")
    alarm = likeliest_emergency(understanding, flows, limits)
    if alarm is not None:
        return Verdict(Sureness.SURE, "matched", alarm.label, alarm.score)
    emergencies = _of(flows, RuleOutcome.EMERGENCY)
    ranked = tuple(candidate for candidate in ranked if candidate.label not in emergencies)
    if not ranked:
        return Verdict(Sureness.LOST, "unlikely")
    understanding = replace(understanding, candidates=ranked)
    best = ranked[0]
    lead = best.score - (ranked[1].score if len(ranked) > 1 else 0.0)
    only_named = understanding.content == 1 and len(understanding.reading.words) <= _NAMED_ONLY
    unclear = only_named or best.score < _CLEAR or lead < _CLEAR / 2
    if understanding.bare_topic and not understanding.facets and unclear:
        return _by_topic(understanding, flows, limits)
    if best.label == OUTSIDE or best.label not in flows.services:
        return _not_an_intent(best, understanding, flows, limits)
    if best.score >= limits.answer and lead >= limits.margin:
        stronger = understanding.held[0] if understanding.held else None
        if stronger is None or stronger.score < best.score + limits.margin or understanding.topics:
            return Verdict(Sureness.SURE, "matched", best.label, best.score)
    if best.score >= limits.offer:
        return _torn(_near(best, ranked, flows, limits), "close" if lead < limits.margin else _WEAK)
    return _by_topic(understanding, flows, limits)


def likeliest_emergency(understanding: Understanding, flows: Flows, limits: Thresholds) -> Candidate | None:
    """The emergency that a message is like. It needs less than others: reading 110 once too often harms nobody.

    It needs even less when several emergencies share the likeness between them and nothing else comes near, but never
    so little that a few words alone, or words of grammar and time, make one.
    """
    ranked = understanding.candidates if understanding.substance else ()  # "tidak ada" is like much
    emergencies = _of(flows, RuleOutcome.EMERGENCY)
    if understanding.asked:
        ranked = tuple(one for one in ranked if one.label not in emergencies or _asked_too(flows, one.label))
    likeliest = next((candidate for candidate in ranked if candidate.label in emergencies), None)
    if likeliest is None:
        return None
    other = next((candidate.score for candidate in ranked if candidate.label not in emergencies), 0.0)
    alone = likeliest.score >= limits.alarm_alone and other <= likeliest.score / 2
    if not alone and likeliest.score < max(limits.alarm, other - limits.alarm_margin):
        return None
    if len(understanding.substance) < _FEWEST_ALARMING and likeliest.score < limits.alarm_few:
        return None
    return likeliest if _of_substance(understanding, likeliest.label) else None


def _of_substance(understanding: Understanding, label: str) -> bool:
    """The likeness comes from what is told, not from how or of when it is told."""
    speaking = {word: part for word, part in understanding.ranking.evidence(label).items() if part > 0}
    told = sum(part for word, part in speaking.items() if word in understanding.substance)
    return told >= _SUBSTANCE * sum(speaking.values())


def _of(flows: Flows, outcome: RuleOutcome) -> set[str]:
    return {rule.reason for rule in flows.policy.rules if rule.outcome is outcome}


def _asked_too(flows: Flows, label: str) -> bool:
    return any(rule.asked_too for rule in flows.policy.rules if rule.reason == label)


def _not_an_intent(best: Candidate, understanding: Understanding, flows: Flows, limits: Thresholds) -> Verdict:
    """A policy rule or the outside leads."""
    rule = next((rule for rule in flows.policy.rules if rule.reason == best.label), None)
    if rule is not None and rule.outcome in _NEEDS_SUBSTANCE:
        words = len(understanding.substance)
        if words == 0 or (words == 1 and best.score < limits.foreign):
            return _by_topic(understanding, flows, limits)  # "kalau sekarang?" and "siapa?" break no rule
    if best.label in _of(flows, RuleOutcome.FALLBACK) and limits.answer <= best.score < limits.foreign:
        return Verdict(Sureness.LOST, "unlikely", score=best.score)
    if best.label != OUTSIDE and best.score >= limits.answer:
        runner = next((other for other in understanding.candidates[1:] if other.label in flows.services), None)
        if runner is None or best.score - runner.score >= limits.margin:
            return Verdict(Sureness.SURE, "matched", best.label, best.score)
        return _torn(_near(runner, understanding.candidates, flows, limits), "close")
    if best.label == OUTSIDE and best.score >= limits.answer:
        return Verdict(Sureness.LOST, "negative_example", score=best.score)
    return _by_topic(understanding, flows, limits)


def _by_topic(understanding: Understanding, flows: Flows, limits: Thresholds) -> Verdict:
    """Nothing is likely: a named topic, or a question that only lacks its topic, is still worth a question back."""
    best = understanding.candidates[0]
    if understanding.topics and len(understanding.unexplained) <= _MOST_UNEXPLAINED * understanding.content:
        topical = [
            candidate
            for candidate in understanding.candidates
            if candidate.label in flows.services
            and flows.services[candidate.label].flow.file.flow in understanding.topics
        ]
        if topical and (understanding.bare_topic or topical[0].score >= limits.topic):
            return _torn(tuple(topical[:MOST_OFFERED]), "topic_only")
    held = [candidate for candidate in understanding.held if candidate.score >= limits.offer]
    if held and not understanding.topics and understanding.lacks_topic and held[0].score > best.score:
        return _torn(_near(held[0], understanding.held, flows, limits), "topic_missing")
    return Verdict(Sureness.LOST, "unlikely", score=best.score)


def _near(best: Candidate, ranked: tuple[Candidate, ...], flows: Flows, limits: Thresholds) -> tuple[Candidate, ...]:
    near = [
        candidate
        for candidate in ranked
        if candidate.label in flows.services and candidate.score >= best.score - limits.spread
    ]
    return tuple(near[:MOST_OFFERED])


def _torn(offered: tuple[Candidate, ...], reason: str) -> Verdict:
    return Verdict(Sureness.TORN, reason, score=offered[0].score, offered=offered)
