"""What takes a text before the matcher is asked: emergencies, policy, commands, corrections, two questions in one.

For the lint: an example that something earlier takes is never answered as its author meant, and the author reads only
that "it does not work". Each finding names the place that takes it, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.flows import Example, Service
from bot.dialogue.loader import PHRASES, POLICY
from bot.dialogue.model import Choose, Rule
from bot.dialogue.pick import pick
from bot.dialogue.steps import offers
from bot.dialogue.trial import Trial, taken
from bot.problem import Problem, Severity

_COMMANDS = ("cancel", "back")
_ANSWERS = {Outcome.ANSWER, Outcome.ASK, Outcome.CLARIFY}


class Shadows:
    """Looks at texts of the content as the engine would."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self._now = now
        self._rules = {rule.reason: (index, rule) for index, rule in enumerate(engine.flows.policy.rules)}

    def over(self, text: str, decision: Decision) -> str | None:
        """Why a text of an intent is not left to the matcher; None when it is. `decision`: what came of it."""
        if decision.also:
            others = " and ".join([decision.intent or "", *(intent for intent, _ in decision.also)])
            return f"it is read as two questions, {others}: write it without the word that joins them"
        if decision.outcome in _ANSWERS:
            return None
        hit = self._engine.mind.understand(text).hit
        if hit is not None:
            words = ", ".join(f"'{word}'" for word in hit.words)
            return (
                f"{self._rule(hit.rule)} decides it first, for it holds {words}: put a word that tells the two apart "
                "under the rule's 'unless', or drop it here"
            )
        command = self._command(text)
        if command is not None:
            return f"{command} takes it first: drop it here, or there"
        if decision.reason in self._rules:
            rule = self._rules[decision.reason][1]
            return f"it is likest to the examples of {self._rule(rule)}: drop it here, or the example there"
        return None

    def correction(self, text: str) -> str | None:
        """Why a text is a correction in the middle of a talk, with the remedy."""
        meant = self._engine.mind.correction.meant(text)
        if meant is None:
            return None
        line = self._line(PHRASES, "corrections")
        return (
            f"after another question it is read as a correction of it, meaning '{meant.strip()}' ({line}): "
            "write it without the words that correct"
        )

    def rules(self) -> Iterator[Problem]:
        """Examples of policy rules that come to something else."""
        for trial in self.tried_rules():
            yield from map(warning, trial.problems)

    def tried_rules(self) -> Iterator[Trial]:
        """Every example of each policy rule, asked as a message."""
        apart: dict[str, list[Example]] = {}
        for example in self._engine.flows.examples:
            apart.setdefault(example.label, []).append(example)
        document = self._engine.flows.documents[POLICY]
        for index, rule in enumerate(self._engine.flows.policy.rules):
            problems = [
                document.problem(("rules", index, "examples", number), message)
                for number, text in enumerate(rule.examples)
                if (message := self._misled(rule, text)) is not None
            ]
            problems += [
                example.problem(message)
                for example in apart.get(rule.reason, ())
                if (message := self._misled(rule, example.text)) is not None
            ]
            yield Trial(rule.reason, tuple(problems))

    def options(self, service: Service) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Options that their own words do not choose: (place in the intent, message)."""
        for index, step in enumerate(service.intent.steps):
            if step.choose is None:
                continue
            for number, option in enumerate(step.choose.options):
                for kind, text in (("label", option.label), *(("words", word) for word in option.words)):
                    message = self._unchosen(step.choose, number, text)
                    if message is not None:
                        yield ("steps", index, "choose", "options", number, kind), message

    def _misled(self, rule: Rule, text: str) -> str | None:
        decision = self._engine.step(None, text, self._now)
        if decision.reason == rule.reason:
            return None
        about = f"'{text}' (rule {rule.reason})"
        hit = self._engine.mind.understand(text).hit
        if hit is not None:
            words = ", ".join(f"'{word}'" for word in hit.words)
            return (
                f"{about}: {self._rule(hit.rule)} decides it first, for it holds {words}: move it there, or put a "
                "word that tells the two apart under that rule's 'unless'"
            )
        command = self._command(text)
        if command is not None:
            return f"{about}: {command} takes it first: drop it here, or there"
        if decision.outcome in _ANSWERS and decision.intent is not None:
            return (
                f"{about} is taken for {taken(decision)}: give the rule a 'when' that holds its words, or take the "
                f"likest example out of {self._intent(decision.intent)}"
            )
        if decision.reason in self._rules:
            other = self._rules[decision.reason][1]
            return f"{about}: it is likest to the examples of {self._rule(other)}: move it there"
        if decision.outcome.value == rule.outcome.value:
            return None  # refused either way
        return f"{about} is taken for {taken(decision)}: add examples that say it alike, or a 'when'"

    def _unchosen(self, choose: Choose, number: int, text: str) -> str | None:
        about = f"option '{choose.options[number].label}'"
        understanding = self._engine.mind.understand(text)
        if understanding.hit is not None:
            return f"{about} cannot be chosen by '{text}': {self._rule(understanding.hit.rule)} decides it first"
        command = self._command(text)
        if command is not None:
            return f"{about} cannot be chosen by '{text}': {command} takes it first"
        found = pick(offers(choose), understanding.reading, self._engine.understander.reader)
        if found == number:
            return None
        if found is None:
            return f"{about} cannot be chosen by '{text}': another option has the same words, or none of it is read"
        return f"'{text}' of {about} chooses '{choose.options[found].label}': use words that only one option has"

    def _command(self, text: str) -> str | None:
        understanding = self._engine.mind.understand(text)
        for name in _COMMANDS:
            if self._engine.mind.commands(understanding, name):
                return f"the command '{name}' ({self._line(PHRASES, 'commands', name)})"
        return None

    def _rule(self, rule: Rule) -> str:
        return f"rule '{rule.reason}' ({self._line(POLICY, 'rules', self._rules[rule.reason][0])})"

    def _intent(self, name: str) -> str:
        service = self._engine.flows.services[name]
        document = service.flow.document
        return f"{name} ({document.path.name}:{document.line((*service.place, 'examples'))})"

    def _line(self, name: str, *place: str | int) -> str:
        return f"{name}:{self._engine.flows.documents[name].line(place)}"


def warning(problem: Problem) -> Problem:
    """The same as something to mend, not a mistake."""
    return Problem(problem.file, problem.line, problem.message, Severity.WARNING)
