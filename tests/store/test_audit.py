from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select, update

from bot.store.audit import ERASED, Auditor, about, head
from bot.store.database import reading
from bot.store.tables import audit, audit_payloads

KEY = b"k" * 32
AUDITOR = Auditor(KEY)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def append(connection: Connection, number: int, kind: str = "dialogue.answer", auditor: Auditor = AUDITOR) -> int:
    return auditor.append(connection, kind, f"${number}", {"number": number, "tuple": (1, 2)}, version="v1", now=number)


@pytest.fixture
def chain(engine: Engine) -> Engine:
    """Ten decisions, numbers 1 to 10."""
    with engine.begin() as connection:
        for number in range(1, 11):
            assert append(connection, number) == number
    return engine


def faults(engine: Engine, **how: Any) -> tuple[str, ...]:
    with reading(engine) as connection:
        return AUDITOR.verify(connection, **how).faults


def edit(engine: Engine, *statements: Any) -> None:
    """What somebody with write access to the file can do: no foreign keys in the way."""
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.exec_driver_sql(statement) if isinstance(statement, str) else connection.execute(statement)
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def test_an_untouched_chain_is_whole(chain: Engine) -> None:
    with reading(chain) as connection:
        found = AUDITOR.verify(connection)
        assert (found.rows, found.erased, found.faults) == (10, 0, ())
        assert head(connection) == (10, found.head)


def test_an_empty_chain_is_whole(engine: Engine) -> None:
    with reading(engine) as connection:
        assert AUDITOR.verify(connection).faults == ()
        assert head(connection) == (0, "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", 99),
        ("kind", "dialogue.blocked"),
        ("subject", "$other"),
        ("content_version", "v2"),
        ("payload_digest", "0" * 64),
        ("previous", "0" * 64),
        ("digest", "0" * 64),
    ],
)
@pytest.mark.parametrize("number", [1, 5, 10])
def test_an_edited_column_is_found(chain: Engine, column: str, value: object, number: int) -> None:
    edit(chain, update(audit).where(audit.c.id == number).values({column: value}))
    assert any(fault.startswith(f"baris {number}: rantai putus") for fault in faults(chain))


@pytest.mark.parametrize("value", ["x'ff00'", "CAST(x'ff41' AS TEXT)", "3.5", "''", "x'00'"])
@pytest.mark.parametrize("column", ["digest", "subject", "at", "kind"])
def test_values_of_a_wrong_kind_are_faults_and_do_not_stop_the_walk(chain: Engine, column: str, value: str) -> None:
    edit(chain, f"UPDATE audit SET {column} = {value} WHERE id = 5")
    assert [fault for fault in faults(chain) if fault.startswith("baris 5: rantai putus")]


@pytest.mark.parametrize(
    "payload",
    ['{"number":6,"tuple":[1,2]}', "{}", "null", "not json", '{"number":NaN}', "", "[" * 2000, '"text"', "x'ff'"],
)
def test_an_edited_payload_is_found(chain: Engine, payload: str) -> None:
    value = payload if payload.startswith("x'") else "'" + payload + "'"
    edit(chain, f"UPDATE audit_payloads SET payload = {value} WHERE audit_id = 5")
    assert faults(chain) == ("baris 5: isi tidak cocok dengan sidiknya",)
    with reading(chain) as connection:
        (entry,) = about(connection, "$5")
        assert entry.number == 5


def test_a_payload_swapped_with_another_rows_is_found(chain: Engine) -> None:
    edit(
        chain,
        "UPDATE audit_payloads SET audit_id = -1 WHERE audit_id = 4",
        "UPDATE audit_payloads SET audit_id = 4 WHERE audit_id = 5",
        "UPDATE audit_payloads SET audit_id = 5 WHERE audit_id = -1",
    )
    assert faults(chain) == tuple(f"baris {number}: isi tidak cocok dengan sidiknya" for number in (4, 5))


