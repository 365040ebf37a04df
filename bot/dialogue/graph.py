"""Flows as pictures: what leads to which answer.

Mermaid for documents and code hosts; SVG, drawn here without any program or library, for everything else. The layout
is plain on purpose: one row of columns an intent, a column a step away from the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from bot.dialogue.flows import Flow, Flows, Service
from bot.dialogue.model import Answer, Step

_LONGEST = 42
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 250, 46, 90, 16


class Shape(StrEnum):
    """What a node stands for."""

    INTENT = "intent"
    ANSWER = "answer"
    QUESTION = "question"
    BRANCH = "branch"
    LOOKUP = "lookup"
    ELSEWHERE = "elsewhere"
    """An intent drawn in its own place."""


@dataclass(frozen=True)
class Node:
    """A box."""

    key: str
    text: str
    shape: Shape


@dataclass(frozen=True)
class Edge:
    """An arrow, and what makes it be taken."""

    start: str
    end: str
    text: str = ""


@dataclass(frozen=True)
class Graph:
    """One intent."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graphs(flows: Flows, names: Sequence[str] = ()) -> list[tuple[Flow, list[Graph]]]:
    """The graphs of these flows (or intents), all if none is named. Raises KeyError for a name that is neither."""
    unknown = [name for name in names if name not in flows.flows and name not in flows.services]
    if unknown:
        raise KeyError(unknown[0])
    found: list[tuple[Flow, list[Graph]]] = []
    for flow in flows.flows.values():
        services = [
            service
            for service in flows.services.values()
            if service.flow is flow and (not names or flow.file.flow in names or service.name in names)
        ]
        if services:
            found.append((flow, [_graph(service) for service in services]))
    return found


def mermaid(drawn: Sequence[tuple[Flow, list[Graph]]]) -> str:
    """One flowchart; each flow and intent a subgraph."""
    forms = {
        Shape.INTENT: ('(["', '"])'),
        Shape.ANSWER: ('["', '"]'),
        Shape.QUESTION: ('[/"', '"/]'),
        Shape.BRANCH: ('{"', '"}'),
        Shape.LOOKUP: ('[("', '")]'),
        Shape.ELSEWHERE: ('(("', '"))'),
    }
    lines = ["flowchart LR"]
    for flow, intents in drawn:
        lines.append(f'  subgraph flow_{flow.file.flow}["{_quoted(flow.file.title)}"]')
        for graph in intents:
            for node in graph.nodes:
                opening, closing = forms[node.shape]
                lines.append(f"    {node.key}{opening}{_quoted(node.text)}{closing}")
            for edge in graph.edges:
                label = f'|"{_quoted(edge.text)}"|' if edge.text else ""
                lines.append(f"    {edge.start} -->{label} {edge.end}")
        lines.append("  end")
    return "\n".join(lines) + "\n"


def svg(drawn: Sequence[tuple[Flow, list[Graph]]]) -> str:
    """A drawing that stands alone."""
    parts: list[str] = []
    top, width = 20, 0
    for flow, intents in drawn:
        parts.append(f'<text class="flow" x="20" y="{top + 16}">{escape(flow.file.title)}</text>')
        top += 34
        for graph in intents:
            drawing, right, height = _drawn(graph, top)
            parts += drawing
            top += height + 3 * _GAP_Y
            width = max(width, right)
    style = (
        "text{font:13px sans-serif}.flow{font:bold 16px sans-serif}.label{font:11px sans-serif;fill:#444}"
        "rect{stroke:#555;fill:#fff}.intent{fill:#dbe9ff}.answer{fill:#e6f6e2}.question{fill:#fff3cf}"
        ".branch{fill:#f3e3ff}.lookup{fill:#fde2d8}.elsewhere{fill:#eee}path{fill:none;stroke:#777}"
    )
    arrow = '<marker id="a" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
    head = f'<defs>{arrow}<path d="M0,0L8,4L0,8"/></marker></defs><style>{style}</style>'
    size = f'width="{width + 20}" height="{top}" viewBox="0 0 {width + 20} {top}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{head}{"".join(parts)}</svg>\n'


