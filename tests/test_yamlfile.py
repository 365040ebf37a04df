from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from bot.problem import ContentError
from bot.yamlfile import read, validate


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = Field(default=1, ge=1)


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    day: dt.date | None = None
    items: list[Item] = []
    by_name: dict[str, Item] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "content.yaml"


def told(file: Path, text: str | bytes) -> list[str]:
    """Every mistake as `line: message`."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContentError) as refused:
        validate(read(file), Whole)
    assert all(problem.file == file for problem in refused.value.problems)
    return [f"{problem.line}: {problem.message}" for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("title: a\nunknown: b\n", ["2: unknown key 'unknown'"]),
        ("items:\n  - name: a\n    sise: 2\n", ["3: unknown key 'items.0.sise'"]),
        ("items:\n  - size: 2\n", ["2: missing key 'items.0.name'"]),
        ("items:\n\n\n  - {name: a, size: 0}\n", ["4: items.0.size: Input should be greater than or equal to 1"]),
        ("by_name:\n  x:\n    name: a\n  y:\n    name: []\n", ["5: by_name.y.name: Input should be a valid string"]),
        ("title: a\nitems: 5\n", ["2: items: Input should be a valid list"]),
        ("title: a\n\ntitle: b\n", ["3: key 'title' is written twice"]),
        ("items:\n  - name: a\n    size: 1\n    name: b\n", ["4: key 'name' is written twice"]),
        ("title: ya\nitems: [\n", ["3: not valid YAML"]),
        ("title: a\n\tx: b\n", ["2: not valid YAML"]),
        ("title: a\n---\ntitle: b\n", ["2: not valid YAML"]),
        ("? [a, b]\n: c\n", ["1: a key must be a plain word"]),
        ("- a\n- b\n", ["1: file: Input should be a valid dictionary or instance of Whole"]),
        ("title: &x a\nday: *y\n", ["2: not valid YAML"]),
        (
            "title: no\n",
            ["1: title: Input should be a valid string; YAML reads this as something else: put it in quotes"],
        ),
        (
            "title: 12\nday: 2026-01-01\n",
            ["1: title: Input should be a valid string; YAML reads this as something else: put it in quotes"],
        ),
        ("day:\n\nno: x\n", ["3: YAML reads the key 'no' as a truth value or nothing: put it in quotes"]),
    ],
)
def test_a_mistake_is_told_with_its_line(file: Path, text: str, problems: list[str]) -> None:
    assert [re.sub("(not valid YAML).*", r"\1", problem) for problem in told(file, text)] == problems


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("title: a\nday: 2026-02-30\n", "2: no such date: 2026-02-30"),
        ("title: !!python/object/apply:os.system [echo]\n", "1: "),
        ("title: a\nday: !!int x\n", "2: not a possible value: "),
        ("title: a\nday: !!python/name:os.system x\n", "2: not a possible value: could not determine a constructor"),
        ("title: a\nitems: &loop [*loop]\n", "2: this value contains itself"),
        ("title: a\nitems:\n  <<: 5\n", "3: not valid YAML"),
        ("title: a\nitems: !!omap 5\n", "2: not "),
        (b"title: \xff\xfe\n", "0: cannot be read: "),
        (b"title: a\x07b\n", "0: not valid YAML: "),
        ("items: " + "[" * 3000 + "]" * 3000, "0: n"),
    ],
)
def test_what_yaml_cannot_hold_is_told_too(file: Path, text: str | bytes, start: str) -> None:
    (problem,) = told(file, text)
    assert problem.startswith(start)


def test_several_mistakes_are_told_at_once(file: Path) -> None:
    text = "titel: a\nitems:\n  - name: a\n    size: x\n  - {}\n"
    assert [problem.split(":")[0] for problem in told(file, text)] == ["4", "5", "1"]


def test_aliases_that_multiply_without_end_are_refused_at_once(file: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert told(file, "\n".join(rows)) == ["0: too large once its aliases (*name) are written out"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"nothing\.yaml:0: file not found"):
        read(tmp_path / "nothing.yaml")
    with pytest.raises(ContentError, match="cannot be read"):
        read(tmp_path)


def test_an_empty_file_holds_the_defaults(file: Path) -> None:
    for text in ("", "# only a comment\n", "---\n"):
        file.write_text(text)
        assert validate(read(file), Whole) == Whole()


def test_a_byte_order_mark_is_no_mistake(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbftitle: a\n")
    assert validate(read(file), Whole).title == "a"


def test_an_anchor_used_twice_is_fine(file: Path) -> None:
    file.write_text("by_name:\n  x: &one {name: a}\n  y: *one\n  z:\n    <<: *one\n    size: 3\n")
    whole = validate(read(file), Whole)
    assert [item.size for item in whole.by_name.values()] == [1, 1, 3]


def test_a_place_the_file_does_not_have_is_told_at_what_encloses_it(file: Path) -> None:
    file.write_text("title: a\nitems:\n  - name: a\n")
    document = read(file)
    assert document.line(("items", 0, "size")) == 3
    assert document.line(("items", 7)) == 2
    assert document.line(("elsewhere", "deep")) == 1
    assert str(document.problem(("items",), "words")) == f"{file}:2: words"


NAMES = st.text("abcdefghijxyz", min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        NAMES,
        st.recursive(
            st.integers() | NAMES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
        ),
        max_size=4,
    )
)
def test_every_key_of_a_written_file_is_found_on_its_own_line(tmp_path: Path, data: dict[str, object]) -> None:
    file = tmp_path / "any.yaml"
    text = yaml.safe_dump(data, default_flow_style=False)
    file.write_text(text)
    document = read(file)
    assert document.data == data
    for name in data:
        assert text.splitlines()[document.line((name,)) - 1].lstrip("'\"").startswith(name)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused_with_a_problem(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    refused = None
    try:
        read(file)
    except ContentError as error:
        refused = error
    assert refused is None or refused.problems
