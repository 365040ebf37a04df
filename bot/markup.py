"""Markdown to what Element shows: safe HTML, and a plain body for clients and notifications without it.

markdown-it renders with raw HTML switched off; nh3 then keeps only the tags that the Matrix specification
allows (client-server API, "m.room.message msgtypes"). The plain body is made from the same parse, so that both say
the same. Texts from people are escaped before they are put into Markdown: `escape`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
)
_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_SCHEMES = {"https", "http", "mailto", "tel"}
_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")
"""ASCII punctuation: any of it may mean something in Markdown, all of it may be escaped (CommonMark 2.4)."""
_TURNERS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: with them "gpj.exe" reads as "exe.jpg"."""


@dataclass(frozen=True)
class Message:
    """A text ready for an event."""

    body: str
    formatted_body: str

    def content(self, *, notice: bool = False) -> dict[str, Any]:
        """As the content of an m.room.message that mentions nobody."""
        return {
            "msgtype": "m.notice" if notice else "m.text",
            "body": self.body,
            "format": "org.matrix.custom.html",
            "formatted_body": self.formatted_body,
            "m.mentions": {},
        }


def render(markdown: str) -> Message:
    """Render our own Markdown."""
    markdown = markdown.encode("utf-8", "replace").decode()  # half surrogates are no text to anybody who gets this
    html = _MARKDOWN.render(markdown).strip()
    clean = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}, "ol": {"start"}}, url_schemes=_SCHEMES)
    return Message(body=plain(markdown), formatted_body=_BETWEEN_TAGS.sub("><", clean))


def plain(markdown: str) -> str:
    """The text without its marks: links with their address, lists and quotations kept as such."""
    lines = markdown.splitlines()
    parts: list[str] = []
    for token, text in _top(_MARKDOWN.parse(markdown)):
        first = token.map[0] if token.map else 0
        if parts:
            parts.append("\n" if first == 0 or lines[first - 1].strip() else "\n\n")
        parts.append(text)
    return "".join(parts)


def escape(text: str) -> str:
    """Somebody's words as literal text on one line of Markdown: no formatting, no heading, no list, nothing hidden."""
    visible = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    line = "".join(char for char in visible if char not in _TURNERS)
    line = re.sub(r"^ +| +$", " ", line)  # four at the start make code, two at the end a line break
    return _SPECIAL.sub(r"\\\1", line)


_BETWEEN_TAGS = re.compile(r">\n+<")


def _top(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Each block of the document with its text: paragraphs stay apart as their author set them apart."""
    index = 0
    while index < len(tokens):
        end = _closing(tokens, index) if tokens[index].nesting == 1 else index
        yield tokens[index], _blocks(tokens[index : end + 1], "\n")
        index = end + 1


def _blocks(tokens: Sequence[Token], between: str) -> str:
    """Block tokens as lines; `between` separates neighbours."""
    parts: list[str] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = _closing(tokens, index) if token.nesting == 1 else index
        inner = tokens[index + 1 : end]
        if token.type == "inline":
            parts.append(_inline(token.children or []))
        elif token.type in ("fence", "code_block"):
            parts.append(token.content.rstrip("\n"))
        elif token.type == "hr":
            parts.append("---")
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            parts.append(_list(token, inner))
        elif token.type == "blockquote_open":
            parts.append(_prefixed(_blocks(inner, between), "> ", "> "))
        elif token.type == "tr_open":
            parts.append(" | ".join(_blocks(cell, " ") for cell in _children(inner)))
        elif token.nesting == 1:
            parts.append(_blocks(inner, between))
        index = end + 1
    return between.join(parts)


def _list(opening: Token, inner: Sequence[Token]) -> str:
    number = int(opening.attrGet("start") or 1) if opening.type == "ordered_list_open" else None
    items: list[str] = []
    for item in _children(inner):
        mark = "- " if number is None else f"{number}. "
        items.append(_prefixed(_blocks(item, "\n"), mark, " " * len(mark)))
        number = None if number is None else number + 1
    return "\n".join(items)


def _children(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """What stands inside each of the elements in a row."""
    found: list[Sequence[Token]] = []
    index = 0
    while index < len(tokens):
        end = _closing(tokens, index)
        found.append(tokens[index + 1 : end])
        index = end + 1
    return found


def _closing(tokens: Sequence[Token], index: int) -> int:
    depth = 0
    for place in range(index, len(tokens)):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    return len(tokens) - 1


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join((first if number == 0 else rest) + line for number, line in enumerate(lines)).rstrip()


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "link_open":
            links.append((len(parts), str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            start, address = links.pop()
            shown = "".join(parts[start:])
            if shown not in (address, address.removeprefix("mailto:"), address.removeprefix("tel:")):
                parts.append(f" ({address})")
        else:
            parts.append(token.content)
    return "".join(parts)
