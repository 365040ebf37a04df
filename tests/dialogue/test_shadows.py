"""The lint names what takes an example before the matcher is asked: where it stands, and what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.dialogue.engine import Engine
from bot.dialogue.joints import Joints
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
intents:
  - name: perahu_sewa
    title: Menyewa perahu
    states_facts: false
    aliases: [pinjam perahu]
    examples:
      - sewa perahu di pantai
      - mau pinjam kapal nelayan
      - perahu sewaan
    answers:
      - text: Tanya di dermaga.
  - name: perahu_beli
    title: Membeli perahu
    states_facts: false
    examples:
      - beli perahu bekas
      - harga beli kapal baru
      - toko jual perahu
    steps:
      - choose:
          text: Untuk apa?
          options:
            - {label: Memancing, words: [mancing, ikan], goto: galangan}
            - {label: Wisata, words: [jalan], goto: galangan}
      - {label: galangan, say: galangan}
    answers:
      - {name: galangan, text: Tanya di galangan.}
"""
POLICY = """\
version: 1
words:
  bocor: [bocor, tenggelam]
rules:
  - reason: karam
    outcome: emergency
    when:
      - all: [["@bocor"]]
        unless: [cara]
    text: Telepon 110.
  - reason: mesin
    outcome: blocked
    examples: [mesin tempel rusak, servis mesin tempel, oli mesin tempel]
    text: Maaf.
"""
LAST = "      - toko jual perahu"


def _found(tmp_path: Path, *edits: tuple[str, str, str]) -> list[str]:
    folder = tmp_path / "flows"
    folder.mkdir()
    texts = {name: (SHIPPED / name).read_text() for name in ("lexicon.yaml", "phrases.yaml", "local.yaml")}
    texts |= {"perahu.yaml": PERAHU, "policy.yaml": POLICY}
    for name, old, new in edits:
        assert old in texts[name]
        texts[name] = texts[name].replace(old, new, 1)
    for name, text in texts.items():
        (folder / name).write_text(text)
    problems = lint(Engine(load_flows(folder)), NOW)
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return [f"{problem.file.name}:{problem.line}: {problem.message}" for problem in problems]


def test_content_in_which_nothing_shadows_anything_is_not_warned_of(tmp_path: Path) -> None:
    assert _found(tmp_path) == []


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            ("perahu.yaml", LAST, "      - perahu bocor"),
            "perahu.yaml:22: 'perahu bocor' (perahu_beli): rule 'karam' (policy.yaml:5) decides it first, for it holds "
            "'bocor': put a word that tells the two apart under the rule's 'unless'",
        ),
        (
            ("policy.yaml", "[mesin tempel rusak, servis mesin tempel", "[beli perahu bekas, mau beli perahu bekas"),
            "perahu.yaml:20: 'beli perahu bekas' (perahu_beli): it is likest to the examples of rule 'mesin' "
            "(policy.yaml:11)",
        ),
        (
            ("perahu.yaml", "aliases: [pinjam perahu]", "aliases: [pinjam perahu, batalkan]"),
            "perahu.yaml:9: 'batalkan' (perahu_sewa): the command 'cancel' (phrases.yaml:",
        ),
        (
            ("perahu.yaml", LAST, "      - harga beli perahu bekas terus syarat sewa perahu di pantai"),
            "it is read as two questions, perahu_beli and perahu_sewa",
        ),
        (
            ("perahu.yaml", LAST, "      - maksud saya beli perahu bekas"),
            "perahu.yaml:22: 'maksud saya beli perahu bekas' (perahu_beli): after another question it is read as a "
            "correction of it",
        ),
        (
            ("perahu.yaml", "words: [mancing, ikan]", "words: [mancing, ikan bocor]"),
            "perahu.yaml:27: option 'Memancing' cannot be chosen by 'ikan bocor': rule 'karam' (policy.yaml:5)",
        ),
        (
            ("perahu.yaml", "words: [jalan]", "words: [stop]"),
            "option 'Wisata' cannot be chosen by 'stop': the command 'cancel' (phrases.yaml:",
        ),
        (
            ("perahu.yaml", "words: [jalan]", "words: [ikan]"),
            "option 'Wisata' cannot be chosen by 'ikan': another option has the same words",
        ),
        (
            ("perahu.yaml", "words: [jalan]", "words: [nomor satu]"),
            "'nomor satu' of option 'Wisata' chooses 'Memancing'",
        ),
        (
            (
                "policy.yaml",
                "  - reason: mesin\n    outcome: blocked\n    examples: [mesin tempel rusak",
                "    examples: [mesin tempel bocor parah]\n"
                "  - reason: mesin\n    outcome: blocked\n    examples: [mesin tempel bocor",
            ),
            "policy.yaml:14: 'mesin tempel bocor' (rule mesin): rule 'karam' (policy.yaml:5) decides it first",
        ),
        (
            ("policy.yaml", "oli mesin tempel]", "pinjam perahu]"),
            "policy.yaml:13: 'pinjam perahu' (rule mesin) is taken for answer perahu_sewa",
        ),
        (("policy.yaml", "oli mesin tempel]", "ga jadi]"), "the command 'cancel' (phrases.yaml:"),
        (
            ("policy.yaml", "bocor: [bocor", "bocor: [nek, bocor"),
            "policy.yaml:3: 'nek' would be found wherever 'kalau' stands: lexicon.yaml:",
        ),
    ],
)
def test_each_kind_of_shadow_is_told_with_its_line(tmp_path: Path, edit: tuple[str, str, str], told: str) -> None:
    found = _found(tmp_path, edit)
    assert any(told in text for text in found), found


def test_a_rule_that_lets_the_example_by_is_not_warned_of(tmp_path: Path) -> None:
    assert _found(tmp_path, ("perahu.yaml", LAST, "      - cara tambal perahu bocor")) == []


def test_words_that_join_questions_do_not_cut_phrases_in_two() -> None:
    joints = Joints(["lalu", "sama", "dan juga"], ["lalu lintas", "tahun lalu", "lalu", "jalan"])
    parts = [part.strip() for part in joints.split("Kecelakaan Lalu Lintas tahun lalu, lalu biayanya sama syaratnya")]
    assert parts == ["Kecelakaan Lalu Lintas tahun lalu,", "biayanya", "syaratnya"]
    assert list(joints.split("sesama")) == ["sesama"]
    assert list(Joints([], ["lalu lintas"]).split("a lalu b")) == ["a lalu b"]
