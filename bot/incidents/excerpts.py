"""What answers and cards show of a report: its title and mark, its words, what is doubtful about them.

What people said is always escaped, without personal numbers, and short: it is read on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.incidents.analysis import Analysis
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.markup import escape

MARKS = {Urgency.DARURAT: "🔴", Urgency.SEGERA: "🟡", Urgency.INFO: "🔵"}
MAX_QUOTE = 700
"""Characters of a transcript on a card; the whole stands in the log and in the audio."""
_FLAGS = {
    "no_speech": "mungkin bukan ucapan",
    "low_confidence": "kurang jelas terdengar",
    "loop": "sebagian terulang, mungkin salah dengar",
    "cut": "hanya bagian awal yang terdengar",
    "withdrawn": "ditarik oleh pengirimnya",
    "late": "baru terbaca lama sesudah dikirim",
}


def title(analysis: Analysis) -> str:
    """What people call it, with what it is about."""
    name = analysis.title or analysis.category
    return escape(f"{name}: {analysis.about_title}" if analysis.about_title else name)


def quote(transcript: str) -> str:
    """The words, on one line."""
    text = " ".join(mask(transcript).split())
    return escape(text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1].rstrip() + "…")


def doubts(flags: Sequence[str]) -> str:
    """Why they may be wrong; empty when there is no reason."""
    return "; ".join(_FLAGS[flag] for flag in flags if flag in _FLAGS)


def beside_doubts(words: str, flags: Sequence[str]) -> str:
    """Words in Markdown, with what is doubtful about them under them."""
    why = doubts(flags)
    return f"{words}\n\n⚠️ _{why}_" if why else words
