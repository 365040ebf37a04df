"""What is wrong with an answer of a source."""

from __future__ import annotations


class FeedFault(Exception):
    """The answer is not what its publisher documents; the text says why, for an officer, never the answer itself."""
