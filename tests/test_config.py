from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bot.config import Config, load_config
from bot.problem import ContentError

SHIPPED = Path(__file__).parent.parent / "config.yaml"
LEAST = 'homeserver:\n  url: https://hs.test\n  user_id: "@bot:hs.test"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(more: str = "", text: str = LEAST) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text + more)
        return path

    return written


def told(path: Path) -> list[str]:
    with pytest.raises(ContentError) as refused:
        load_config(path, {})
    return [f"{problem.line}: {problem.message}" for problem in refused.value.problems]


def keys(model: type[BaseModel], before: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys(kind, f"{before}{name}.")
        else:
            found.add(before + name)
    return found


def flat(data: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def test_the_shipped_file_holds_every_key_with_its_default_and_a_comment() -> None:
    config = load_config(SHIPPED, {})
    written = flat(yaml.safe_load(SHIPPED.read_text()))
    assert set(written) == keys(Config)
    defaults = flat(Config(homeserver=config.homeserver).model_dump(mode="json"))
    assert {name: value for name, value in written.items() if not name.startswith("homeserver.")} == {
        name: value for name, value in defaults.items() if not name.startswith("homeserver.")
    }


def test_only_the_homeserver_must_be_named(write: Callable[..., Path], tmp_path: Path) -> None:
    config = load_config(write(), {})
    assert config.data_dir == tmp_path / "var" / "data"
    assert config.database_url == f"sqlite:///{tmp_path}/var/data/kentongan.db"
    assert config.crypto_dir == tmp_path / "var" / "data" / "crypto"
    assert config.audio_dir == tmp_path / "var" / "data" / "audio"
    assert str(config.zone) == "Asia/Jakarta"
    assert config.homeserver.server_name == "hs.test"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("spech: {}\n", "4: unknown key 'spech'"),
        ("speech:\n  modle: base\n", "5: unknown key 'speech.modle'"),
        ("  password: geheim\n", "4: unknown key 'homeserver.password'"),
        ("speech:\n  beam_size: 11\n", "5: speech.beam_size: Input should be less than or equal to 10"),
        ("speech:\n  workers: -1\n", "5: speech.workers: Input should be greater than or equal to 0"),
        ("speech:\n  window_seconds: 31\n", "5: speech.window_seconds: Input should be less than or equal to 30"),
        ("speech:\n  max_seconds: viel\n", "5: speech.max_seconds: Input should be a valid integer"),
        ("speech:\n  device: tpu\n", "5: speech.device: Input should be 'cpu', 'cuda' or 'auto'"),
        ("speech:\n  late_seconds: 1200\n", "4: speech: late_seconds must be less than stale_seconds"),
        ("server:\n  port: 70000\n", "5: server.port: Input should be less than or equal to 65535"),
        ("log:\n  level: loud\n", "5: log.level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("log:\n  format: xml\n", "5: log.format: Input should be 'console' or 'json'"),
        ("retention:\n  audio_days: 0\n", "5: retention.audio_days: Input should be greater than or equal to 1"),
        ("retention: 30\n", "4: retention: Input should be a valid dictionary"),
        ("bulletins:\n  grace_minutes: 0\n", "5: bulletins.grace_minutes: Input should be greater than or equal to 1"),
        ("timezone: Asia/Batang\n", "4: timezone: no such timezone: Asia/Batang"),
        ("timezone: ../../etc/passwd\n", "4: timezone: no such timezone"),
        ("database: kentongan.db\n", "4: database: not a database address"),
        ("database: mysql://a@b/c\n", "4: database: mysql is not supported"),
        ("database: 'sqlite://'\n", "4: database: a database in memory forgets everything"),
        ("paths:\n  flows: 5\n", "5: paths.flows: Input is not a valid path"),
        ("secrets:\n  pickle_key_file: null\n", "5: secrets.pickle_key_file: Input is not a valid path"),
        ("homeserver: {}\n", "4: key 'homeserver' is written twice"),
    ],
)
def test_a_mistake_names_its_key_and_line(write: Callable[..., Path], more: str, problem: str) -> None:
    (found,) = told(write(more))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1: missing key 'homeserver'"]),
        ("homeserver: {}\n", ["1: missing key 'homeserver.url'", "1: missing key 'homeserver.user_id'"]),
        ("homeserver:\n  url: hs.test\n  user_id: '@a:b'\n", ["2: homeserver.url: String should match pattern"]),
        ("homeserver:\n  url: https://a\n  user_id: bot\n", ["3: homeserver.user_id: String should match pattern"]),
    ],
)
def test_the_homeserver_is_checked(write: Callable[..., Path], text: str, problems: list[str]) -> None:
    found = told(write(text=text))
    assert len(found) == len(problems)
    assert all(line.startswith(start) for line, start in zip(found, problems, strict=True))


def test_a_value_is_never_quoted_in_a_message(write: Callable[..., Path]) -> None:
    path = write("  password: geheim-123\ndatabase: 'mysql://bot:geheim-123@db/k'\nserver: {port: geheim-123}\n")
    with pytest.raises(ContentError) as refused:
        load_config(path, {})
    assert len(refused.value.problems) == 3
    assert "geheim-123" not in str(refused.value)


def test_values_do_not_change_once_read(write: Callable[..., Path]) -> None:
    config = load_config(write(), {})
    with pytest.raises(ValueError, match="frozen"):
        config.server.port = 1


