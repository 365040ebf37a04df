"""Bulletin templates: Jinja2 in a sandbox, strict about names, and with every value escaped for Markdown.

Values are escaped where they are printed, so that a template cannot forget it: an officer's note with
`**`, `<b>`, `@room` or a link in it comes out as the characters that were typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, StrictUndefined, TemplateError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.markup import escape

MAX_CHARACTERS = 8000
"""An event holds 64 KiB, and Markdown, HTML and encryption multiply the text; nobody reads that much anyway."""

# Joiners, direction marks and overrides, and control characters: they let text look like something it is not.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_ENTITY = re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]*;)")
_FENCE = re.compile(r"`{3,}|~{3,}")


class Markdown(str):
    """Words that keep their Markdown when they are printed. Only `spoken` makes it of what people write."""

    __slots__ = ()


class TemplateFault(Exception):
    """A template that cannot be rendered: its name, line (0 unknown) and what is wrong."""

    def __init__(self, name: str, line: int, message: str) -> None:
        self.name = name
        self.line = line
        super().__init__(message)


def environment(templates: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    """An environment that knows these templates and nothing of the machine."""
    return ImmutableSandboxedEnvironment(
        loader=DictLoader(dict(templates)),
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # that would escape for HTML; Markdown is made here, and `_printed` escapes for it
    )


def render(env: ImmutableSandboxedEnvironment, name: str, values: Mapping[str, Any]) -> str:
    """Markdown of one template. Raises TemplateFault."""
    try:
        text = env.get_template(name).render(values)
    except (
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise TemplateFault(name, _line(error, name), f"{type(error).__name__}: {error}") from None
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    if len(text) > MAX_CHARACTERS:
        raise TemplateFault(name, 0, f"the bulletin has {len(text)} characters; at most {MAX_CHARACTERS} fit")
    return text


def _line_of(text: str) -> str:
    return re.sub(r"\s+", " ", _INVISIBLE.sub("", text))


def clean(text: str, limit: int) -> str:
    """Somebody's words in one line, without invisible characters, at most `limit` characters."""
    line = _line_of(text).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def spoken(text: str) -> Markdown:
    """An officer's words with their Markdown, which cannot mention anybody nor reach beyond themselves.

    A fence that is never closed would take the lines after it, the emergency number among them, for its own. A word
    joiner after every @ makes no address of it, not even once the marks between are gone ("@**room**"); an entity
    ("&#64;") stays as typed, whatever stands before it.
    """
    lines = "\n".join(_INVISIBLE.sub("", line).rstrip() for line in text.expandtabs(4).splitlines())
    lines = _FENCE.sub(lambda found: "\\" + "\\".join(found[0]), lines)
    lines = _ENTITY.sub("&\u2060", lines)
    return Markdown(lines.replace("@", "@\u2060").replace("%40", "%40\u2060").strip("\n"))


def _unmentioned(text: str) -> str:
    """Clients that know no m.mentions ring for a bare "@room"; a word joiner after the @ keeps it a word."""
    return re.sub(r"@(?=\w)", "@\u2060", text)


def _printed(value: Any) -> Any:
    if isinstance(value, Undefined | Markdown):
        return value  # StrictUndefined complains when it is turned into text
    return _unmentioned(escape(_line_of(str(value))))


def _line(error: BaseException, name: str) -> int:
    line = getattr(error, "lineno", None)
    if isinstance(line, int):
        return line
    trace, found = error.__traceback__, 0
    while trace is not None:  # Jinja rewrites the traceback so that template frames have the template's lines
        if trace.tb_frame.f_code.co_filename in ("<template>", name):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
