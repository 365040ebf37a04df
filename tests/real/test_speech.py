"""The real model in real worker processes, hearing real sound (a robot's: see tests/notes/notes.yaml)."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import yaml

from bot.config import Speech
from bot.voice.audio import encode_opus, segment_of
from bot.voice.decode import Limits, decode
from bot.voice.errors import MediaError, ModelBroken, PoolClosed, SpeechTimeout, WorkerCrashed
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

NOTES = Path(__file__).parent.parent / "notes"
sys.path.insert(0, str(NOTES))

import broken_media as media  # noqa: E402
import damaged_notes as damaged  # noqa: E402

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

SPOKEN = yaml.safe_load((NOTES / "notes.yaml").read_text(encoding="utf-8"))["notes"]
MB = 1 << 20


@pytest.fixture(scope="module")
def model() -> Path:
    return find_model("base")


@pytest.fixture
async def pool(model) -> AsyncIterator[SpeechPool]:
    """Two workers with the settings everybody gets."""
    async with Running(Speech(), model, 2) as running:
        yield running


@pytest.fixture
async def single(model) -> AsyncIterator[SpeechPool]:
    """One worker."""
    async with Running(Speech(), model, 1) as running:
        yield running


@pytest.fixture
async def impatient(model) -> AsyncIterator[SpeechPool]:
    """One worker that is given up after ten seconds: enough for a short note on a busy machine."""
    async with Running(Speech(timeout_seconds=10), model, 1) as running:
        yield running


class Running:
    def __init__(self, speech: Speech, model: Path, workers: int) -> None:
        self.pool = SpeechPool(speech, model, workers=workers)

    async def __aenter__(self) -> SpeechPool:
        await self.pool.start()
        return self.pool

    async def __aexit__(self, *_) -> None:
        await self.pool.close(0)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def pcm_of(path: Path) -> bytes:
    return bytes(decode(path, Limits(20_000_000, 900, 60)).pcm)


async def until(condition, seconds=60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def spent(pid: int) -> float:
    """CPU seconds of a process."""
    return sum(psutil.Process(pid).cpu_times()[:2])


def pss_mb(pid: int) -> float:
    return psutil.Process(pid).memory_full_info().pss / MB


async def peak_pss_mb(pool: SpeechPool, work) -> float:
    """The highest proportional set size of any worker while `work` is under way."""
    task, peak = asyncio.ensure_future(work), 0.0
    while not task.done():
        for pid in pool.worker_pids:
            try:
                peak = max(peak, pss_mb(pid))
            except psutil.Error:
                continue
        await asyncio.wait({task}, timeout=0.1)
    await task
    return peak


@pytest.mark.parametrize("instructions", ["", "AVX2", "GENERIC"])
async def test_each_note_is_heard_with_the_words_that_are_asserted_on(model, monkeypatch, instructions):
    """On this processor, and as others hear them: they round differently, which tells at words that are half heard."""
    if instructions:
        monkeypatch.setenv("CT2_FORCE_CPU_ISA", instructions)
    async with Running(Speech(), model, 2) as pool:
        results = await asyncio.gather(*(pool.transcribe(NOTES / f"{name}.ogg") for name in SPOKEN))

    for (name, note), heard in zip(SPOKEN.items(), results, strict=True):
        assert set(note["heard"]) <= set(words(heard.text)), (name, heard.text)
        assert not heard.no_speech, name
        assert heard.language == "id"
        assert heard.model == "base"


async def test_a_long_note_is_heard_to_its_end_in_windows_without_losing_words(pool):
    heard = await pool.transcribe(NOTES / "panjang.ogg")

    assert heard.duration == pytest.approx(75.6, abs=0.2)
    assert heard.segments[0].start < 3
    assert heard.segments[-1].end > 70
    assert [part.start for part in heard.segments] == sorted(part.start for part in heard.segments)
    assert 60 < len(words(heard.text)) < 130  # of 89 spoken
    assert set(words(heard.text)) >= {"selamat", "terima", "kasih"}


async def test_names_of_places_are_hints_however_many_there_are(pool):
    with (NOTES.parent.parent / "places" / "villages.csv").open(encoding="utf-8") as rows:
        names = ["Alas Roban", *(row["name"] for row in csv.DictReader(rows))]
    assert len(names) > 100  # far more than fit

    heard = await pool.transcribe(NOTES / "kecelakaan.ogg", hotwords=names)

    assert "kecelakaan" in words(heard.text)
    assert "alas roban" in heard.text.lower()


async def test_hints_that_get_the_model_stuck_are_given_up(pool):
    names = [f"Desa Karangjati {number}" for number in range(500)]

    heard = await pool.transcribe(NOTES / "kecelakaan.ogg", hotwords=names)

    assert "kecelakaan" in words(heard.text)
    assert "loop" not in heard.flags


async def test_hints_are_not_heard_in_silence_or_in_a_tone(pool, tmp_path):
    encode_opus(media.silence(10), tmp_path / "silence.ogg")
    media.tone(tmp_path / "tone.ogg", 10)

    for file in ("silence.ogg", "tone.ogg"):
        heard = await pool.transcribe(tmp_path / file, hotwords=["Alas Roban", "Gringsing"])
        assert (heard.text, heard.no_speech, heard.flags) == ("", True, ("no_speech",))


async def test_the_loop_goes_on_while_the_model_loads_and_notes_may_come_before(model):
    pool = SpeechPool(Speech(), model, workers=1)
    starting = asyncio.create_task(pool.start())
    note = asyncio.create_task(pool.transcribe(NOTES / "macet.ogg"))
    ticks = 0
    assert not pool.ready
    while not starting.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await starting

    try:
        assert pool.ready
        assert ticks > 20
        assert "jalan" in words((await note).text)
    finally:
        await pool.close(0)


async def test_a_short_note_overtakes_a_long_one_that_came_first(single):
    finished = []

    async def hear(name, room):
        await single.transcribe(NOTES / f"{name}.ogg", fair_key=room)
        finished.append(name)

    await asyncio.gather(hear("panjang", "ojol"), hear("macet", "pasar"), hear("pohon", "ojol"))

    assert finished[-1] == "panjang"


@pytest.mark.parametrize("name", media.HOPELESS)
async def test_a_hopeless_medium_gets_its_reason_and_the_next_note_is_heard(name, pool, tmp_path):
    make, reason = media.HOPELESS[name]
    make(tmp_path / name)

    async def both():
        with pytest.raises(MediaError) as caught:
            await pool.transcribe(tmp_path / name)
        assert caught.value.reason == reason
        assert "jalan" in words((await pool.transcribe(NOTES / "macet.ogg")).text)

    assert await peak_pss_mb(pool, both()) < 600


async def test_a_wav_that_lies_about_its_length_is_a_second_of_silence(pool, tmp_path):
    media.lying_wav(tmp_path / "lie.wav")

    heard = await pool.transcribe(tmp_path / "lie.wav")

    assert heard.no_speech
    assert heard.duration == pytest.approx(1, abs=0.01)


async def test_a_hundred_damaged_notes_are_each_heard_or_refused(pool, tmp_path):
    parent = psutil.Process().pid
    before = set(pool.worker_pids)
    originals = damaged.sources(tmp_path)
    kinds = set()

    async def hear(seed):
        path = tmp_path / f"seed-{seed}"
        kind, data = damaged.mutated(seed, originals)
        path.write_bytes(data)
        kinds.update(kind.split("+"))
        try:
            return await pool.transcribe(path)
        except MediaError as error:
            return error

    async def all_of_them():
        ends = await asyncio.gather(*(hear(seed) for seed in range(100)))
        refused = sum(isinstance(end, MediaError) for end in ends)
        assert 10 < refused < 90  # the damage is neither harmless nor hopeless
        assert kinds == set(damaged.KINDS)

    assert await peak_pss_mb(pool, all_of_them()) < 600
    assert psutil.Process().pid == parent
    assert set(pool.worker_pids) == before  # not one of them took its worker along


async def test_minutes_of_speech_take_no_more_memory_than_seconds(pool, tmp_path):
    """Speech from end to end, since silence is left out before the model; a quarter of an hour of it is for
    `bench/speech.py --long 15`, which takes minutes."""
    speech = segment_of(pcm_of(NOTES / "panjang.ogg"))
    encode_opus((speech * 4).raw_data, tmp_path / "long.ogg")
    heard = []

    async def hear():
        heard.append(await pool.transcribe(tmp_path / "long.ogg"))

    assert await peak_pss_mb(pool, hear()) < 600
    assert heard[0].duration == pytest.approx(4 * speech.duration_seconds, abs=2)
    assert heard[0].segments[-1].end > heard[0].duration - 15
    assert words(heard[0].text).count("terima") >= 4


async def test_what_is_beyond_the_cap_is_cut_off_and_said(model):
    async with Running(Speech(max_seconds=10, window_seconds=5), model, 1) as pool:
        heard = await pool.transcribe(NOTES / "panjang.ogg")

    assert heard.duration == 10
    assert "cut" in heard.flags
    assert "selamat" in words(heard.text)


async def test_a_worker_that_hangs_is_ended_and_the_next_note_is_heard(impatient):
    (stuck,) = impatient.worker_pids
    psutil.Process(stuck).suspend()

    with pytest.raises(SpeechTimeout):
        await impatient.transcribe(NOTES / "macet.ogg")

    assert "jalan" in words((await impatient.transcribe(NOTES / "macet.ogg")).text)
    assert impatient.worker_pids != [stuck]
    assert not psutil.pid_exists(stuck)


async def test_a_worker_killed_over_a_note_is_told_and_the_next_note_is_heard(model, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with Running(Speech(), model, 1) as pool:
        (worker,) = pool.worker_pids
        note = asyncio.create_task(pool.transcribe(NOTES / "panjang.ogg"))
        await until(lambda: list(tmp_path.glob("kentongan-voice-*/*.pcm")))  # opened and cut
        # Between opening and hearing the worker is idle for a moment, and an idle death counts against nobody.
        busy = spent(worker) + 0.3
        await until(lambda: spent(worker) > busy)
        psutil.Process(worker).kill()

        with pytest.raises(WorkerCrashed):
            await note
        assert "jalan" in words((await pool.transcribe(NOTES / "macet.ogg")).text)
        assert list(tmp_path.glob("kentongan-voice-*/*.pcm")) == []  # nobody's voice is left lying about
    assert list(tmp_path.glob("kentongan-voice-*")) == []


async def test_a_worker_killed_while_idle_costs_no_note_anything(single):
    psutil.Process(single.worker_pids[0]).kill()

    assert "jalan" in words((await single.transcribe(NOTES / "macet.ogg")).text)


async def test_a_worker_told_to_end_by_the_system_does_not_count_against_its_note(model, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with Running(Speech(), model, 1) as pool:
        note = asyncio.create_task(pool.transcribe(NOTES / "panjang.ogg"))
        await until(lambda: list(tmp_path.glob("kentongan-voice-*/*.pcm")))
        psutil.Process(pool.worker_pids[0]).terminate()

        assert "hujan" in words((await note).text)


async def test_a_worker_is_replaced_after_its_share_of_work(model):
    async with Running(Speech(recycle_after=2), model, 1) as pool:
        first = pool.worker_pids
        for _ in range(2):
            await pool.transcribe(NOTES / "macet.ogg")
        assert "jalan" in words((await pool.transcribe(NOTES / "macet.ogg")).text)

        assert pool.worker_pids != first


async def test_an_allocation_beyond_the_wall_fails_in_the_worker_alone(single):
    (slot,) = single._slots

    with pytest.raises(MemoryError):
        await slot.call(bytearray, 2_000_000_000, seconds=30)

    assert "jalan" in words((await single.transcribe(NOTES / "macet.ogg")).text)


async def test_a_worker_that_grows_beyond_its_limit_is_ended(model):
    async with Running(Speech(worker_memory_mb=300), model, 1) as pool:
        (slot,) = pool._slots
        grow = "import time; kept = bytearray(b'1') * 280_000_000; time.sleep(60)"

        with pytest.raises(WorkerCrashed, match="memory"):
            await slot.call(exec, grow, seconds=55)

        assert "jalan" in words((await pool.transcribe(NOTES / "macet.ogg")).text)


async def test_closing_gives_back_what_was_not_heard(single):
    notes = [asyncio.create_task(single.transcribe(NOTES / f"{name}.ogg")) for name in ("macet", "pohon", "sim")]
    await until(lambda: single.waiting == 3)
    workers = single.worker_pids

    await single.close(10)

    ends = await asyncio.gather(*notes, return_exceptions=True)
    assert any(isinstance(end, PoolClosed) for end in ends)
    assert all(isinstance(end, PoolClosed) or "jalan" in words(end.text) for end in ends)
    await until(lambda: not any(psutil.pid_exists(pid) for pid in workers), 10)
    with pytest.raises(PoolClosed):
        await single.transcribe(NOTES / "macet.ogg")


async def test_a_model_that_cannot_be_loaded_is_told_at_the_start(model, tmp_path):
    for file in model.iterdir():
        if file.name != "model.bin":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "model.bin").write_bytes((model / "model.bin").read_bytes()[:1_000_000])
    pool = SpeechPool(Speech(), tmp_path, workers=1)

    with pytest.raises(ModelBroken):
        await pool.start()


async def test_sound_that_a_killed_bot_left_behind_is_gone_at_the_next_start(model, tmp_path):
    left = tmp_path / "scratch" / "4711-1.pcm"
    left.parent.mkdir()
    left.write_bytes(b"somebody's voice")
    pool = SpeechPool(Speech(), model, workers=1, scratch=left.parent)

    await pool.start()

    assert not left.exists()
    await pool.close()
    assert not left.parent.exists()


PARENT = """
import asyncio, sys
from pathlib import Path
from bot.config import Speech
from bot.voice.pool import SpeechPool

