from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from bot.config import Config, load_config
from bot.lock import UNFINISHED, Hold, Locked, hold
from bot.outgoing import Outgoing
from bot.store import migrate, outbox
from bot.store import restore as restoring
from bot.store.archive import BackupError
from bot.store.audit import Auditor
from bot.store.backup import backup
from bot.store.database import Database, connect
from bot.store.restore import restore
from bot.store.tables import audit, session
from bot.store.tables import outbox as outbox_table

VOICE = b"OggS" + bytes(range(256)) * 50


def home(folder: Path, *extra: str, user: str = "@kentongan:batang.test") -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join([f'homeserver: {{url: "https://batang.test", user_id: "{user}"}}', *extra])
    (folder / "config.yaml").write_text(text + "\n")
    return load_config(folder / "config.yaml", environ={})


def decide(database: Database, auditor: Auditor, number: int) -> None:
    """A decision and its reply, in one transaction, as handlers do it."""

    def work(connection) -> None:  # type: ignore[no-untyped-def]
        auditor.append(connection, "dialogue.answer", f"${number}", {"reply": number}, version="v", now=number)
        outbox.append(connection, Outgoing(f"reply:${number}", "!r", {"body": f"jawaban {number}"}), number)

    database.run_blocking(work)


def crypto_store(config: Config) -> Path:
    path = config.crypto_dir / "@kentongan:batang.test_DEVICE.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE olmsessions (id INTEGER PRIMARY KEY, session BLOB)")
        connection.executemany("INSERT INTO olmsessions (session) VALUES (?)", [(os.urandom(200),) for _ in range(500)])
        connection.commit()
    return path


@pytest.fixture
def old(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Config:
    """A bot that has run for a while."""
    config = home(tmp_path / "old")
    auditor = Auditor(config.audit_key())
    config.pickle_key()
    config.audio_dir.mkdir(parents=True)
    config.crypto_dir.mkdir()
    (config.audio_dir / "ab").mkdir()
    (config.audio_dir / "ab" / "abcd.ogg").write_bytes(VOICE)
    (config.crypto_dir / "seeds.json").write_bytes(b'{"master": "encrypted"}')
    (config.crypto_dir / "x.trusted_devices").write_text("@a:b DEV matrix-ed25519 key\n")
    crypto_store(config)
    engine = empty_database(config.data_dir / "kentongan.db")
    database = Database(engine)
    with engine.begin() as connection:
        connection.execute(
            insert(session).values(
                id=1, user_id="@kentongan:batang.test", device_id="DEVICE", device_since_at=1, since="s1", updated_at=1
            )
        )
    for number in range(20):
        decide(database, auditor, number)
    database.close()
    return config


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_a_backup_taken_under_writes_comes_back_whole_on_another_machine(tmp_path: Path, old: Config) -> None:
    stop = threading.Event()
    written: list[int] = []
    store = next(old.crypto_dir.glob("*.db"))

    def bot() -> None:
        database, auditor, number = Database(connect(old.database_url)), Auditor(old.audit_key()), 1000
        with closing(sqlite3.connect(store, timeout=30)) as crypto:
            while not stop.is_set():
                crypto.execute("INSERT INTO olmsessions (session) VALUES (?)", (os.urandom(200),))
                crypto.commit()
                decide(database, auditor, number)
                written.append(number)
                number += 1
        database.close()

    writer = threading.Thread(target=bot)
    seen: list[tuple[int, int]] = []
    with hold(old.data_dir, old.database_url):  # as the running bot does
        writer.start()
        try:
            while len(written) < 5:
                stop.wait(0.01)
            before = len(written)
            manifest = backup(old, tmp_path / "copy.tar", progress=lambda done, total: seen.append((done, total)))
        finally:
            stop.set()
            writer.join()
    assert (tmp_path / "copy.tar").stat().st_mode & 0o777 == 0o600
    assert manifest.device_id == "DEVICE"
    assert manifest.revision == migrate.newest()
    assert seen[-1][0] == seen[-1][1]

    new = home(tmp_path / "new")
    done = restore(new, tmp_path / "copy.tar", fingerprint=manifest.fingerprint)

    assert done.audit is not None
    assert done.audit.faults == ()
    assert done.audit.rows >= 20 + before
    engine = connect(new.database_url)
    with engine.connect() as connection:
        decisions = connection.scalar(select(func.count()).select_from(audit))
        replies = connection.scalar(select(func.count()).select_from(outbox_table))
        assert decisions == replies  # one transaction each: never one without the other
        assert connection.execute(select(session.c.device_id, session.c.since)).one() == ("DEVICE", "s1")
    engine.dispose()
    assert new.audit_key() == old.audit_key()
    assert new.pickle_key() == old.pickle_key()
    for name in ("audio/ab/abcd.ogg", "crypto/seeds.json", "crypto/x.trusted_devices"):
        assert (new.data_dir / name).read_bytes() == (old.data_dir / name).read_bytes()
        assert (new.data_dir / name).stat().st_mode & 0o777 == 0o600
    sql = "SELECT id, session FROM olmsessions WHERE id <= 500 ORDER BY id"
    copy = new.crypto_dir / store.name
    assert rows(copy, sql) == rows(store, sql)
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    assert not list(new.data_dir.glob(".restore-*"))
    assert not (new.data_dir / UNFINISHED).exists()


def test_a_copy_is_one_snapshot_and_never_starts_over_while_others_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store import snapshot as module

    monkeypatch.setattr(module, "_PAGES", 4)
    source = tmp_path / "source.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)")
        other.executemany("INSERT INTO notes (text) VALUES (?)", [(b"x" * 3000,) for _ in range(200)])
        size = other.execute("PRAGMA page_count").fetchone()[0] * other.execute("PRAGMA page_size").fetchone()[0]
        steps: list[int] = []

        def write_meanwhile(more: int) -> None:
            steps.append(more)
            other.execute("INSERT INTO notes (text) VALUES (?)", (b"y" * 3000,))
            other.execute("UPDATE notes SET text = ? WHERE id = ?", (b"z" * 3000, len(steps)))

        module.copy_sqlite(source, tmp_path / "copy.db", write_meanwhile)
    assert len(steps) > 20
    assert sum(steps) == size
    assert rows(tmp_path / "copy.db", "SELECT count(*), count(DISTINCT text) FROM notes") == [(200, 1)]