def test_a_row_taken_from_the_middle_is_found(chain: Engine) -> None:
    edit(chain, "DELETE FROM audit_payloads WHERE audit_id = 5", "DELETE FROM audit WHERE id = 5")
    assert faults(chain)[0] == "baris 6: rantai putus (baris diubah, disisipkan, atau dihapus)"


def test_the_first_row_taken_away_is_found(chain: Engine) -> None:
    edit(chain, "DELETE FROM audit_payloads WHERE audit_id = 1", "DELETE FROM audit WHERE id = 1")
    assert any("baris 2: rantai putus" in fault for fault in faults(chain))


def test_rows_closed_up_after_a_removal_are_found(chain: Engine) -> None:
    edit(
        chain,
        "DELETE FROM audit_payloads WHERE audit_id = 5",
        "DELETE FROM audit WHERE id = 5",
        "UPDATE audit SET id = id - 1 WHERE id > 5",
        "UPDATE audit_payloads SET audit_id = audit_id - 1 WHERE audit_id > 5",
    )
    assert any("baris 5: rantai putus" in fault for fault in faults(chain))


def test_two_rows_exchanged_are_found(chain: Engine) -> None:
    edit(
        chain,
        *(
            f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}"
            for table, column in (("audit", "id"), ("audit_payloads", "audit_id"))
            for old, new in ((4, -1), (5, 4), (-1, 5))
        ),
    )
    assert any("baris 4: rantai putus" in fault for fault in faults(chain))


def test_a_row_forged_without_the_key_is_found(chain: Engine) -> None:
    forger = Auditor(b"x" * 32)
    with chain.begin() as connection:
        append(connection, 11, auditor=forger)
    assert faults(chain) == ("baris 11: rantai putus (baris diubah, disisipkan, atau dihapus)",)


def test_a_tail_cut_off_is_whole_by_itself_and_found_by_a_posted_head(chain: Engine) -> None:
    with reading(chain) as connection:
        posted = head(connection)
    assert faults(chain, posted=posted) == ()
    edit(chain, "DELETE FROM audit_payloads WHERE audit_id > 8", "DELETE FROM audit WHERE id > 8")
    assert faults(chain) == ()
    assert "ekor rantai dipotong" in faults(chain, posted=posted)[0]


def test_a_tail_cut_off_and_grown_again_is_found_by_a_posted_head(chain: Engine) -> None:
    with reading(chain) as connection:
        number, digest = head(connection)
    edit(chain, "DELETE FROM audit_payloads WHERE audit_id > 8", "DELETE FROM audit WHERE id > 8")
    with chain.begin() as connection:
        for again in (9, 10, 11):
            append(connection, again + 100)
    assert faults(chain) == ()
    assert "ekor rantai dipotong" in faults(chain, posted=(number, digest[:32]))[0]


def test_an_older_head_still_fits_when_the_chain_has_grown(chain: Engine) -> None:
    with reading(chain) as connection:
        number, digest = head(connection)
    with chain.begin() as connection:
        append(connection, 11)
    assert faults(chain, posted=(number, digest[:32])) == ()
    assert faults(chain, posted=(0, "")) == ()


def test_a_cut_that_leaves_payloads_behind_is_found(chain: Engine) -> None:
    edit(chain, "DELETE FROM audit WHERE id > 9")
    assert faults(chain) == ("isi tanpa baris: nomor 10",)


def test_another_key_is_named_as_such_and_not_as_ten_faults(chain: Engine) -> None:
    with reading(chain) as connection:
        found = Auditor(b"x" * 32).verify(connection)
        assert len(found.faults) == 1
        assert "kunci audit" in found.faults[0]
        assert not Auditor(b"x" * 32).fits(connection)
        assert AUDITOR.fits(connection)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Auditor(b"short")


# ── erasure ─────────────────────────────────────────────────────────────────────────────────────────────


def test_erasing_by_law_leaves_the_chain_whole(chain: Engine) -> None:
    with chain.begin() as connection:
        assert AUDITOR.erase(connection, [2, 3, 3], why="retensi", version="v1", now=99) == 2
    with reading(chain) as connection:
        found = AUDITOR.verify(connection)
        assert (found.rows, found.erased, found.faults) == (11, 2, ())
        (entry,) = about(connection, "$2")
        assert (entry.payload, entry.erased_at, entry.erased_why) == (None, 99, "retensi")
        row = connection.execute(select(audit_payloads).where(audit_payloads.c.audit_id == 2)).one()
        assert (row.salt, row.payload) == (None, None)


