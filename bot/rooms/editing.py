"""Changes to instansi.yaml that leave the rest of the file as its author wrote it, comments and all. Text in, text out.

Written through ruamel.yaml, which keeps comments where they stand, but takes one that stands above an entry for a part
of the entry before. So an entry is taken out by its lines; only a file in another style (all on one line) goes through
the library for that, too.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import yaml
from ruamel.yaml import YAML

SECTION = "agencies"
_LISTS = ("servers", "liaisons", "channels")


def with_agency(text: str, key: str, values: Mapping[str, Any]) -> str:
    """The file with an agency added, or with these values added to the one that is there; lists grow."""
    parser = _parser()
    document = parser.load(text) or parser.map()
    if not document.get(SECTION):
        document[SECTION] = parser.map()
    entry = document[SECTION].setdefault(key, parser.map())
    for name, value in values.items():
        if name in _LISTS:
            there = entry.setdefault(name, _inline(parser))
            there.extend(one for one in value if one not in there)
        else:
            entry[name] = value
    return _dumped(parser, document)


def without_agency(text: str, key: str) -> str:
    """The file without an agency. Raises KeyError when it is not there."""
    wanted = yaml.safe_load(text)
    del wanted[SECTION][key]
    if not wanted[SECTION]:  # an empty block would read as nothing at all
        parser = _parser()
        document = parser.load(text)
        empty = parser.map()
        empty.fa.set_flow_style()
        document[SECTION] = empty
        return _dumped(parser, document)
    cut = _cut(text, key)
    try:
        if yaml.safe_load(cut) == wanted:
            return cut
    except yaml.YAMLError:
        pass
    parser = _parser()
    document = parser.load(text)
    del document[SECTION][key]
    return _dumped(parser, document)


def _cut(text: str, key: str) -> str:
    """Without the lines from the entry's key to the last that is its own; what is said above the next one stays."""
    lines = text.splitlines(keepends=True)
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    section = next(value for name, value in root.value if name.value == SECTION)
    name, entry = next((name, entry) for name, entry in section.value if name.value == key)
    first, last = name.start_mark.line, max(entry.end_mark.line, name.start_mark.line + 1)
    while last - 1 > first and _aside(lines[last - 1], name.start_mark.column):
        last -= 1
    return "".join([*lines[:first], *lines[last:]])


def _aside(line: str, column: int) -> bool:
    """Whether a line after an entry is not the entry's: blank, or a comment that stands no further in than its key."""
    said = line.strip()
    return not said or (said.startswith("#") and len(line) - len(line.lstrip()) <= column)


def _parser() -> YAML:
    parser = YAML(typ="rt")
    parser.preserve_quotes = True
    parser.width = 4096
    parser.indent(mapping=2, sequence=4, offset=2)
    return parser


def _inline(parser: YAML) -> Any:
    made: Any = parser.seq()
    made.fa.set_flow_style()
    return made


def _dumped(parser: YAML, document: Any) -> str:
    stream = io.StringIO()
    parser.dump(document, stream)
    return stream.getvalue()
