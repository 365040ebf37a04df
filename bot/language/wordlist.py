"""Lists of words in files of their own: one word a line, comments after #."""

from __future__ import annotations

from pathlib import Path

from bot.problem import ContentError, Problem


def read_words(path: Path) -> frozenset[str]:
    """No file, no words. Raises ContentError naming every line that is not one word in small letters."""
    if not path.exists():
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError([Problem(path, 0, f"cannot be read: {error}")]) from None
    words = [line.partition("#")[0].strip() for line in lines]
    wrong = [
        Problem(path, number, f"'{word}' is not one word in small letters")
        for number, word in enumerate(words, 1)
        if word and not (word.isalpha() and word.islower())
    ]
    if wrong:
        raise ContentError(wrong)
    return frozenset(filter(None, words))
