"""What a reporter says further about their own report. Pure."""

from __future__ import annotations

import re

_NOT_DONE = re.compile(
    r"\b(?:belum|blm|blum|durung|dereng)(?: (?:juga|jg|ada yang|benar benar|betul betul))*"
    r" (?:selesai|kelar|beres|tuntas|rampung|tertangani|ditangani|diatasi|aman|surut|padam|bersih)\b"
)
_MOST = 12
"""Words: a longer message tells a story in which the words may mean something else; an officer reads it anyway."""


def reopens(text: str) -> bool:
    """Whether they say that it is not done ("belum selesai pak, masih banjir")."""
    plain = " ".join(re.findall(r"[a-z]+", text.casefold()))
    return len(plain.split()) <= _MOST and _NOT_DONE.search(plain) is not None
