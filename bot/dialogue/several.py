"""Two questions in one message: both are answered, the second is named in `also`.

A message is cut at its sentences and at the words that join questions ("terus", "sekalian"). Much of what follows such
a word is no question ("sim a sama sim c", "gagal terus", "saya dari Kendal. Bisa bikin di sini?"); a part counts only
when it asks something by itself: what about a thing, or what to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.dialogue.answering import question
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.joints import Joints
from bot.dialogue.mind import Mind
from bot.dialogue.phrases import PhraseIndex
from bot.dialogue.speak import Said
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Understanding
from bot.dialogue.verdict import Sureness, Verdict
from bot.language.reading import Reading

_SENTENCE = re.compile(r"([?!;\n]+|\.(?!\d))")
_MOST_PARTS = 4
_PASSIVE = "di"


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
        reader = mind.understander.reader
        self._actions = {word.stem for action in mind.flows.actions for word in reader.read(action).words}
        phrases = mind.phrases
        self._between, self._tellers, self._askers = (
            frozenset(word.text for phrase in listed for word in reader.read(phrase).words)
            for listed in (phrases.between, phrases.tellers, phrases.askers)
        )
        self._pasts = PhraseIndex(reader)
        self._pasts.add("past", phrases.pasts, exact=True)

    def answer(self, turn: Turn) -> Decision | None:
        """None unless the message surely asks two things."""
        questions = self._questions(turn.text)
        if len(questions) < 2:
            questions = self._of_both(turn.understanding)
        if len(questions) < 2:
            return None
        first, second = questions[:2]
        said = self._say(turn, first)
        added = self._say(turn.after(said.state), second)
        if said.reason or added.reason or (said.outcome is Outcome.ASK and added.outcome is Outcome.ASK):
            return None  # one led nowhere, or both ask back: only one question can be open
        title = self._mind.flows.services[second.intent].intent.title
        both = self._together(said, added, self._mind.phrases.also.format(title=title).strip())
        both = self._mind.speaker.ask_again(turn.state, both)
        asked = turn.read_as(first.understanding)
        decision = self._mind.decide(asked, both, "two_questions", intent=first.intent, score=first.verdict.score)
        return replace(decision, also=((second.intent, second.verdict.score),))

    def _together(self, said: Said, added: Said, heading: str) -> Said:
        """One after the other; a question back comes last, for it is what stays open."""
        sources = tuple(dict.fromkeys((*said.sources, *added.sources)))
        if said.outcome is Outcome.ASK:
            state = replace(said.state, question=added.state.question)
            return Said(Outcome.ASK, f"{heading}\n\n{added.text}\n\n{said.text}", state, sources)
        return replace(added, text=f"{said.text}\n\n{heading}\n\n{added.text}", sources=sources)

    def _questions(self, text: str) -> list[_Question]:
        """One for each intent, in order; a part without a topic takes that of the part before it."""
        parts = list(self._parts(text))
        if not 2 <= len(parts) <= _MOST_PARTS:
            return []
        found: dict[str, _Question] = {}
        topic: str | None = None
        for part, marked in parts:
            asked = self._question(part, topic, marked)
            if asked is None:
                continue
            topic = asked.intent
            if self._mind.flows.services[topic].nouns:
                found.setdefault(topic, asked)
        return list(found.values())

    def _of_both(self, understanding: Understanding) -> list[_Question]:
        """One for each of two topics that stand side by side, when the message surely asks one of them."""
        if len(understanding.topics) < 2 or not self._asks(understanding, marked=False):
            return []
        whole = self._mind.judge(understanding)
        if whole.sureness is not Sureness.SURE or not self._of_topics(whole, understanding.topics):
            return []
        reading, understander = understanding.reading, self._mind.understander
        things = sorted(understander.things(reading).values())
        for (start, end), (further, last) in pairwise(things):
            if further != end + 1 or reading.words[end].text not in self._between:
                continue
            found: dict[str, _Question] = {}
            for gone in ((end, last), (start, further)):
                words = tuple(word for number, word in enumerate(reading.words) if not gone[0] <= number < gone[1])
                meant = understander.understand(Reading(words))
                verdict = self._mind.judge(meant)
                if verdict.label is None or not self._of_topics(verdict, meant.topics):
                    return []
                found.setdefault(verdict.label, _Question(verdict.label, meant, verdict))
            return list(found.values())
        return []

    def _of_topics(self, verdict: Verdict, topics: tuple[str, ...]) -> bool:
        """Surely an intent of a service that is named."""
        service = self._mind.flows.services.get(verdict.label or "")
        return verdict.sureness is Sureness.SURE and service is not None and service.flow.file.flow in topics

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """With whether a question mark ends them."""
        sentences = [*_SENTENCE.split(text), ""]
        for sentence, mark in zip(sentences[::2], sentences[1::2], strict=True):
            pieces = [piece for piece in self._joints.split(sentence) if piece.strip()]
            for number, piece in enumerate(pieces, start=1):
                yield piece, number == len(pieces) and "?" in mark

    def _question(self, part: str, topic: str | None, marked: bool) -> _Question | None:
        understander = self._mind.understander
        understanding = self._mind.understand(part)
        if not self._asks(understanding, marked):
            return None
        verdict = self._mind.judge(understanding)
        if topic and not understanding.topics and understanding.lacks_topic and understanding.alias is None:
            supplied = understander.reader.read(understander.topic_words(topic))
            understanding = understander.understand(understanding.reading, supplied)
            verdict = self._mind.judge(understanding)
        intent = verdict.label if verdict.sureness is Sureness.SURE else None
        if intent is None or intent not in self._mind.flows.services:
            return None
        return _Question(intent, understanding, verdict)

    def _asks(self, understanding: Understanding, marked: bool) -> bool:
        """It asks about an aspect or an action of something, or is marked as a question about it.

        A bare topic asks nothing by itself, though alone it stands for a question: "denda tidak bawa sim dan stnk".
        """
        if not marked and self._tells(understanding.reading):
            return False
        if understanding.alias is not None and not understanding.bare_topic:
            return True
        acts = any(word.stem in self._actions for word in understanding.reading.words)
        return understanding.asks_aspect or acts or (marked and bool(understanding.topics))

    def _tells(self, reading: Reading) -> bool:
        """ "saya sudah lapor", "saya dibuatkan di Kendal": what somebody did, or what was done."""
        words = {word.text for word in reading.words}
        if not words.isdisjoint(self._askers) or words.isdisjoint(self._tellers):
            return False
        done = any(word.text.startswith(_PASSIVE) and word.stem in self._actions for word in reading.words)
        return done or bool(self._pasts.find(reading))

    def _say(self, turn: Turn, asked: _Question) -> Said:
        meant = asked.understanding
        state = replace(turn.state, question=question(meant.reading.text))
        return self._mind.say(state, asked.intent, meant.facets, meant.entities, meant.beside, turn.now)
