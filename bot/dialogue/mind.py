"""What the engine's parts share: the content, how a message is understood, and how a decision is put together."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime

from bot.dialogue.consent import Consent
from bot.dialogue.conversation import Conversation
from bot.dialogue.correction import Correction
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.explain import explain
from bot.dialogue.flows import Flows
from bot.dialogue.foretold import foretold, measured
from bot.dialogue.model import PhrasesFile, Rule
from bot.dialogue.reply import source_titles
from bot.dialogue.speak import Said, Speaker
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Thresholds, Understander, Understanding
from bot.dialogue.values import Beside, say_each
from bot.dialogue.verdict import Verdict, judge
from bot.language.reading import Reading

_MOST_CANDIDATES = 5
_MISSES_UNTIL_STUCK = 2


class Mind:
    """Built once from the content."""

    def __init__(self, flows: Flows, thresholds: Thresholds | None = None) -> None:
        self.flows = flows
        self.understander = Understander(flows, thresholds)
        self.speaker = Speaker(flows, self.understander.lookups)
        self.consent = Consent(flows.phrases)
        self.correction = Correction(flows.phrases, flows.lexicon, self.understander.reader)
        reader = self.understander.reader
        self._around = frozenset(word.text for phrase in flows.phrases.around for word in reader.read(phrase).words)
        self._commands: dict[str, set[tuple[str, ...]]] = {
            name: {self._bare(reader.read(phrase)) for phrase in phrases} - {()}
            for name, phrases in flows.phrases.commands.items()
        }

    def saying(self, flows: Flows) -> Mind:
        """The same mind over the same content in another language."""
        other = copy(self)
        other.flows = flows
        other.understander = self.understander.saying(flows)
        other.speaker = Speaker(flows, other.understander.lookups)
        return other

    @property
    def phrases(self) -> PhrasesFile:
        """The bot's own sentences."""
        return self.flows.phrases

    @property
    def limits(self) -> Thresholds:
        """How sure is sure enough."""
        return self.understander.thresholds

    def understand(self, text: str) -> Understanding:
        """A message by itself."""
        return self.understander.understand(self.understander.reader.read(text))

    def judge(self, understanding: Understanding) -> Verdict:
        """What it is taken for."""
        return judge(understanding, self.flows, self.limits)

    def rule(self, label: str | None) -> Rule | None:
        """The policy rule of that reason."""
        return self.understander.rules_by_reason.get(label or "")

    def commands(self, understanding: Understanding, command: str) -> bool:
        """The whole message is one of the phrases of that command, with nothing but padding around it."""
        return self._bare(understanding.reading) in self._commands.get(command, ())

    def _bare(self, reading: Reading) -> tuple[str, ...]:
        words = tuple(word.text for word in reading.words)
        return tuple(word for word in words if word not in self._around) or words

    def say(
        self,
        state: Conversation,
        intent: str,
        facets: tuple[str, ...],
        entities: dict[str, str],
        beside: Beside,
        now: datetime,
    ) -> Said:
        """What an intent has to say to what was asked, for each thing that was named."""
        service = self.flows.services[intent]
        if measured(service, state.question):
            begun = replace(state.settled(now), intent=intent, facets=facets, entities=dict(entities), misses=0)
            said = foretold(
                self.speaker.walk(begun, service, 0, now), self.speaker, self.flows, self.understander.reader, now
            )
            if said.outcome is Outcome.ANSWER:
                return said
        said = say_each(self.speaker, service, state, facets, entities, beside, now)
        return foretold(said, self.speaker, self.flows, self.understander.reader, now)

    def missed(self, turn: Turn, said: Said) -> Said:
        """A message that was not understood: said so, or, once too often, an officer is offered instead."""
        misses = turn.state.misses + 1
        if misses < _MISSES_UNTIL_STUCK:
            return replace(said, state=replace(said.state, misses=misses))
        after = replace(turn.settled, misses=0)
        return Said(Outcome.HANDOFF, self.phrases.stuck.strip(), after, reason="stuck")

    def _with_way_out(self, said: Said) -> str:
        """What is said; once below it where to ask for what this district has not told yet."""
        lacking = said.outcome is Outcome.ANSWER and self.phrases.not_available in said.text
        if not lacking or self.phrases.ask_instead is None or said.state.running is not None:
            return said.text
        return f"{said.text}\n\n{self.phrases.ask_instead}"

    def _rests_on(self, reason: str) -> tuple[str, ...]:
        """The sources of the policy rule that decided."""
        rule = self.rule(reason)
        return source_titles([self.flows.policy.sources[name] for name in rule.sources]) if rule else ()

    def decide(self, turn: Turn, said: Said, reason: str, *, intent: str | None = None, score: float = 0.0) -> Decision:
        """What is said, with why."""
        understanding = turn.understanding
        candidates = tuple(
            (candidate.label, candidate.score)
            for candidate in understanding.candidates
            if candidate.label in self.flows.services
        )
        return Decision(
            text=turn.text,
            outcome=said.outcome,
            reply=self._with_way_out(said),
            reason=said.reason or reason,
            state=said.state,
            intent=intent,
            score=score,
            candidates=candidates[:_MOST_CANDIDATES],
            sources=said.sources or self._rests_on(said.reason or reason),
            explanation=explain(understanding, self.understander),
        )
