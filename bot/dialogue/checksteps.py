"""Steps that lead nowhere: in a circle without a question, on for longer than one message may, or never to an answer.

What can be seen in the files is refused here. The engine still counts as it walks (`bot.dialogue.steps.LIMIT`), so
that a person is answered whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from bot.dialogue.flows import Flows, Service
from bot.dialogue.model import Step
from bot.dialogue.steps import LIMIT, MOST_HOPS
from bot.problem import Problem

Node = tuple[str, int]
"""Intent and number of a step."""


def check_steps(flows: Flows) -> list[Problem]:
    """Every step from which the talk would not come to an end."""
    paths = Paths(flows)
    return list(paths.circles()) or [*paths.too_long(), *paths.endless()]


class Paths:
    """Where each step leads within one message, and where an answer to its question leads."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._labels = {
            service.name: {step.label: number for number, step in enumerate(service.intent.steps) if step.label}
            for service in flows.services.values()
        }

    def circles(self) -> Iterator[Problem]:
        """Steps that lead back to themselves without asking anything."""
        done: set[Node] = set()
        for start in self._nodes:
            seen = {start}
            waiting = [node for node, _ in self._at_once(start)]
            while waiting and start not in done:
                node = waiting.pop()
                if node == start:
                    done.add(node)
                    yield self._problem(start, "leads back to itself without asking anything")
                elif node not in seen:
                    seen.add(node)
                    waiting.extend(onward for onward, _ in self._at_once(node))

    def too_long(self) -> Iterator[Problem]:
        """Where the steps of one message become more than the engine walks. Without circles only."""
        graph = {node: [onward for onward, _ in self._at_once(node)] for node in self._nodes}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError:
            return
        steps: dict[Node, int] = {}
        hops: dict[Node, int] = {}
        for node in order:
            onward = list(self._at_once(node))
            steps[node] = 1 + max((steps[other] for other, _ in onward), default=0)
            hops[node] = max((hops[other] + leaves for other, leaves in onward), default=0)
            if self._at_once_for_answer(node):
                hops[node] = max(hops[node], 1)
        for node in order:
            # A choice waits for a message, which then leads on from there.
            chosen = max((hops[other] + leaves for other, leaves in self._onward(node)), default=0)
            if steps[node] == LIMIT + 1:
                yield self._problem(node, f"goes on for more than {LIMIT} steps without a question: ask in between")
            if max(hops[node], chosen) == MOST_HOPS + 1:
                message = f"leads through more than {MOST_HOPS} intents without a question: go there directly"
                yield self._problem(node, message)

    def endless(self) -> Iterator[Problem]:
        """Questions after which only questions follow; told once an intent, at the first of its steps."""
        finishing: set[Node] = set()
        before: dict[Node, list[Node]] = {}
        for node in self._nodes:
            step = self._step(node)
            if step.say or step.call or step.handoff or self._leaves_for_answer(node):
                finishing.add(node)
            for onward, _ in self._onward(node):
                before.setdefault(onward, []).append(node)
        waiting = list(finishing)
        while waiting:
            for node in before.get(waiting.pop(), ()):
                if node not in finishing:
                    finishing.add(node)
                    waiting.append(node)
        told: set[str] = set()
        for node in self._nodes:
            if node not in finishing and node[0] not in told:
                told.add(node[0])
                yield self._problem(node, "asks on and on: no answer is ever reached from here")

    @cached_property
    def _nodes(self) -> list[Node]:
        return [
            (service.name, number) for service in self._flows.services.values() for number in range(_count(service))
        ]

    def _step(self, node: Node) -> Step:
        return self._flows.services[node[0]].intent.steps[node[1]]

    def _at_once(self, node: Node) -> Iterator[tuple[Node, bool]]:
        """The steps that follow in the same message; whether it leaves the intent for them."""
        step = self._step(node)
        if not (step.ask or step.choose):
            yield from self._onward(node)

    def _onward(self, node: Node) -> Iterator[tuple[Node, bool]]:
        name, number = node
        step = self._step(node)
        if step.say or step.handoff:
            return
        labels = self._labels[name]
        for target in targets(step):
            if target in labels:
                yield (name, labels[target]), False
            elif target in self._flows.services and _count(self._flows.services[target]):
                yield (target, 0), True
        if not ends(step) and number + 1 < _count(self._flows.services[name]):
            yield (name, number + 1), False

    def _leaves_for_answer(self, node: Node) -> bool:
        """It may go to an intent that answers at once."""
        step = self._step(node)
        return any(
            target not in self._labels[node[0]]
            and target in self._flows.services
            and not _count(self._flows.services[target])
            for target in targets(step)
        )

    def _at_once_for_answer(self, node: Node) -> bool:
        return self._step(node).choose is None and self._leaves_for_answer(node)

    def _problem(self, node: Node, message: str) -> Problem:
        service = self._flows.services[node[0]]
        return service.flow.document.problem((*service.place, "steps", node[1]), message)


def targets(step: Step) -> Iterator[str]:
    """Labels and intents that a step may go to."""
    if step.goto:
        yield step.goto
    for branch in step.branch or ():
        yield branch.goto
    for option in step.choose.options if step.choose else ():
        if option.goto:
            yield option.goto


def ends(step: Step) -> bool:
    """Nothing comes to the next step past this one."""
    if step.branch:
        return step.branch[-1].slot is None
    if step.choose:
        return all(option.goto for option in step.choose.options)
    return bool(step.say or step.goto or step.handoff)


def _count(service: Service) -> int:
    return len(service.intent.steps)