def _graph(service: Service) -> Graph:
    intent = service.intent
    root = Node(f"{service.name}", intent.title, Shape.INTENT)
    nodes, edges = {root.key: root}, list[Edge]()
    answers: dict[str, str] = {}
    for number, answer in enumerate(intent.answers):
        key = f"{service.name}_a{number}"
        if answer.name:
            answers[answer.name] = key
        if answer.default and intent.steps:
            continue  # the steps are taken instead
        nodes[key] = Node(key, _first_line(answer), Shape.ANSWER)
        if answer.name is None or answer.when:
            edges.append(Edge(root.key, key, " + ".join(answer.when or ())))
    labels = {step.label: index for index, step in enumerate(intent.steps) if step.label}

    def place(target: str) -> str:
        if target in labels:
            return _step_key(service, labels[target], intent.steps, answers)
        key = f"{service.name}_to_{target}"
        nodes[key] = Node(key, target, Shape.ELSEWHERE)
        return key

    if intent.steps:
        edges.append(Edge(root.key, _step_key(service, 0, intent.steps, answers)))
    for index, step in enumerate(intent.steps):
        if step.say:
            continue
        key = _step_key(service, index, intent.steps, answers)
        nodes[key] = Node(key, *_described(step))
        following = _step_key(service, index + 1, intent.steps, answers) if index + 1 < len(intent.steps) else None
        for text, target in _ways(step):
            end = place(target) if target else following
            if end is not None:
                edges.append(Edge(key, end, text))
    return Graph(intent.title, tuple(nodes.values()), tuple(dict.fromkeys(edges)))


def _step_key(service: Service, index: int, steps: Sequence[Step], answers: dict[str, str]) -> str:
    """A step that says an answer is that answer."""
    said = steps[index].say
    return answers[said] if said else f"{service.name}_s{index}"


def _described(step: Step) -> tuple[str, Shape]:
    if step.ask:
        return step.ask.text, Shape.QUESTION
    if step.choose:
        return step.choose.text, Shape.QUESTION
    if step.handoff:
        return step.handoff, Shape.ELSEWHERE
    if step.call:
        return step.call, Shape.LOOKUP
    if step.branch:
        return step.branch[0].slot or "", Shape.BRANCH
    return step.goto or "", Shape.BRANCH


def _ways(step: Step) -> Iterator[tuple[str, str | None]]:
    """(what leads there, label or intent; None: the next step)."""
    if step.choose:
        for option in step.choose.options:
            yield option.label, option.goto
    elif step.branch:
        for branch in step.branch:
            condition = f"≤ {branch.at_most:g}" if branch.at_most is not None else branch.equals
            yield condition or "", branch.goto
        if step.branch[-1].slot is not None:
            yield "", None
    elif not step.handoff:
        yield "", step.goto


def _first_line(answer: Answer) -> str:
    return answer.text.strip().splitlines()[0].replace("**", "")


def _drawn(graph: Graph, top: int) -> tuple[list[str], int, int]:
    """(SVG elements, right edge, height) of one intent."""
    column = _columns(graph)
    rows: dict[int, int] = {}
    where: dict[str, tuple[int, int]] = {}
    for node in graph.nodes:
        number = column[node.key]
        where[node.key] = (20 + number * (_WIDTH + _GAP_X), top + rows.get(number, 0) * (_HEIGHT + _GAP_Y))
        rows[number] = rows.get(number, 0) + 1
    parts: list[str] = []
    for edge in graph.edges:
        (x1, y1), (x2, y2) = where[edge.start], where[edge.end]
        start, end, middle = (x1 + _WIDTH, y1 + _HEIGHT // 2), (x2, y2 + _HEIGHT // 2), _GAP_X // 2
        curve = f"M{start[0]},{start[1]}C{start[0] + middle},{start[1]} {end[0] - middle},{end[1]} {end[0]},{end[1]}"
        parts.append(f'<path d="{curve}" marker-end="url(#a)"/>')
        if edge.text:
            text = escape(_short(edge.text, 26))
            parts.append(f'<text class="label" x="{end[0] - 6}" y="{end[1] - 5}" text-anchor="end">{text}</text>')
    for node in graph.nodes:
        x, y = where[node.key]
        box = f'x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"'
        parts.append(f'<g><title>{escape(node.text)}</title><rect class="{node.shape}" {box}/>')
        parts.append(f'<text x="{x + 10}" y="{y + _HEIGHT // 2 + 5}">{escape(_short(node.text, 36))}</text></g>')
    right = max(x for x, _ in where.values()) + _WIDTH
    return parts, right, max(rows.values()) * (_HEIGHT + _GAP_Y)


def _columns(graph: Graph) -> dict[str, int]:
    """How many arrows each node is away from the question; what nothing leads to stands last."""
    found = {graph.nodes[0].key: 0}
    waiting = [graph.nodes[0].key]
    for key in waiting:
        for edge in graph.edges:
            if edge.start == key and edge.end not in found:
                found[edge.end] = found[key] + 1
                waiting.append(edge.end)
    last = max(found.values()) + 1
    return {node.key: found.get(node.key, last) for node in graph.nodes}


def _short(text: str, longest: int = _LONGEST) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _quoted(text: str) -> str:
    """Mermaid's own escapes: entities written with # instead of &."""
    line = _short(text)
    for char, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("&", "#amp;")):
        line = line.replace(char, code)
    return line
