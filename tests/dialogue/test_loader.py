"""Every mistake an author can make is named with file and line, and with what to do."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.dialogue.evidence import evidence
from bot.dialogue.loader import load_flows
from bot.problem import ContentError, Severity

SHIPPED = Path(__file__).parents[2] / "flows"
MINIMAL = """\
version: 1
flow: uji
title: Uji
nouns: [[uji]]
verified_on: 2026-11-22
review_by: 2027-05-22
sources:
  uu: {title: UU 1/2000}
entities:
  warna:
    - {value: merah, words: [merah], fields: {kode: m}}
    - {value: biru, words: [biru], fields: {kode: b}}
intents:
  - name: uji_satu
    title: Uji satu
    examples: [uji satu, uji dua, uji tiga]
    answers:
      - text: Jawaban.
      - when: [warna]
        text: "Warna {warna.kode}."
"""


def _folder(tmp_path: Path, flow: str) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir(exist_ok=True)
    for name in ("lexicon.yaml", "phrases.yaml", "local.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
    (folder / "uji.yaml").write_text(flow)
    return folder


def test_a_small_flow_loads(tmp_path: Path) -> None:
    flows = load_flows(_folder(tmp_path, MINIMAL))
    assert list(flows.services) == ["uji_satu"]
    assert flows.warnings(date(2026, 11, 22)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version: 1", "version: 2", 1, "version"),
        ("title: Uji\n", "tittle: Uji\n", 3, "unknown key 'tittle'"),
        ("    title: Uji satu\n", "", 14, "missing key 'intents.0.title'"),
        ("examples: [uji satu, uji dua, uji tiga]", "examples: [uji]", 16, "at least 3"),
        ("      - text: Jawaban.\n", "", 17, "no answer to the bare question"),
        ("- when: [warna]", "- when: [wrna]", 19, "neither a facet of lexicon.yaml nor an entity"),
        ("- when: [warna]", "- when: [warna=hijau]", 19, "has no value 'hijau'"),
        ("- when: [warna]", "- when: [biaya]", 20, "needs 'warna' in this answer's 'when'"),
        ("{warna.kode}", "{warna.nama}", 20, "no such field in merah, biru"),
        ("{warna.kode}", "{local.entah}", 20, "no such fact in local.yaml"),
        ("text: Jawaban.", "text: Jawaban.\n        sources: [kuhp]", 19, "source 'kuhp' is not listed"),
        ("text: Jawaban.", "text: Jawaban.\n        sources: []", 18, "has no source"),
        ("review_by: 2027-05-22\n", "", 17, "needs verified_on and review_by"),
        ("review_by: 2027-05-22", "review_by: 2026-01-01", 18, "must be later"),
        ("title: Uji\n", "title: Uji\ntitle: Lagi\n", 4, "written twice"),
        ("    answers:", "    steps: [{goto: entah}]\n    answers:", 17, "no such label in uji_satu, no such intent"),
        ("    answers:", "    steps: [{say: entah}]\n    answers:", 17, "no answer of uji_satu is named 'entah'"),
        ("    answers:", "    steps: [{label: a, goto: a}]\n    answers:", 17, "leads back to itself"),
        ("    answers:", "    steps: [{goto: uji_satu}]\n    answers:", 17, "leads back to itself"),
        ("    answers:", "    steps: [{say: a, goto: b}]\n    answers:", 17, "exactly one of"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in MINIMAL
    folder = _folder(tmp_path, MINIMAL.replace(old, new, 1))
    with pytest.raises(ContentError) as caught:
        load_flows(folder)
    told = [(problem.line, problem.message) for problem in caught.value.problems if problem.file.name == "uji.yaml"]
    assert any(message in text for _, text in told), told
    assert any(abs(number - line) <= 1 and message in text for number, text in told), told


def test_an_intent_named_twice_names_both_files(tmp_path: Path) -> None:
    folder = _folder(tmp_path, MINIMAL)
    (folder / "zwei.yaml").write_text(MINIMAL.replace("flow: uji", "flow: zwei").replace("  warna:", "  rupa:"))
    with pytest.raises(ContentError, match=r"zwei\.yaml:14: intent 'uji_satu' is defined twice \(first in uji\.yaml\)"):
        load_flows(folder)


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="holds no flow"):
        load_flows(tmp_path)


def test_an_overdue_answer_is_a_warning_with_its_place() -> None:
    flows = load_flows(SHIPPED)
    due = [problem for problem in flows.warnings(date(2030, 1, 1)) if "reviewed by" in problem.message]
    assert due
    assert all(problem.severity is Severity.WARNING and problem.line > 1 for problem in due)
    assert not [problem for problem in flows.warnings(date(2026, 11, 23)) if "reviewed by" in problem.message]


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    folder = _folder(tmp_path, MINIMAL)
    before = load_flows(folder).digest
    (folder / "phrases.yaml").write_text((folder / "phrases.yaml").read_text() + "\n# catatan\n")
    assert load_flows(folder).digest != before


def test_every_shipped_fact_has_a_source_and_dates() -> None:
    flows = load_flows(SHIPPED)
    for service in flows.services.values():
        for answer in service.intent.answers:
            if service.intent.states_facts:
                assert evidence(flows, service, answer), service.name
                assert service.verified_on(answer) == date(2026, 11, 22)
                assert len(answer.text) < 900, f"{service.name}: too long for a phone"
