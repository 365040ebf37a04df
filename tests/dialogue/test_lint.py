"""The lint finds what is wrong with working content, where it is, and nothing in content that is right.

What it says of the shipped flows is asked in tests/cli/test_check.py, where all of them are judged anyway.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.dialogue.engine import Engine
from bot.dialogue.lint import lint
from bot.dialogue.loader import load_flows
from bot.problem import Severity

SHIPPED = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PERAHU = """\
version: 1
flow: perahu
title: Perahu
nouns: [[perahu, kapal]]
verified_on: 2026-11-22
review_by: 2027-05-22
sources:
  uu: {title: UU 1/2000}
entities:
  ukuran:
    - {value: kecil, words: [kecil]}
    - {value: besar, words: [besar, gede]}
intents:
  - name: perahu_sewa
    title: Menyewa perahu
    aliases: [pinjam perahu, bagaimana perahu]
    examples:
      - sewa perahu di pantai
      - mau pinjam kapal nelayan
      - perahu sewaan
    negatives:
      - perahu kertas
    answers:
      - text: Tanya di dermaga.
      - when: [ukuran]
        text: Tergantung ukuran.
  - name: perahu_beli
    title: Membeli perahu
    examples:
      - beli perahu bekas
      - harga beli kapal baru
      - toko jual perahu
    answers:
      - text: Tanya di galangan.
"""


def _found(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name in ("lexicon.yaml", "phrases.yaml", "local.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
    text = PERAHU
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "perahu.yaml").write_text(text)
    problems = lint(Engine(load_flows(folder)), NOW)
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_content_that_is_right_is_not_warned_of(tmp_path: Path) -> None:
    assert _found(tmp_path) == []


LAST = "      - toko jual perahu"
BUYING = "    examples:\n      - beli"
ANSWERS = "    answers:\n      - text: Tanya di galangan."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (LAST, "      - di pantai sewa perahu", "32: 'di pantai sewa perahu' has the same words"),
        (LAST, "      - di pantai sewa perahu", "one of perahu_sewa (perahu.yaml:18)"),
        (LAST, "      - Beli perahu kertas!\n      - perahu kertas", "'perahu kertas' has the same"),
        (BUYING, "    aliases: [gmn perahu]\n    examples:\n      - beli", "alias 'gmn perahu' is read like one of"),
        (LAST, "      - Pinjam perahu?", "'Pinjam perahu?' (perahu_beli) is taken for answer perahu_sewa"),
        (LAST, "      - '🙏🙏'", "32: '🙏🙏' holds no word that is read"),
        ("- when: [ukuran]", "- when: [ukuran=kecil, ukuran=besar]", "never 'kecil' and 'besar' at once"),
        ("words: [besar, gede]", "words: [besar, Kecil]", "'Kecil' is read like a word of 'kecil', which wins"),
        (
            ANSWERS,
            f"    steps: [{{say: galangan}}]\n{ANSWERS}\n      - {{name: galangan, text: Di galangan.}}",
            "the steps are taken instead",
        ),
        (
            "        text: Tergantung ukuran.",
            "        text: Tergantung.\n      - when: [ukuran, ukuran]\n        text: Lagi.",
            "can never be reached: answer 2 asks for no more",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    found = _found(tmp_path, (old, new))
    assert any(told in text for text in found), found