def test_a_damaged_database_is_not_passed_off_as_a_backup(tmp_path: Path, old: Config) -> None:
    path = old.data_dir / "kentongan.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[8192:40960] = os.urandom(32768)
    path.write_bytes(content)
    with pytest.raises(BackupError, match="damaged"):
        backup(old, tmp_path / "copy.tar")
    assert not (tmp_path / "copy.tar").exists()


def test_the_crypto_store_is_copied_after_the_database(
    tmp_path: Path, old: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store import backup as module

    order: list[str] = []
    real = module.copy_sqlite

    def watched(source: Path, target: Path, done: Callable[[int], None] | None = None) -> Path:
        order.append(source.name)
        return real(source, target, done)

    monkeypatch.setattr(module, "copy_sqlite", watched)
    backup(old, tmp_path / "copy.tar")
    assert order == ["kentongan.db", "@kentongan:batang.test_DEVICE.db"]
    with tarfile.open(tmp_path / "copy.tar") as tar:
        names = tar.getnames()
    assert names[0] == "database.sqlite"
    assert names[-1] == "manifest.json"
    assert names.index("data/crypto/seeds.json") < names.index("data/audio/ab/abcd.ogg")


def test_the_running_bots_files_are_left_alone(tmp_path: Path, old: Config) -> None:
    with hold(old.data_dir, old.database_url) as lock:
        backup(old, tmp_path / "copy.tar")
        assert lock.held()
    with tarfile.open(tmp_path / "copy.tar") as tar:
        assert not [name for name in tar.getnames() if name.endswith((".lock", "-wal", "-shm"))]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.tar", "old"]


def test_a_crypto_store_without_write_ahead_log_is_copied_too(tmp_path: Path, old: Config) -> None:
    store = next(old.crypto_dir.glob("*.db"))
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    backup(old, tmp_path / "copy.tar")
    new = home(tmp_path / "new")
    restore(new, tmp_path / "copy.tar")
    assert rows(new.crypto_dir / store.name, "SELECT count(*) FROM olmsessions") == [(500,)]


def test_a_recording_that_retention_takes_meanwhile_is_left_out(
    tmp_path: Path, old: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store import backup as module

    real = module.is_sqlite

    def vanishing(path: Path) -> bool:
        if path.suffix == ".ogg":
            path.unlink()
        return real(path)

    monkeypatch.setattr(module, "is_sqlite", vanishing)
    manifest = backup(old, tmp_path / "copy.tar")
    assert not [member for member in manifest.files if member.name.endswith(".ogg")]
    restore(home(tmp_path / "new"), tmp_path / "copy.tar")


def test_an_existing_archive_is_never_overwritten(tmp_path: Path, old: Config) -> None:
    (tmp_path / "copy.tar").write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        backup(old, tmp_path / "copy.tar")
    assert (tmp_path / "copy.tar").read_text() == "precious"


def test_a_backup_into_the_data_folder_is_refused(old: Config) -> None:
    with pytest.raises(BackupError, match="inside the data folder"):
        backup(old, old.data_dir / "copy.tar")


def test_nothing_to_back_up_is_said(tmp_path: Path) -> None:
    config = home(tmp_path / "fresh")
    with pytest.raises(BackupError, match="no database"):
        backup(config, tmp_path / "copy.tar")
    assert not (tmp_path / "copy.tar").exists()


def test_postgresql_is_told_to_dump_first_and_then_the_rest_is_kept(tmp_path: Path, old: Config) -> None:
    config = home(tmp_path / "old", 'database: "postgresql://k@db/k"')
    with pytest.raises(BackupError, match=r"pg_dump first.*--without-database"):
        backup(config, tmp_path / "copy.tar")
    manifest = backup(config, tmp_path / "copy.tar", without_database=True)
    assert manifest.revision is None
    assert "database.sqlite" not in [member.name for member in manifest.files]


# ── coming back ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def archive(tmp_path: Path, old: Config) -> Path:
    backup(old, tmp_path / "copy.tar")
    return tmp_path / "copy.tar"


def repack(
    source: Path,
    target: Path,
    change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], list[tuple[tarfile.TarInfo, bytes]]],
    *,
    reseal: bool = False,
) -> Path:
    """The archive with altered members; `reseal` makes the manifest fit, as a patient forger would."""
    with tarfile.open(source) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar.getmembers()]  # type: ignore[union-attr]
    members = change(members)
    if reseal:
        manifest = json.loads(members[-1][1])
        manifest["files"] = [
            {"name": info.name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for info, data in members[:-1]
        ]
        members[-1] = (members[-1][0], json.dumps(manifest).encode())
    with tarfile.open(target, "w") as tar:
        for info, data in members:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return target


Members = list[tuple[tarfile.TarInfo, bytes]]


def flip(members: Members) -> Members:
    return [(info, data[:-1] + b"X" if info.name.endswith(".ogg") else data) for info, data in members]


def drop(members: Members) -> Members:
    return [one for one in members if not one[0].name.endswith("seeds.json")]


def drop_key(members: Members) -> Members:
    return [one for one in members if one[0].name != "secrets/audit.key"]


def add(name: str, **fields: object) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        info = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        return [*members[:-1], (info, b"evil"), members[-1]]

    return change


def twice(members: Members) -> Members:
    return [members[0], *members]


@pytest.mark.parametrize(
    ("change", "reseal", "words"),
    [
        (flip, False, r"abcd.ogg' does not match"),
        (drop, False, r"not complete: 'data/crypto/seeds.json' is missing"),
        (drop_key, True, r"not complete: 'secrets/audit.key' is missing"),
        (add("data/extra"), False, "not in its manifest"),
        (add("data/../../evil"), True, "no place for a file"),
        (add("/etc/evil"), True, "no place for a file"),
        (add("data//evil"), True, "no place for a file"),
        (add("data/./evil"), True, "no place for a file"),
        (add("secrets/other"), True, "no place for a file"),
        (add("data/" + UNFINISHED), True, "no place for a file"),
        (add("data/link", type=tarfile.SYMTYPE, linkname="/etc"), False, "not a plain file"),
        (add("data/hard", type=tarfile.LNKTYPE, linkname="database.sqlite"), False, "not a plain file"),
        (add("data/fifo", type=tarfile.FIFOTYPE), False, "not a plain file"),
        (add("data", type=tarfile.DIRTYPE), False, "not a plain file"),
        (twice, False, "in it twice"),
    ],
)
def test_an_altered_archive_is_refused_and_nothing_is_written(
    tmp_path: Path, archive: Path, change: Callable[[Members], Members], reseal: bool, words: str
) -> None:
    bad = repack(archive, tmp_path / "bad.tar", change, reseal=reseal)
    new = home(tmp_path / "new")
    with pytest.raises(BackupError, match=words):
        restore(new, bad)
    assert sorted(path.name for path in new.data_dir.glob("*") if not path.name.endswith(".lock")) == []
    assert not (tmp_path / "evil").exists()
    restore(new, archive)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.99])
