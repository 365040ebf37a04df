"""Pages are whole: links lead somewhere, tables render, every dependency and make target is explained.

As in `test_docs.py`, each check is a function that a bad sample shows to work.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README, DEVELOPER, DEPENDENCIES = ROOT / "README.md", ROOT / "docs/developer.md", ROOT / "docs/dependencies.md"
PAGES = [README, ROOT / "bench/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<mark>```+|~~~+)[^\n]*\n(?P<body>.*?)^(?P=mark)\s*$", re.MULTILINE | re.DOTALL)


def page_ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_fences(text: str) -> str:
    return FENCE.sub("", text)


def dependency_problems(project: dict[str, Any], page: str) -> list[str]:
    """Each direct dependency has a row of its own, and each row is one."""
    table = project["project"]
    wanted = [*table["dependencies"], *project.get("build-system", {}).get("requires", [])]
    for extra in table.get("optional-dependencies", {}).values():
        wanted += extra
    names = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in wanted}  # type: ignore[index]
    rows = {name.lower() for name in re.findall(r"^\| `([\w.-]+)`", page, re.MULTILINE)}
    packs = {name for name in rows if "whisper" in name and name != "faster-whisper"}
    return [f"{name} is missing" for name in sorted(names - rows)] + [
        f"{name} is no dependency" for name in sorted(rows - names - packs)
    ]


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", without_fences(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def link_problems(page: Path) -> list[str]:
    """Relative links that lead nowhere."""
    problems = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / PurePosixPath(path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            problems.append(target)
    return problems


def contents_problems(text: str) -> list[str]:
    """Sections that a page's contents leave out; a page without contents has none to leave out."""
    text = without_fences(text)
    listed = re.findall(r"^(?:-|\d+\.) \[.+\]\(#(.+)\)$", text.partition("\n## ")[0], re.MULTILINE)
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return [one for one in sections if listed and not anchors(f"# {one}") <= set(listed)]


def table_problems(text: str) -> list[str]:
    """Rows of a table that have another number of cells than its head: renderers cut or pad them."""
    problems, width = [], 0
    for line in without_fences(text).splitlines():
        cells = len(re.split(r"(?<!\\)\|", line.strip())) if line.startswith("|") else 0
        if cells and width and cells != width:
            problems.append(line)
        width = cells if not (cells and width) else width
    return problems


def target_problems(makefile: str, pages: Iterable[str]) -> list[str]:
    """Targets that no page names, and targets named that are none."""
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    code = "\n".join(re.findall(r"`([^`]+)`", "\n".join(pages).replace("```", "`")))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?!=)", code))
    return [f"{name} is not named" for name in sorted(targets - named)] + [
        f"{name} is no target" for name in sorted(named - targets)
    ]


def test_every_direct_dependency_is_explained() -> None:
    assert dependency_problems(tomllib.loads((ROOT / "pyproject.toml").read_text()), DEPENDENCIES.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_links_lead_somewhere_and_tables_and_contents_are_whole(page: Path) -> None:
    assert link_problems(page) == []
    assert table_problems(page.read_text()) == []
    assert contents_problems(page.read_text()) == []


def test_every_make_target_is_named() -> None:
    assert target_problems((ROOT / "Makefile").read_text(), [README.read_text(), DEVELOPER.read_text()]) == []


def test_gaps_in_dependencies_links_tables_and_targets_are_found(tmp_path: Path) -> None:
    project = {"project": {"dependencies": ["Alpha>=1"], "optional-dependencies": {"dev": ["beta[x]==2"]}}}
    assert dependency_problems(project, "| `alpha` | why |\n") == ["beta is missing"]
    assert dependency_problems(project, "| `alpha` |\n| `beta` |\n| `gamma` |\n") == ["gamma is no dependency"]
    page = tmp_path / "page.md"
    page.write_text("# A title\n[x](other.md) [y](#a-title) [z](#gone) [w](https://example.org/)\n")
    assert link_problems(page) == ["other.md", "#gone"]
    assert contents_problems("- [A](#a)\n\n## A\n\n## B\n") == ["B"]
    assert contents_problems("- [A](other.md)\n\n## A\n") == []
    assert table_problems("| a | b |\n|---|---|\n| 1 | 2 |\n| 1 \\| 2 | 3 |\n") == []
    assert table_problems("| a | b |\n|---|---|\n| 1 |\n") == ["| 1 |"]
    assert target_problems("lint: x\ntest: lint\n", ["```sh\nmake test\n```", "`make all`"]) == [
        "lint is not named",
        "all is no target",
    ]
