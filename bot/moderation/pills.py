"""People and rooms in a message by their addresses. A pill shows a display name, which names nobody. Pure."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote

_LINK = "https://matrix.to/#/"
_BREAKS = frozenset(("br", "p", "div", "li", "blockquote", "pre"))
_LONGEST = 20_000


def with_addresses(body: str, html: object) -> str:
    """The text of a message with the address in place of each pill (client-server API, "User and room mentions").

    `html` is its `formatted_body` as received, of whatever type; without a pill in it the body counts. Never raises.
    """
    if not isinstance(html, str) or _LINK not in html:
        return body
    reader = _Reader()
    reader.feed(html[:_LONGEST])
    reader.close()
    return "".join(reader.parts).strip() if reader.pills else body


class _Reader(HTMLParser):
    """Collects the text; what stands in a pill or in the quotation of a reply is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.pills = 0
        self._quoted = 0
        self._in_pill = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mx-reply":
            self._quoted += 1
        elif self._quoted:
            return
        elif tag == "a":
            address, _, servers = unquote((dict(attrs).get("href") or "").removeprefix(_LINK)).partition("?")
            if address[:1] in ("@", "#", "!") and "/" not in address.partition(":")[2]:
                # A room may be found by nothing but the servers that its link names.
                self.parts.append(f" {address}?{servers} " if servers and address[0] != "@" else f" {address} ")
                self.pills += 1
                self._in_pill = True
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "mx-reply":
            self._quoted = max(0, self._quoted - 1)
        elif tag == "a":
            self._in_pill = False

    def handle_data(self, data: str) -> None:
        if not self._quoted and not self._in_pill:
            self.parts.append(data)
