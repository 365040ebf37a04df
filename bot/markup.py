"""Markdown to what Element shows: safe HTML, and a plain body for clients and notifications without it.

markdown-it renders with raw HTML switched off; nh3 then keeps only the tags that the Matrix specification
allows (client-server API, "m.room.message msgtypes"). Texts from people are escaped before they are put
into Markdown: `escape`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import nh3
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_TAGS = set(
    [
        "p",
        "br",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&@:])")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~&@:])")
_AWAY = 0xF0000
"""A private-use plane that no text comes from."""


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
    html = _MARKDOWN.render(markdown).strip()
    clean = nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}, "ol": {"start"}}, url_schemes={"https", "http", "mailto", "tel"}
    )
    return Message(body=plain(markdown), formatted_body=re.sub(r">\n+<", "><", clean))


def plain(markdown: str) -> str:
    """The text without its marks, links with their address, lists kept as lists."""
    lines: list[str] = []
    # Escaped characters are text: they step out of the way of the marks' patterns and come back at the end.
    hidden = _ESCAPED.sub(lambda match: chr(_AWAY + ord(match[1])), markdown.strip())
    for line in hidden.splitlines():
        line = re.sub(r"\[([^\]]+)\]\((\S+?)\)", r"\1 (\2)", line)
        line = re.sub(r"^\s{0,3}(#{1,6}|>)\s+", "", line)
        line = re.sub(r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1", r"\2", line)
        line = re.sub(r"(?<![\w*])[*_](?=\S)([^*_]+?)(?<=\S)[*_](?![\w*])", r"\1", line)
        lines.append(line.rstrip())
    return re.sub(f"[{chr(_AWAY)}-{chr(_AWAY + 127)}]", lambda match: chr(ord(match[0]) - _AWAY), "\n".join(lines))


def escape(text: str) -> str:
    """Somebody's words as literal text inside Markdown: no formatting, no links, no mentions."""
    return " ".join(_SPECIAL.sub(r"\\\1", line) for line in text.splitlines())