def test_erasing_thousands_at_once_works(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(1, 1203):
            append(connection, number)
        assert AUDITOR.erase(connection, range(1, 1203), why="retensi", version="v1", now=1) == 1202
    assert faults(engine) == ()


def test_erasing_again_or_nothing_adds_no_row(chain: Engine) -> None:
    with chain.begin() as connection:
        AUDITOR.erase(connection, [2], why="retensi", version="v1", now=1)
        assert AUDITOR.erase(connection, [2], why="retensi", version="v1", now=2) == 0
        assert AUDITOR.erase(connection, [], why="retensi", version="v1", now=2) == 0
        assert AUDITOR.erase(connection, [4711], why="retensi", version="v1", now=2) == 0
        assert head(connection)[0] == 11


def test_a_record_of_an_erasure_is_never_erased_itself(chain: Engine) -> None:
    with chain.begin() as connection:
        AUDITOR.erase(connection, [2], why="retensi", version="v1", now=1)
        assert AUDITOR.erase(connection, [11], why="retensi", version="v1", now=2) == 0
    assert faults(chain) == ()


def test_a_payload_removed_quietly_is_found(chain: Engine) -> None:
    edit(chain, update(audit_payloads).where(audit_payloads.c.audit_id == 5).values(payload=None, salt=None))
    assert faults(chain) == ("baris 5: isi hilang tanpa catatan penghapusan",)


def test_a_payload_row_deleted_is_found(chain: Engine) -> None:
    edit(chain, delete(audit_payloads).where(audit_payloads.c.audit_id == 5))
    assert faults(chain) == ("baris 5: isi hilang tanpa catatan penghapusan",)


def test_a_removal_dressed_as_an_erasure_is_found(chain: Engine) -> None:
    edit(
        chain,
        update(audit_payloads)
        .where(audit_payloads.c.audit_id == 5)
        .values(payload=None, salt=None, erased_at=1, erased_why="retensi"),
    )
    assert faults(chain) == ("baris 5: isi dihapus tanpa catatan di rantai",)


def test_a_forged_record_of_an_erasure_covers_nothing(chain: Engine) -> None:
    edit(
        chain,
        update(audit_payloads).where(audit_payloads.c.audit_id == 5).values(payload=None, salt=None, erased_at=1),
    )
    with chain.begin() as connection:
        Auditor(b"x" * 32).append(connection, ERASED, "retensi", {"rows": [5]}, version="v1", now=1)
    assert "baris 5: isi dihapus tanpa catatan di rantai" in faults(chain)


def test_a_record_of_an_erasure_stretched_to_another_row_is_found(chain: Engine) -> None:
    with chain.begin() as connection:
        AUDITOR.erase(connection, [2], why="retensi", version="v1", now=1)
    edit(
        chain,
        update(audit_payloads).where(audit_payloads.c.audit_id == 5).values(payload=None, salt=None, erased_at=1),
        update(audit_payloads).where(audit_payloads.c.audit_id == 11).values(payload={"rows": [2, 5]}),
    )
    assert "baris 11: isi tidak cocok dengan sidiknya" in faults(chain)
    assert "baris 5: isi dihapus tanpa catatan di rantai" in faults(chain)


def test_an_erased_payload_that_reappears_is_found(chain: Engine) -> None:
    with chain.begin() as connection:
        row = connection.execute(select(audit_payloads).where(audit_payloads.c.audit_id == 5)).one()
        AUDITOR.erase(connection, [5], why="retensi", version="v1", now=1)
    put_back = update(audit_payloads).where(audit_payloads.c.audit_id == 5)
    edit(chain, put_back.values(payload=row.payload, salt=row.salt))
    assert faults(chain) == ("baris 5: ditandai dihapus, tetapi isinya masih ada",)
    edit(chain, put_back.values(erased_at=None))
    assert faults(chain) == ("baris 5: isi yang sudah dihapus muncul lagi",)


def test_one_digest_tells_nothing_of_a_payload_of_few_possible_values(engine: Engine) -> None:
    with engine.begin() as connection:
        for _ in range(2):
            AUDITOR.append(connection, "k", "$s", {"answer": "ya"}, version="v", now=1)
        digests = set(connection.scalars(select(audit.c.payload_digest)))
    assert len(digests) == 2


# ── appending ───────────────────────────────────────────────────────────────────────────────────────────

WRITER = """
import sys
from bot.store.audit import Auditor
from bot.store.database import connect
engine, auditor = connect(sys.argv[1]), Auditor(b"k" * 32)
for number in range(int(sys.argv[2])):
    with engine.begin() as connection:
        auditor.append(connection, "k", sys.argv[3], {"n": number}, version="v", now=number)
"""


def test_two_processes_that_append_at_once_make_one_chain(engine: Engine, url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, "60", name]) for name in ("a", "b")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    with reading(engine) as connection:
        found = AUDITOR.verify(connection)
        assert (found.rows, found.faults) == (120, ())


