"""Every mistake that a file can hold is told with its line."""

from __future__ import annotations

import pytest

from bot.problem import ContentError
from bot.yamlfile import read


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2026-02-30\n", 2, "no such date: 2026-02-30"),
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is written twice"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "found unhashable key"),
        ("a: !!python/object:os.system x\n", 1, "could not determine a constructor"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, line, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ContentError) as caught:
        read(path)
    problem = caught.value.problems[0]
    assert problem.line == line
    assert message in problem.message


def test_a_real_date_is_a_date(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 2026-02-28\n")
    assert str(read(path).data["a"]) == "2026-02-28"
