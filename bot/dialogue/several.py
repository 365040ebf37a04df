"""Two questions in one message: both are answered, the second is named in `also`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.dialogue.decision import Decision
from bot.dialogue.joints import Joints
from bot.dialogue.mind import Mind
from bot.dialogue.speak import Said
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Understanding
from bot.dialogue.verdict import Sureness, Verdict

_SENTENCE = re.compile(r"[?!;\n]+|\.(?!\d)")
_MOST_PARTS = 4


@dataclass(frozen=True)
class _Question:
    """A part of the message that surely asks for an intent."""

    intent: str
    understanding: Understanding
    verdict: Verdict


class Several:
    """Built once from the content."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._joints = Joints(mind.phrases.joints, mind.flows.spoken())

    def answer(self, turn: Turn) -> Decision | None:
        """None unless the message surely asks two things."""
        questions = self._questions(turn.text)
        if len(questions) < 2:
            return None
        first, second = questions[:2]
        said = self._say(turn, first)
        added = self._say(turn.after(said.state), second)
        if said.reason or added.reason:
            return None  # one of them led nowhere; the other must not be taken for the answer to both
        heading = self._mind.phrases.also.format(title=self._mind.flows.services[second.intent].intent.title).strip()
        both = replace(
            added,
            text=f"{said.text}\n\n{heading}\n\n{added.text}",
            sources=tuple(dict.fromkeys((*said.sources, *added.sources))),
        )
        asked = turn.read_as(first.understanding)
        decision = self._mind.decide(asked, both, "two_questions", intent=first.intent, score=first.verdict.score)
        return replace(decision, also=((second.intent, second.verdict.score),))

    def _questions(self, text: str) -> list[_Question]:
        """One for each intent, in order; a part without a topic takes that of the part before it."""
        parts = self._parts(text)
        if not 2 <= len(parts) <= _MOST_PARTS:
            return []
        found: dict[str, _Question] = {}
        topic: str | None = None
        for part in parts:
            question = self._question(part, topic)
            if question is None:
                continue
            topic = question.intent
            if self._mind.flows.services[topic].nouns:
                found.setdefault(topic, question)
        return list(found.values())

    def _parts(self, text: str) -> list[str]:
        parts = [part for part in _SENTENCE.split(text) if part.strip()]
        return [piece for part in parts for piece in self._joints.split(part) if piece.strip()]

    def _question(self, part: str, topic: str | None) -> _Question | None:
        understander = self._mind.understander
        understanding = self._mind.understand(part)
        verdict = self._mind.judge(understanding)
        if verdict.sureness is not Sureness.SURE and topic and not understanding.topics:
            supplied = understander.reader.read(understander.topic_words(topic))
            understanding = understander.understand(understanding.reading, supplied)
            verdict = self._mind.judge(understanding)
        intent = verdict.label if verdict.sureness is Sureness.SURE else None
        if intent is None or intent not in self._mind.flows.services:
            return None
        return _Question(intent, understanding, verdict)

    def _say(self, turn: Turn, question: _Question) -> Said:
        meant = question.understanding
        return self._mind.speaker.say(turn.state, question.intent, meant.facets, meant.entities, turn.now)
