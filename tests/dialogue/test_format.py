"""The format of flows: every version that ever was still loads, a newer one is refused, the schema is current."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.dialogue.engine import Engine
from bot.dialogue.format import CURRENT, MIGRATIONS, Migration, up_to_date
from bot.dialogue.lint import lint
from bot.dialogue.loader import load_flows
from bot.dialogue.localfile import LocalFile
from bot.dialogue.model import Ask, FlowFile, LexiconFile, Part, PolicyFile, Step
from bot.dialogue.schema import KINDS as KINDS_OF_SCHEMA
from bot.dialogue.schema import schema
from bot.dialogue.trial import run_examples, run_talks
from bot.problem import ContentError
from bot.yamlfile import read, validate

ROOT = Path(__file__).parents[2]
FORMATS = Path(__file__).with_name("formats")
PAGE = (ROOT / "docs" / "flow.md").read_text()
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KINDS: dict[str, type[Part]] = {"policy.yaml": PolicyFile, "lexicon.yaml": LexiconFile, "local.yaml": LocalFile}


@pytest.mark.parametrize("version", range(1, CURRENT + 1))
def test_files_of_every_version_there_ever_was_still_load(version: int) -> None:
    files = sorted((FORMATS / f"v{version}").glob("*.yaml"))
    assert {*KINDS, "perahu.yaml"} <= {file.name for file in files}
    for file in files:
        document = read(file)
        assert document.data["version"] == version
        value = validate(up_to_date(document), KINDS.get(file.name, FlowFile))
        assert value.version == CURRENT  # type: ignore[attr-defined]


def test_there_is_one_named_migration_for_each_older_version() -> None:
    assert [migration.since for migration in MIGRATIONS] == list(range(1, CURRENT))
    assert len({migration.name for migration in MIGRATIONS}) == len(MIGRATIONS)


def test_migrations_run_in_order_and_lines_stay_those_of_the_file(tmp_path: Path) -> None:
    def renamed(name: str, data: dict[str, Any]) -> dict[str, Any]:
        data["title"] = data.pop("name") + f" ({name})"
        return data

    def wrapped(_: str, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "intents": [{"title": data["title"]}]}

    steps = (Migration("name_is_title", 1, renamed), Migration("intents_are_a_list", 2, wrapped))
    path = tmp_path / "a.yaml"
    path.write_text("# lama\nversion: 1\nname: Perahu\n")
    before = read(path)
    after = up_to_date(before, steps, 3)
    assert after.data == {"version": 3, "title": "Perahu (a.yaml)", "intents": [{"title": "Perahu (a.yaml)"}]}
    assert after.line(("version",)) == 2
    assert before.data == {"version": 1, "name": "Perahu"}, "the file as read is left alone"
    path.write_text("version: 2\ntitle: Kapal\n")
    assert up_to_date(read(path), steps, 3).data["intents"] == [{"title": "Kapal"}]


@pytest.mark.parametrize(
    ("version", "told"),
    [(str(CURRENT + 1), "update Kentongan"), ("0", "never a version 0"), ("-3", "never a version -3")],
)
def test_a_version_that_is_not_known_is_refused_with_its_line(tmp_path: Path, version: str, told: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"# baru\nversion: {version}\n")
    with pytest.raises(ContentError, match=rf"a\.yaml:2: .*{told}"):
        up_to_date(read(path))


def test_a_newer_file_beside_the_others_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", folder)
    path = folder / "skck.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: 99"))
    with pytest.raises(ContentError, match=r"skck\.yaml:\d+: version 99 is newer"):
        load_flows(folder)


@pytest.mark.parametrize("text", ["version: true\n", "version: satu\n", "flow: x\n", "- 1\n", ""])
def test_what_is_no_version_is_left_to_the_model(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert up_to_date(read(path)).data == read(path).data


@pytest.mark.parametrize("kind", KINDS_OF_SCHEMA)
def test_the_schemas_that_editors_use_are_current(kind: str) -> None:
    """Renew them with: python -m bot.dialogue.schema docs"""
    text = (ROOT / "docs" / f"{kind}.schema.json").read_text()
    assert text == schema(kind)
    made = json.loads(text)
    assert set(made["properties"]) == set(KINDS_OF_SCHEMA[kind][0].model_fields)
    assert made["additionalProperties"] is False
    assert f"`{kind}.schema.json`" in PAGE


def test_what_the_models_say_of_their_fields_stands_in_the_schemas() -> None:
    made = json.loads(schema())
    assert made["$defs"]["Intent"]["properties"]["examples"]["description"].startswith("As people write them")
    rule = json.loads(schema("policy"))["$defs"]["Rule"]["properties"]
    assert rule["outcome"] == {"$ref": "#/$defs/RuleOutcome"}
    assert "operations room" in rule["private"]["description"]


@pytest.mark.parametrize("kind", ["phrases", "lexicon"])
def test_every_key_of_the_files_around_the_flows_is_explained(kind: str) -> None:
    explained = {
        name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert set(KINDS_OF_SCHEMA[kind][0].model_fields) - {"version"} <= explained


def test_the_examples_of_the_page_for_officers_work_as_it_says(tmp_path: Path) -> None:
    blocks = dict(re.findall(r"```yaml\n# (flows/\S+)\n(.*?)```", PAGE, re.DOTALL))
    names = ["perahu", "aturan", "tests/perahu", "examples/perahu", "languages/jawa", "law", "policy", "local"]
    assert set(blocks) == {f"flows/{name}.yaml" for name in names}
    folder = tmp_path / "flows"
    for name, text in blocks.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("lexicon.yaml", "phrases.yaml"):
        shutil.copy(ROOT / "flows" / name, folder / name)
    engine = Engine(load_flows(folder))
    trials = [*run_talks(engine, folder, NOW), *run_examples(engine, NOW)]
    assert len(trials) == 5
    assert [str(problem) for trial in trials for problem in trial.problems] == []
    assert [str(problem) for problem in lint(engine, NOW)] == []
    for text in ("pasal 12", "pasal 9 lama", "hukuman merusak dermaga"):
        reply = engine.step(None, text, NOW).reply
        assert "**Pasal 12 ayat (1) Perda 1/2020: merusak dermaga** (dulu pasal 9 Perda 3/1999)" in reply
        assert "denda kategori II (Rp10 juta)" in reply
        assert "Kalau ada yang terluka: penjara 1 tahun" in reply
    assert "Sebutkan nomor pasal" in engine.step(None, "hukuman melepas tali", NOW).reply
    assert engine.step(None, "tolong perahu karam", NOW).reason == "perahu_karam"
    assert engine.step(None, "cuaca besok bagaimana", NOW).reason == "cuaca"
    assert engine.flows.local["loket_jam"].value
    assert len(engine.flows.officer_hours) == 1


def test_every_step_and_every_type_of_answer_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*", PAGE, re.MULTILINE)
    assert set(Step.model_fields) - {"label"} <= set(rows)
    asked = next(line for line in PAGE.splitlines() if line.startswith("| `ask` |"))
    for kind in get_args(Ask.model_fields["type"].annotation):
        assert f"`{kind}`" in asked or f"`type: {kind}`" in asked
    for limit in ("minimum", "maximum", "retry"):
        assert f"`{limit}`" in asked