def test_relative_paths_are_relative_to_the_file_and_not_to_where_one_stands(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("database: sqlite:///db/k.db\npaths: {data: /srv/data}\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for config in (load_config(path, {}), load_config(Path("../config.yaml"), {})):
        assert config.database_url == f"sqlite:///{tmp_path}/db/k.db"
        assert config.data_dir == Path("/srv/data")
        assert config.resolve(config.paths.flows) == tmp_path / "flows"


def test_a_database_password_is_kept_in_the_address(write: Callable[..., Path]) -> None:
    config = load_config(write("database: postgresql+psycopg://bot:p%40ss@db/k\n"), {})
    assert config.database_url == "postgresql+psycopg://bot:p%40ss@db/k"


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_comes_from_its_variable_before_its_file(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from-file\n")
    path = write("  password_file: pw\n")
    from_file, from_env = load_config(path, {}), load_config(path, {"KENTONGAN_PASSWORD": "from-env"})
    assert from_file.password() is not None
    assert from_file.password().get_secret_value() == "from-file"  # type: ignore[union-attr]
    assert from_env.password().get_secret_value() == "from-env"  # type: ignore[union-attr]
    assert from_file.access_token() is None


def test_a_credential_of_the_service_manager_comes_between_variable_and_file(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "pw").write_text("from-file\n")
    (tmp_path / "credentials").mkdir()
    path, environ = write("  password_file: pw\n"), {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert load_config(path, environ).password().get_secret_value() == "from-file"  # type: ignore[union-attr]
    (tmp_path / "credentials" / "password").write_text("handed-over\n")
    assert load_config(path, environ).password().get_secret_value() == "handed-over"  # type: ignore[union-attr]
    environ["KENTONGAN_PASSWORD"] = "from-env"
    assert load_config(path, environ).password().get_secret_value() == "from-env"  # type: ignore[union-attr]


def test_a_variable_of_another_name_is_read_and_an_empty_one_is_none(write: Callable[..., Path]) -> None:
    path = write("  access_token_env: MY_TOKEN\n  password_env: null\n")
    config = load_config(path, {"MY_TOKEN": "syt_x", "KENTONGAN_PASSWORD": "ignored"})
    assert config.access_token().get_secret_value() == "syt_x"  # type: ignore[union-attr]
    assert config.password() is None
    assert load_config(path, {"MY_TOKEN": ""}).access_token() is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read (No such file"), (b" \n", "is empty"), (b"\xff\xfe\x00", "is not a text file")],
)
def test_a_secret_file_that_cannot_be_used_is_named_with_its_key(
    write: Callable[..., Path], tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    config = load_config(write("  access_token_file: token\n"), {})
    with pytest.raises(ContentError) as refused:
        config.access_token()
    (problem,) = refused.value.problems
    assert problem.message.startswith("homeserver.access_token_file: ")
    assert words in problem.message


def test_a_secret_does_not_print_itself(write: Callable[..., Path]) -> None:
    config = load_config(write(), {"KENTONGAN_PASSWORD": "geheim"})
    assert "geheim" not in repr(config) + str(config.password()) + repr(config.password())


def test_own_keys_are_made_once_for_their_owner_alone(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write()
    config = load_config(path, {})
    pickle, audit = config.pickle_key().get_secret_value(), config.audit_key()
    assert len(pickle) == len(audit) == 64
    assert pickle.encode() != audit
    again = load_config(path, {})
    assert (again.pickle_key().get_secret_value(), again.audit_key()) == (pickle, audit)
    secrets = tmp_path / "var" / "secrets"
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in secrets.iterdir()} == {
        "pickle.key": 0o600,
        "audit.key": 0o600,
    }


def test_two_processes_that_start_at_once_agree_on_a_key(write: Callable[..., Path]) -> None:
    program = (
        "import sys; from pathlib import Path; from bot.config import load_config; "
        "print(load_config(Path(sys.argv[1])).audit_key())"
    )
    makers = [
        subprocess.Popen([sys.executable, "-c", program, str(write())], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({maker.communicate(timeout=60)[0] for maker in makers}) == 1
    assert [maker.returncode for maker in makers] == [0, 0, 0]


def test_a_lost_key_is_an_error_and_never_silently_replaced(write: Callable[..., Path], tmp_path: Path) -> None:
    config = load_config(write(), {})
    config.crypto_dir.mkdir(parents=True)
    config.pickle_key()  # nothing is encrypted with it yet
    (tmp_path / "var" / "secrets" / "pickle.key").unlink()
    (config.crypto_dir / "store.db").write_bytes(b"x")
    (config.data_dir / "kentongan.db").write_bytes(b"x")
    with pytest.raises(ContentError, match=r"pickle\.key is missing, but .*store\.db was made with that key"):
        config.pickle_key()
    with pytest.raises(ContentError, match=r"audit\.key is missing, but .*kentongan\.db was made with that key"):
        config.audit_key()
    assert list((tmp_path / "var" / "secrets").iterdir()) == []


def test_a_database_elsewhere_guards_its_key_too(write: Callable[..., Path], tmp_path: Path) -> None:
    config = load_config(write("database: sqlite:///k.db\n"), {})
    (tmp_path / "k.db").write_bytes(b"x")
    with pytest.raises(ContentError, match="was made with that key"):
        config.audit_key()
    config.pickle_key()


def test_a_short_key_is_refused(write: Callable[..., Path]) -> None:
    config = load_config(write(), {"KENTONGAN_AUDIT_KEY": "short"})
    with pytest.raises(ContentError, match="at least 32 characters"):
        config.audit_key()


def test_without_an_environment_given_the_process_has_one(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTONGAN_PASSWORD", "from-process")
    assert load_config(write()).password().get_secret_value() == "from-process"  # type: ignore[union-attr]
    assert os.environ["KENTONGAN_PASSWORD"] == "from-process"