def test_an_archive_cut_short_is_refused(tmp_path: Path, archive: Path, part: float) -> None:
    content = archive.read_bytes()
    end = content.index(b"manifest.json")
    cut = tmp_path / "cut.tar"
    cut.write_bytes(content[: int(end * part)])
    with pytest.raises(BackupError, match=r"not a backup|cut short|damaged"):
        restore(home(tmp_path / "new"), cut)


def test_something_else_than_a_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.tar").write_bytes(os.urandom(4096))
    with pytest.raises(BackupError, match="not a backup"):
        restore(home(tmp_path / "new"), tmp_path / "photo.tar")
    with pytest.raises(BackupError, match="no such file"):
        restore(home(tmp_path / "new"), tmp_path / "missing.tar")


def test_an_archive_rewritten_with_its_manifest_is_known_by_its_fingerprint(
    tmp_path: Path, old: Config, archive: Path
) -> None:
    with tarfile.open(archive) as tar:
        noted = hashlib.sha256(tar.extractfile("manifest.json").read()).hexdigest()  # type: ignore[union-attr]
    forged = repack(archive, tmp_path / "forged.tar", flip, reseal=True)
    with pytest.raises(BackupError, match="not the one noted"):
        restore(home(tmp_path / "new"), forged, fingerprint=noted)
    restore(home(tmp_path / "new"), archive, fingerprint=noted)


