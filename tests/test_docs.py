"""The documentation names every configuration key, command and option there is, and none that there is not.

Each check is a function from texts to the problems it finds, so that a bad sample can show that it finds them.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
import yaml
from pydantic import BaseModel

from bot import metrics
from bot.app import DRAIN_SECONDS
from bot.cli import app, exits
from bot.config import Config
from bot.rooms.agencies import AgencyEntry
from bot.rooms.drift import FIELDS
from bot.rooms.model import Repair, RoomEntry, RoomsFile

ROOT = Path(__file__).parents[1]
OPERATOR, COMMANDS = ROOT / "docs/operator.md", ROOT / "docs/perintah.md"
PAGES = [ROOT / "README.md", ROOT / "bench/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<mark>```+|~~~+)[^\n]*\n(?P<body>.*?)^(?P=mark)\s*$", re.MULTILINE | re.DOTALL)


def page_ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_fences(text: str) -> str:
    return FENCE.sub("", text)


# Configuration


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, default) of every key of a configuration that holds a value."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, ... if field.is_required() else field.default


def shown(value: Any) -> str:
    """A default as the table writes it, the YAML way."""
    if value is ...:
        return "wajib"
    plain = str(value) if isinstance(value, Path) else value
    return yaml.safe_dump(plain, default_flow_style=True).removesuffix("\n...\n").strip()


def key_problems(model: type[BaseModel], page: str) -> list[str]:
    """Each key needs a row `| `key` | default | meaning |`."""
    problems = []
    for key, default in keys(model):
        row = re.search(rf"^\|\s*`{re.escape(key)}`\s*\|(?P<default>[^|]*)\|(?P<meaning>[^|]*)\|", page, re.MULTILINE)
        if row is None or not row["meaning"].strip():
            problems.append(f"{key} has no row")
        elif row["default"].strip().strip("`") != shown(default):
            problems.append(f"{key}: the page says {row['default'].strip()}, the default is {shown(default)}")
    return problems


def comment_problems(model: type[BaseModel], text: str) -> list[str]:
    """Each key stands in the file, with a comment on its own line."""
    lines, places = text.splitlines(), _lines(text)
    problems = [f"{key} is not in the file" for key, _ in keys(model) if key not in places]
    known = [(key, lines[places[key]]) for key, _ in keys(model) if key in places]
    return problems + [f"{key} has no comment" for key, line in known if not re.search(r"\s#\s*\S", line)]


def _lines(text: str) -> dict[str, int]:
    found: dict[str, int] = {}

    def walk(node: yaml.Node, prefix: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[prefix + key.value] = key.start_mark.line
                walk(value, f"{prefix}{key.value}.")

    walk(yaml.compose(text, Loader=yaml.SafeLoader), "")
    return found


class Sample(BaseModel):
    """A small configuration."""

    class Inner(BaseModel):
        depth: int = 3

    url: str
    inner: Inner = Inner()


def test_every_configuration_key_has_its_row_with_its_default() -> None:
    assert key_problems(Config, OPERATOR.read_text()) == []


def test_every_configuration_key_is_commented_in_config_yaml() -> None:
    assert comment_problems(Config, (ROOT / "config.yaml").read_text()) == []


def test_a_missing_or_wrong_configuration_row_is_found() -> None:
    good = "| `url` | wajib | where |\n| `inner.depth` | `3` | how deep |\n"
    assert key_problems(Sample, good) == []
    assert key_problems(Sample, good.replace("`3`", "`4`")) == ["inner.depth: the page says `4`, the default is 3"]
    assert key_problems(Sample, good.splitlines()[0] + "\n") == ["inner.depth has no row"]
    assert comment_problems(Sample, "url: x # a#b\ninner:\n  depth: 3\n") == ["inner.depth has no comment"]
    assert comment_problems(Sample, "url: x  # where\n") == ["inner.depth is not in the file"]


# Rooms


def field_problems(model: type[BaseModel], page: str) -> list[str]:
    """Each key of a file of rooms/ needs a row `| `key` | … |`."""
    rows = set(re.findall(r"^\|\s*`([a-z_]+)`\s*\|", page, re.MULTILINE))
    return [f"{name} has no row" for name in model.model_fields if name not in rows]


def test_every_key_of_the_rooms_and_of_agencies_is_explained() -> None:
    page = OPERATOR.read_text()
    for model in (RoomsFile, RoomEntry, AgencyEntry):
        assert field_problems(model, page) == []
    assert field_problems(Sample, "| `url` | where |\n") == ["inner has no row"]


def test_everything_that_may_be_repaired_is_named() -> None:
    page = OPERATOR.read_text()
    assert [word for word in get_args(Repair) if f"`{word}`" not in page] == []
    assert set(FIELDS.values()) == set(get_args(Repair))


# Commands


def commands(command: Any, path: str = "kentongan") -> Iterator[tuple[str, Any]]:
    """(name as typed, command) of every command that does something, also of a group that does when named alone."""
    inner = below(command)
    for name, one in inner.items():
        yield from commands(one, f"{path} {name}")
    if not inner or (getattr(command, "invoke_without_command", False) and path != "kentongan"):
        yield path, command


def below(command: Any) -> dict[str, Any]:
    """The commands of a group, also of one that loads them on demand; none for a command."""
    if not hasattr(command, "list_commands"):
        return {}
    context = command.context_class(command)
    return {name: command.get_command(context, name) for name in command.list_commands(context)}


def section(page: str, heading: str) -> str | None:
    """The text under `## `heading``."""
    found = re.search(rf"^#+ `{re.escape(heading)}`[^\n]*\n(?P<body>.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    return found["body"] if found else None


def command_problems(root: Any, page: str) -> list[str]:
    """Each command has a section with an example and every option; no section is about a command that is not."""
    known = dict(commands(root))
    headings = set(re.findall(r"^#+ `(kentongan [^`]*)`", page, re.MULTILINE))
    problems = [f"{name} does not exist" for name in sorted(headings - set(known))]
    for name, command in known.items():
        if (text := section(page, name)) is None:
            problems.append(f"{name} has no section")
            continue
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--") and option != "--help" and f"`{option}" not in text:
                    problems.append(f"{name}: {option} is missing")
        if not any(shlex.split(line)[: len(name.split())] == name.split() for line in examples(text)):
            problems.append(f"{name} has no example")
    return problems


def examples(text: str) -> list[str]:
    """The kentongan command lines in fenced blocks, each from the word `kentongan` on."""
    found = []
    for fence in FENCE.finditer(text):
        for line in fence["body"].replace("\\\n", " ").splitlines():
            for part in re.split(r"\|\|?|&&|;", line.removeprefix("$ ")):
                called = re.match(r"\s*(?:sudo\s+(?:-u \S+\s+)?)?(?:\w+=\S+\s+)*(?:\S*/)?kentongan(?=\s)(.*)", part)
                if called:
                    found.append("kentongan" + called[1].split("#")[0].rstrip())
    return found


def example_problems(root: Any, page: str) -> list[str]:
    """Command lines that the program would refuse: whole in fenced blocks, possibly cut short within a sentence."""
    inline = re.findall(r"`(kentongan [^`\n]+)`", without_fences(page))
    lines = [(line, False) for line in examples(page)] + [(line, True) for line in inline]
    return [f"{line}: {fault}" for line, short in lines if (fault := _refusal(root, line, short))]


def _refusal(root: Any, line: str, short: bool) -> str | None:
    words = list(_before_redirection(shlex.split(line, comments=True)[1:]))
    command, path = root, "kentongan"
    while inner := below(command):
        alone = getattr(command, "invoke_without_command", False)
        if not words and not alone:
            return None if short else "no command"
        if alone and (not words or words[0].startswith("--")):
            break
        if words[0] not in inner:
            return None if words[0] == "--help" else f"no command {words[0]}"
        path, command = f"{path} {words[0]}", inner[words.pop(0)]
    try:
        command.make_context(path, words)
    except Exception as error:
        missing = type(error).__name__ == "MissingParameter"
        return None if short and missing else f"{type(error).__name__} {getattr(error, 'message', error)}"
    return None


def _before_redirection(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word.startswith((">", "<", "2>")):
            return
        yield word


def sample() -> Any:
    """An application of two commands."""

    def weigh(fruit: str, scale: int = typer.Option(1)) -> None:
        """Sample command."""

    def peel(fruit: str) -> None:
        """Sample command."""

    small = typer.Typer(add_completion=False)
    small.command()(weigh)
    small.command()(peel)
    return typer.main.get_command(small)


ROOT_COMMAND = typer.main.get_command(app)


def test_every_command_and_option_is_documented_with_an_example() -> None:
    assert command_problems(ROOT_COMMAND, COMMANDS.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_every_command_line_in_the_documentation_parses(page: Path) -> None:
    assert example_problems(ROOT_COMMAND, page.read_text()) == []


def test_an_undocumented_command_or_option_is_found() -> None:
    page = "## `kentongan weigh`\n`--scale N`\n```sh\nkentongan weigh apple\n```\n## `kentongan peel`\n"
    assert command_problems(sample(), page) == ["kentongan peel has no example"]
    assert command_problems(sample(), page.replace("--scale", ""))[0] == "kentongan weigh: --scale is missing"
    assert command_problems(sample(), page.split("## `kentongan peel`")[0]) == ["kentongan peel has no section"]
    assert "kentongan eat does not exist" in command_problems(sample(), page + "## `kentongan eat`\n")


def test_an_example_that_would_be_refused_is_found() -> None:
    def problems(line: str) -> list[str]:
        return example_problems(sample(), f"```sh\n$ {line}\n```\n")

    assert problems("sudo -u me KEY=1 /opt/kentongan weigh 'an apple' --scale 2 | less > x  # heavy") == []
    assert problems("kentongan eat apple") == ["kentongan eat apple: no command eat"]
    assert "NoSuchOption" in problems("kentongan weigh apple --scales 2")[0]
    assert "BadParameter" in problems("kentongan weigh apple --scale two")[0]
    assert "MissingParameter" in problems("kentongan weigh")[0]
    assert example_problems(sample(), "as `kentongan weigh` says, and `kentongan eat` does not") == [
        "kentongan eat: no command eat"
    ]


# What an operator relies on


def test_exit_codes_and_metrics_stand_in_the_operator_page() -> None:
    page = OPERATOR.read_text()
    codes = {value for name, value in vars(exits).items() if name.isupper()}
    assert {int(code) for code in re.findall(r"^\| `(\d)` \|", page, re.MULTILINE)} == codes
    # As they are scraped: a counter's name ends in _total there.
    families = metrics.registry.collect()
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_every_metric_is_fed() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    fed = set(re.findall(r"\bmetrics\.(\w+)", sources))
    kept = {name for name, value in vars(metrics).items() if hasattr(value, "collect") and not isinstance(value, type)}
    assert kept - {"registry"} - fed == set()


def test_the_service_unit_waits_for_the_drain_and_stays_down_when_a_restart_cannot_help() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy/kentongan.service")
    service = unit["Service"]
    assert int(service["TimeoutStopSec"]) >= DRAIN_SECONDS + 5
    assert service["RestartPreventExitStatus"].split() == [str(exits.USAGE), str(exits.SIGNED_OUT)]
    words = service["ExecStart"].split()
    assert _refusal(ROOT_COMMAND, " ".join(["kentongan", *words[1:]]), short=False) is None