async def main():
    pool = SpeechPool(Speech(), Path(sys.argv[1]), workers=2)
    await pool.start()
    notes = [asyncio.create_task(pool.transcribe(Path(sys.argv[2]))) for _ in range(4)]
    print(*pool.worker_pids, flush=True)
    await asyncio.gather(*notes)

asyncio.run(main())
"""


async def test_no_process_outlives_a_parent_that_was_killed(model):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(model), str(NOTES / "panjang.ogg"), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    workers: list[int] = []
    while len(workers) != 2:  # log lines come first
        line = (await parent.stdout.readline()).decode().split()
        workers = [int(word) for word in line] if all(word.isdigit() for word in line) else []
    family = psutil.Process(parent.pid).children(recursive=True)
    assert {child.pid for child in family} >= set(workers)

    parent.kill()
    await parent.wait()

    await until(lambda: not any(child.is_running() and child.status() != "zombie" for child in family), 10)


async def test_a_worker_imports_nothing_of_the_bot_but_the_voice(single):
    (slot,) = single._slots
    loaded = await slot.call(eval, "sorted(__import__('sys').modules)", seconds=10)

    assert "bot.voice.worker" in loaded
    assert not {"nio", "sqlalchemy", "typer", "bot.config", "bot.cli"} & set(loaded)


async def test_a_worker_keeps_to_one_thread_of_work(single):
    await single.transcribe(NOTES / "macet.ogg")
    (worker,) = single.worker_pids
    process = psutil.Process(worker)
    before, started = sum(process.cpu_times()[:2]), asyncio.get_running_loop().time()

    await single.transcribe(NOTES / "pohon.ogg")

    spent = sum(process.cpu_times()[:2]) - before
    assert spent < (asyncio.get_running_loop().time() - started) * 1.25 + 0.1
    assert os.getsid(worker) == worker  # Ctrl-C does not reach it