def test_an_archive_of_another_bot_is_refused(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(BackupError, match=r"@kentongan:batang\.test, the configuration of @other"):
        restore(home(tmp_path / "new", user="@other:batang.test"), archive)


def test_an_archive_of_a_newer_version_is_refused(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "known", lambda revision: False)
    with pytest.raises(BackupError, match="newer version"):
        restore(home(tmp_path / "new"), archive)


def test_a_data_folder_in_use_is_refused_and_left_alone(tmp_path: Path, old: Config, archive: Path) -> None:
    before = (old.data_dir / "audio" / "ab" / "abcd.ogg").read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        restore(old, archive)
    assert (old.data_dir / "audio" / "ab" / "abcd.ogg").read_bytes() == before


def test_a_running_bot_keeps_a_restore_out_even_by_force(old: Config, archive: Path) -> None:
    with hold(old.data_dir, old.database_url), pytest.raises(Locked):
        restore(old, archive, force=True)


def test_force_moves_what_stood_there_aside_whole(tmp_path: Path, archive: Path) -> None:
    new = home(tmp_path / "new")
    new.data_dir.mkdir(parents=True)
    (new.data_dir / "kentongan.db").write_bytes(b"older database")
    (new.data_dir / "kentongan.db-wal").write_bytes(b"its log, which would ruin the restored one")
    (tmp_path / "new" / "var" / "secrets").mkdir()
    key = tmp_path / "new" / "var" / "secrets" / "audit.key"
    key.write_text("k" * 64)
    done = restore(new, archive, force=True)
    folder = next(path for path in done.aside if path.is_dir())
    assert (folder / "kentongan.db").read_bytes() == b"older database"
    assert (folder / "kentongan.db-wal").exists()
    assert not (new.data_dir / "kentongan.db-wal").exists()
    moved_key = next(path for path in done.aside if path.is_file())
    assert moved_key.read_text() == "k" * 64
    assert new.audit_key() != b"k" * 64
    manifest = backup(new, tmp_path / "again.tar")
    assert not [member for member in manifest.files if "before-restore" in member.name]


def test_another_key_in_place_is_not_replaced_without_force(tmp_path: Path, archive: Path) -> None:
    new = home(tmp_path / "new")
    key = new.resolve(new.secrets.pickle_key_file)
    key.parent.mkdir(parents=True)
    key.write_text("k" * 64)
    with pytest.raises(BackupError, match="holds another key"):
        restore(new, archive)
    assert key.read_text() == "k" * 64
    assert not new.crypto_dir.exists()


def test_a_key_given_by_the_environment_must_be_the_old_bots(tmp_path: Path, old: Config, archive: Path) -> None:
    folder = tmp_path / "new"
    home(folder)
    wrong = load_config(folder / "config.yaml", environ={"KENTONGAN_AUDIT_KEY": "x" * 40})
    with pytest.raises(BackupError, match="KENTONGAN_AUDIT_KEY differs"):
        restore(wrong, archive, force=True)
    right = load_config(folder / "config.yaml", environ={"KENTONGAN_AUDIT_KEY": old.audit_key().decode()})
    restore(right, archive)
    assert not right.resolve(right.secrets.audit_key_file).exists()


def test_a_database_that_stands_elsewhere_is_backed_up_and_restored_there(tmp_path: Path, old: Config) -> None:
    elsewhere = tmp_path / "disk" / "k.db"
    elsewhere.parent.mkdir()
    (old.data_dir / "kentongan.db").rename(elsewhere)
    moved = home(tmp_path / "old", f'database: "sqlite:///{elsewhere}"')
    backup(moved, tmp_path / "copy.tar")
    target = tmp_path / "other disk" / "k.db"
    target.parent.mkdir()
    target.with_name("k.db-wal").write_bytes(b"stale log")
    new = home(tmp_path / "new", f'database: "sqlite:///{target}"')
    with pytest.raises(BackupError, match=r"k\.db-wal exists already"):
        restore(new, tmp_path / "copy.tar")
    done = restore(new, tmp_path / "copy.tar", force=True)
    assert done.audit is not None
    assert done.audit.faults == ()
    assert target.is_file()
    assert not (new.data_dir / "kentongan.db").exists()


def test_keys_kept_inside_the_data_folder_come_back_too(tmp_path: Path, old: Config) -> None:
    inside = "secrets: {pickle_key_file: var/data/keys/p.key, audit_key_file: var/data/keys/a.key}"
    (old.data_dir / "keys").mkdir()
    old.resolve(old.secrets.pickle_key_file).rename(old.data_dir / "keys" / "p.key")
    old.resolve(old.secrets.audit_key_file).rename(old.data_dir / "keys" / "a.key")
    moved = home(tmp_path / "old", inside)
    backup(moved, tmp_path / "copy.tar")
    new = home(tmp_path / "new", inside)
    restore(new, tmp_path / "copy.tar")
    assert new.audit_key() == moved.audit_key()


def test_a_restore_cut_off_between_two_renames_keeps_the_bot_from_starting(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = home(tmp_path / "new")
    real = os.rename

    def power_cut(source: Path, target: Path) -> None:
        if Path(target).name == "crypto":
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(restoring.os, "rename", power_cut)
    with pytest.raises(KeyboardInterrupt):
        restore(new, archive)
    monkeypatch.undo()
    with pytest.raises(Locked, match="interrupted"):
        Hold(new.data_dir, new.database_url)
    done = restore(new, archive, force=True)
    assert done.audit is not None
    Hold(new.data_dir, new.database_url).release()


def test_a_chain_that_was_broken_before_the_backup_is_restored_and_said_to_be(tmp_path: Path, old: Config) -> None:
    engine = connect(old.database_url)
    with engine.begin() as connection:
        connection.execute(audit.update().where(audit.c.id == 3).values(kind="dialogue.blocked"))
    engine.dispose()
    backup(old, tmp_path / "copy.tar")
    done = restore(home(tmp_path / "new"), tmp_path / "copy.tar")
    assert done.audit is not None
    assert any("baris 3" in fault for fault in done.audit.faults)
