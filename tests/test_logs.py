from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from sqlalchemy import text

from bot.config import Log
from bot.event import IncomingEvent, Kind
from bot.logs import LIBRARIES, PRIVATE, configure
from bot.store.database import connect

BODY = "pak saya korban kdrt di rumah nomor tujuh"
TOKEN = "syt_a2VudG9uZ2Fu_hRwXqPzLkMnBvCxYtAsd_0Zq1Ab"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    configure(Log(level="debug", format="json"), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_and_its_ids_come_out_as_json(out: io.StringIO) -> None:
    structlog.get_logger("bot.app").info("reply.sent", event_id="$abc", attempt=2)
    (line,) = lines(out)
    assert line["event"] == "reply.sent"
    assert (line["event_id"], line["attempt"], line["level"], line["logger"]) == ("$abc", 2, "info", "bot.app")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_private_fields_never_come_out(out: io.StringIO, field: str) -> None:
    structlog.get_logger().warning("slip", **{field: BODY})
    structlog.get_logger().warning("nested", what={"deep": {field.upper(): BODY}})
    assert BODY not in out.getvalue()


@pytest.mark.parametrize(
    "leak",
    [
        f"GET https://hs.test/_matrix/media/v3/download/x/y?access_token={TOKEN}&x=1",
        f"Authorization: Bearer {TOKEN}",
        f"{{'Authorization': 'Bearer {TOKEN}'}}",
        f'{{"access_token": "{TOKEN}"}}',
        f"token was {TOKEN} in words",
        f"proxy http://user:{TOKEN}@proxy.test:3128",
        f"password={TOKEN}",
        f"headers Bearer {TOKEN}",
    ],
)
def test_a_token_never_comes_out_of_any_text(out: io.StringIO, leak: str) -> None:
    structlog.get_logger().error("request.failed", url=leak, several=[leak], nested={"a": (leak,)})
    structlog.get_logger().error(leak)
    logging.getLogger("aiohttp.client").error(leak)
    logging.getLogger("aiohttp.client").error("%s", leak)
    assert len(lines(out)) == 4
    assert TOKEN not in out.getvalue()


def test_secrets_do_not_print_themselves(out: io.StringIO) -> None:
    structlog.get_logger().info("login", using=SecretStr(TOKEN), object=[SecretStr(TOKEN)])
    assert TOKEN not in out.getvalue()


def test_a_database_error_does_not_print_what_was_stored(out: io.StringIO, tmp_path: Any) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    try:
        with engine.begin() as connection:
            connection.execute(text("insert into missing values (:body)"), {"body": BODY})
    except Exception:
        structlog.get_logger().exception("handler.failed", event_id="$abc")
    (line,) = lines(out)
    assert BODY not in out.getvalue()
    assert "OperationalError" in line["exception"]
    assert "test_logs.py" in line["exception"]


class _Strict(BaseModel):
    number: int


def test_a_validation_error_does_not_quote_its_input(out: io.StringIO) -> None:
    try:
        try:
            _Strict(number=BODY)  # type: ignore[arg-type]
        except ValueError as error:
            raise RuntimeError(f"cannot use {BODY}") from error
    except RuntimeError:
        logging.getLogger("nio.client").exception("failed")
        structlog.get_logger().exception("failed")
        structlog.get_logger().error("failed", error=ValueError("kind only"), exc_info=True)
    assert len(lines(out)) == 3
    assert BODY not in out.getvalue()
    assert all("RuntimeError" in line["exception"] and "ValidationError" in line["exception"] for line in lines(out))


def test_the_operating_systems_words_are_kept(out: io.StringIO) -> None:
    try:
        Path("/nowhere/at/all").read_text()
    except OSError:
        structlog.get_logger().exception("failed")
    assert "No such file or directory" in lines(out)[0]["exception"]


def test_libraries_speak_from_warning_up_through_the_same_door(out: io.StringIO) -> None:
    for name in LIBRARIES:
        logging.getLogger(f"{name}.part").info("chatter")
        logging.getLogger(f"{name}.part").warning("trouble")
    assert [line["event"] for line in lines(out)] == ["trouble"] * len(LIBRARIES)


def test_a_library_does_not_quote_the_event_it_refuses(out: io.StringIO) -> None:
    logging.getLogger("nio.responses").warning(
        f"Error validating response: {{'body': '{BODY}', 'x': [\"{BODY}\"]}} is not of type 'string'\n\nOn:\n {BODY}"
    )
    logging.getLogger("nio.crypto").warning("Received key request from @siti.reporter:batang.test via DEV")
    assert BODY not in out.getvalue()
    assert "siti" not in out.getvalue()
    assert lines(out)[0]["event"].startswith("Error validating response")


def test_warnings_go_the_same_way(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old thing access_token={TOKEN}", stacklevel=1)
    assert TOKEN not in out.getvalue()
    assert lines(out)[0]["logger"] == "py.warnings"


def test_a_whole_event_handed_to_the_log_does_not_print_itself(out: io.StringIO) -> None:
    event = IncomingEvent("$a", "!r", "@a:b", Kind.TEXT, 0, body=BODY)
    structlog.get_logger().info(
        "got", thing=event, error=ValueError(BODY), raw_bytes=BODY.encode(), place=Path("/tmp/x")
    )
    (line,) = lines(out)
    assert BODY not in out.getvalue()
    assert (line["thing"], line["error"], line["place"]) == ("<IncomingEvent>", "builtins.ValueError", "/tmp/x")


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    configure(Log(level="warning", format="json"), stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_configuring_twice_writes_each_line_once() -> None:
    stream = io.StringIO()
    configure(Log(format="json"), stream)
    configure(Log(format="json"), stream)
    structlog.get_logger().info("once")
    assert len(lines(stream)) == 1


def test_logs_go_to_stderr_and_leave_stdout_to_the_answers() -> None:
    program = (
        "import structlog; from bot.config import Log; from bot.logs import configure; configure(Log()); "
        "structlog.get_logger().info('started', event_id='$x'); print('answer')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "answer\n"
    assert "started" in done.stderr
    assert "$x" in done.stderr


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.text("abcdefghijklmnopqrstuvwxyzABCDEFG0123456789_-.", min_size=12, max_size=60),
    before=st.text(max_size=20),
)
def test_whatever_stands_before_it_an_access_token_is_blanked(before: str, token: str) -> None:
    stream = io.StringIO()
    configure(Log(format="json"), stream)
    structlog.get_logger().info(f"{before}access_token={token}")
    assert f"={token}" not in stream.getvalue()