def test_two_rows_never_continue_the_same_one(chain: Engine) -> None:
    with chain.begin() as connection:
        row = connection.execute(select(audit).where(audit.c.id == 10)).one()
    with pytest.raises(Exception, match=r"UNIQUE|unique"), chain.begin() as connection:
        connection.execute(insert(audit).values({**row._mapping, "id": 11}))


def test_a_decision_that_fails_leaves_no_row(chain: Engine) -> None:
    def handler() -> None:
        with chain.begin() as connection:
            append(connection, 11)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        handler()
    with reading(chain) as connection:
        assert head(connection)[0] == 10


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}, {"x": b"bytes"}])
def test_a_payload_that_is_not_json_is_refused_at_once(engine: Engine, payload: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)), engine.begin() as connection:
        AUDITOR.append(connection, "k", "$s", payload, version="v", now=1)


def test_about_tells_all_decisions_on_an_event_in_order(engine: Engine) -> None:
    with engine.begin() as connection:
        for kind in ("one", "two"):
            append(connection, 7, kind)
        append(connection, 8)
        assert [(entry.kind, entry.payload) for entry in about(connection, "$7")] == [
            ("one", {"number": 7, "tuple": [1, 2]}),
            ("two", {"number": 7, "tuple": [1, 2]}),
        ]
        assert about(connection, "$nothing") == []


def test_progress_is_told_to_the_end(chain: Engine) -> None:
    seen: list[tuple[int, int]] = []
    with reading(chain) as connection:
        AUDITOR.verify(connection, lambda done, total: seen.append((done, total)))
    assert seen == [(10, 10)]


def test_verifying_keeps_no_writer_waiting(chain: Engine) -> None:
    with reading(chain) as connection:
        assert AUDITOR.verify(connection).faults == ()
        with chain.begin() as writer:
            append(writer, 11)
        assert AUDITOR.verify(connection).rows == 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payloads=st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), min_size=1, max_size=5), data=st.data()
)
def test_any_payloads_verify_and_any_one_change_is_found(
    tmp_path_factory: pytest.TempPathFactory,
    empty_database: Callable[[Path], Engine],
    payloads: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    engine = empty_database(tmp_path_factory.mktemp("chain") / "a.db")
    with engine.begin() as connection:
        for number, payload in enumerate(payloads):
            AUDITOR.append(connection, "k", f"${number}", payload, version="v", now=number)
    assert faults(engine) == ()
    victim = data.draw(st.integers(0, len(payloads) - 1))
    other = data.draw(
        JSON.filter(lambda value: json.dumps(value, sort_keys=True) != json.dumps(payloads[victim], sort_keys=True))
    )
    edit(engine, update(audit_payloads).where(audit_payloads.c.audit_id == victim + 1).values(payload=other))
    assert faults(engine) != ()
    engine.dispose()
