"""Personal numbers out of a text before it is logged, audited or shown to somebody else.

Hides NIK and KK (16 digits), phone numbers, vehicle plates, account and card numbers, e-mail addresses and
coordinates. Errs on the side of hiding: eight digits or more in a row are taken for somebody's number, save
amounts of money ("Rp10.000.000").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_GAP = r"[\s.\-]?"
_EMAIL = re.compile(r"[\w.+\-]+\s?@\s?[\w\-]+(?:\.[\w\-]+)+")
_COORDINATES = re.compile(r"[-+]?\d{1,3}[.,]\d{4,}\s*[,;\s]\s*[-+]?\d{1,3}[.,]\d{4,}")
_MONEY = re.compile(r"(?i:\brp\.?\s*)\d{1,3}(?:[.,]\d{3})*(?!\d)|\b\d{1,3}(?:\.\d{3})+\b(?!\s?[\d\-])")
_SIXTEEN = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{15}}(?!\d)")
_PHONE = re.compile(rf"(?<![\d\w])(?:\+\s?62|62|0){_GAP}\(?8(?:{_GAP}\)?\d){{7,11}}(?!\d)")
_LANDLINE = re.compile(rf"(?<!\d)\(?0\d{{2,3}}\)?{_GAP}\d(?:{_GAP}\d){{4,7}}(?!\d)")
_LONG = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{7,29}}(?!\d)")
# Area letters (Indonesia has no others), up to four digits, one to three letters: "G 1234 AB", "g1234ab".
_AREA = (
    r"(?:BL|BB|BK|BA|BM|BP|BG|BN|BE|BD|BH|AA|AB|AD|AE|AG|DK|DR|EA|DH|EB|ED|KB|KH|DA|KT|KU|DB|DL|DM|DN|DT|DD|DW|DC|"
    r"DE|DG|DP|PA|PB|PG|PS|PT|PY|[ABDEFGHKLMNPRSTWZ])"
)
# Glued to the word or number before it, capitals show where it begins: "motornyaG 1234 AB", "363G 1234 AB".
_PLATE = re.compile(
    rf"(?i)(?:(?<![^\W_])|(?-i:(?<=[a-z0-9])(?=[A-Z]{{1,2}}[^a-z]))){_AREA}"
    r"[\s\-]?\d{1,4}[\s\-]?[A-Z]{1,3}(?![A-Za-z0-9])"
)
_NOT_A_PLATE_END = {
    "cc",
    "km",
    "th",
    "thn",
    "hr",
    "jt",
    "rb",
    "di",
    "ke",
    "ya",
    "x",
    "an",
    "dan",
    "yg",
    "itu",
    "aja",
    "apa",
    "sim",
}

# Eight digits read out one by one: "nol delapan satu dua …".
_DIGIT_WORD = r"(?:nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|lapan|delapan|sembilan|\d)"
_SPOKEN = re.compile(rf"(?i)(?<![^\W_]){_DIGIT_WORD}(?:[\s.,\-]+{_DIGIT_WORD}){{7,}}(?![^\W_])")

HIDDEN_NUMBER = "[nomor]"
HIDDEN_PLATE = "[plat]"
HIDDEN_EMAIL = "[email]"
HIDDEN_PLACE = "[koordinat]"
_STAND_INS = {
    HIDDEN_NUMBER: "0000000000000000",
    HIDDEN_PLATE: "G 0000 XX",
    HIDDEN_EMAIL: "nama@contoh.id",
    HIDDEN_PLACE: "-6.0000, 109.0000",
}


Hide = Callable[[str, str], str]
"""(mark, what stood there) → what stands there now."""


def mask(text: str) -> str:
    """The text with personal numbers hidden. Masking a masked text changes nothing."""
    return _masked(text, lambda mark, _: mark)


def hidden(text: str) -> list[str]:
    """What `mask` hides of a text, each once: for officers who are shown it on purpose."""
    found: dict[str, None] = {}

    def note(mark: str, words: str) -> str:
        if words != mark:
            found[" ".join(words.split())] = None
        return mark

    _masked(text, note)
    return list(found)


def _masked(text: str, hide: Hide) -> str:
    text = "".join(_plain_digit(character) for character in text)
    text = _EMAIL.sub(lambda found: hide(HIDDEN_EMAIL, found.group()), text)
    text = _COORDINATES.sub(lambda found: hide(HIDDEN_PLACE, found.group()), text)

    def number(found: re.Match[str]) -> str:
        return hide(HIDDEN_NUMBER, found.group())

    text = _PHONE.sub(number, _SIXTEEN.sub(number, text))
    text = _SPOKEN.sub(number, _outside_money(text, number))
    return _PLATE.sub(
        lambda found: hide(HIDDEN_PLATE, found.group()) if _hide_plate(found) == HIDDEN_PLATE else found.group(), text
    )


def plates(text: str) -> list[tuple[int, int]]:
    """Where vehicle plates stand in a text: what `mask` hides as `[plat]`."""
    return [found.span() for found in _PLATE.finditer(text) if _hide_plate(found) == HIDDEN_PLATE]


def with_stand_ins(text: str) -> str:
    """A masked text with nobody's numbers in place of the marks, so that it is read as the real one was."""
    for mark, number in _STAND_INS.items():
        text = text.replace(mark, number)
    return text


def _outside_money(text: str, number: Callable[[re.Match[str]], str]) -> str:
    parts: list[str] = []
    end = 0
    for amount in _MONEY.finditer(text):
        parts.append(_hide_numbers(text[end : amount.start()], number))
        parts.append(amount.group())
        end = amount.end()
    parts.append(_hide_numbers(text[end:], number))
    return "".join(parts)


def _hide_numbers(text: str, number: Callable[[re.Match[str]], str]) -> str:
    return _LANDLINE.sub(number, _LONG.sub(number, text))


def _hide_plate(found: re.Match[str]) -> str:
    letters = re.sub(r"[^A-Za-z]", " ", found.group()).split()
    if letters[-1].lower() in _NOT_A_PLATE_END and len(letters) > 1 and not letters[0].isupper():
        return found.group()
    return HIDDEN_PLATE


def _plain_digit(character: str) -> str:
    """Full-width and other scripts' digits as 0-9, invisible characters gone: neither hides a number from us."""
    if character.isascii():
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None and unicodedata.category(character) == "Nd":
        return str(digit)
    return "" if unicodedata.category(character) == "Cf" else character
