"""YAML files with line numbers: every mistake in them is told as `file:line: message`.

Only PyYAML's safe constructors are used. Duplicate keys, which YAML forbids and PyYAML silently accepts, are
mistakes here: in a flow the second answer would replace the first without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bot.problem import ContentError, Problem

Model = TypeVar("Model", bound=BaseModel)
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's safe loader where PyYAML was built with it: ten times as fast, the same result."""
Key = tuple[str | int, ...]
"""Where a value stands: ("answers", "biaya", 0, "text")."""


class Document:
    """A parsed file: plain data, and the line of every key."""

    def __init__(self, path: Path, data: Any, lines: dict[Key, int]) -> None:
        self.path = path
        self.data = data
        self._lines = lines

    def line(self, where: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest enclosing one that the file has."""
        key = tuple(where)
        while key and key not in self._lines:
            key = key[:-1]
        return self._lines.get(key, 1)

    def replaced(self, data: Any) -> Document:
        """The same file with other data; what has moved is told by the nearest line around it."""
        return Document(self.path, data, self._lines)

    def problem(self, where: Sequence[str | int], message: str) -> Problem:
        """A mistake at that place."""
        return Problem(self.path, self.line(where), message)


def read(path: Path) -> Document:
    """Parse one file. Raises ContentError when it is missing, not UTF-8, not YAML, or repeats a key."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ContentError([Problem(path, 0, "file not found")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError([Problem(path, 0, f"cannot be read: {error}")]) from None
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except RecursionError:
        raise ContentError([Problem(path, 0, "nested too deep")]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ContentError([Problem(path, mark.line + 1 if mark else 0, f"not valid YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        raise ContentError([Problem(path, 0, f"not valid YAML: {error}")]) from None
    if node is None:
        return Document(path, None, {})
    problems = _multiplied(path, node)
    if problems:
        raise ContentError(problems)
    lines: dict[Key, int] = {}
    _walk(path, node, (), lines, problems, seen=set())
    if problems:
        raise ContentError(problems)
    try:
        data = yaml.constructor.SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:  # a tag (!!…) or a merge (<<) on something it does not fit
        mark = error.problem_mark or error.context_mark
        raise ContentError([Problem(path, mark.line + 1 if mark else 0, f"not valid YAML: {error.problem}")]) from None
    except (ValueError, TypeError) as error:
        raise ContentError([Problem(path, 0, f"not valid YAML: {error}")]) from None
    return Document(path, data, lines)


def validate(document: Document, model: type[Model]) -> Model:
    """The document as a typed value. Raises ContentError naming each bad key with its line and what it should be."""
    try:
        return model.model_validate(document.data if document.data is not None else {})
    except ValidationError as error:
        problems = []
        for fault in error.errors(include_url=False):
            where = tuple(part for part in fault["loc"] if isinstance(part, str | int))
            problems.append(document.problem(where, _message(where, fault)))
        raise ContentError(problems) from None


def _message(where: Key, fault: Any) -> str:
    name = ".".join(str(part) for part in where) or "file"
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{name}'"
    if fault["type"] == "missing":
        return f"missing key '{name}'"
    words = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "string_type" and isinstance(fault["input"], bool | int | float | date):
        words += "; YAML reads this as something else: put it in quotes"
    return f"{name}: {words}"


def _walk(
    path: Path, node: yaml.Node, where: Key, lines: dict[Key, int], problems: list[Problem], seen: set[int]
) -> None:
    lines.setdefault(where, node.start_mark.line + 1)
    if id(node) in seen:  # an alias (`*name`): its lines are those of its anchor
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key_node, value_node in node.value:
            name = getattr(key_node, "value", None)
            if not isinstance(name, str):
                problems.append(Problem(path, key_node.start_mark.line + 1, "a key must be a plain word"))
                continue
            if key_node.tag in _NO_KEYS:
                message = f"YAML reads the key '{name}' as a truth value or nothing: put it in quotes"
                problems.append(Problem(path, key_node.start_mark.line + 1, message))
            if name in keys:
                problems.append(Problem(path, key_node.start_mark.line + 1, f"key '{name}' is written twice"))
            keys.add(name)
            lines[(*where, name)] = key_node.start_mark.line + 1
            _walk(path, value_node, (*where, name), lines, problems, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*where, index)] = item.start_mark.line + 1
            _walk(path, item, (*where, index), lines, problems, seen)
    elif node.tag != "tag:yaml.org,2002:str":  # which can hold anything
        try:
            yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # 2026-02-30, !!python/…, !!int x
            reason = f"not a possible value: {error.problem if isinstance(error, yaml.MarkedYAMLError) else error}"
            if node.tag == "tag:yaml.org,2002:timestamp":
                reason = f"no such date: {node.value}"
            problems.append(Problem(path, node.start_mark.line + 1, reason))


_NO_KEYS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
_MAX_VALUES = 1_000_000
"""Values in one file once every alias is written out."""


def _multiplied(path: Path, root: yaml.Node) -> list[Problem]:
    """Aliases that contain themselves, or multiply ("a: [*b, *b]", "b: [*c, *c]" …) until no memory holds them."""
    sizes: dict[int, int] = {}
    under_way: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in under_way:
            raise ContentError([Problem(path, node.start_mark.line + 1, "this value contains itself")])
        under_way.add(id(node))
        total = 1
        if isinstance(node, yaml.MappingNode):
            total += sum(size(key) + size(value) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            total += sum(size(item) for item in node.value)
        under_way.discard(id(node))
        sizes[id(node)] = total
        return total

    try:
        if size(root) > _MAX_VALUES:
            return [Problem(path, 0, "too large once its aliases (*name) are written out")]
    except ContentError as error:
        return error.problems
    except RecursionError:
        return [Problem(path, 0, "nested too deep")]
    return []
