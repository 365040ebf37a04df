"""What becomes of damaged voice notes? None may take the bot along, or more memory than a worker has.

Each note is one of the spoken test notes in one of six containers, and then: cut off somewhere (truncated), with 1 to
64 wrong bits (flipped), with the head of another file (spliced), with a piece of itself taken out, doubled or
overwritten, or several of these. It goes the way of a real note: through the speech pool with its own settings,
twice if its worker died. It must end as a transcript or as a refusal with a reason, from which the log makes a marked
entry. The seed names the note, so that any of them can be made again.

    .venv/bin/python bench/mutated_audio.py [--notes 1000] [--first 0] [--model base]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import psutil

from bot.config import Log, Speech
from bot.handlers.listening import QUARANTINE_AFTER
from bot.logs import configure
from bot.voice.decode import Limits, decode
from bot.voice.errors import MediaError, SpeechTimeout, WorkerCrashed
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

ROOT = Path(__file__).resolve().parents[1]
SPOKEN = ("macet", "pohon", "aman", "pencurian", "kebakaran", "sim")
CONTAINERS = {
    "ogg": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "m4a": ("mp4", "aac"),
    "mp3": ("mp3", "mp3"),
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
}
RATE = 48_000
MB = 1 << 20


def sources(folder: Path) -> list[bytes]:
    """Every spoken note in every container."""
    made = []
    for name in SPOKEN:
        pcm = decode(ROOT / "tests" / "notes" / f"{name}.ogg", Limits(50_000_000, 900, 60)).pcm
        for suffix, (container, codec) in CONTAINERS.items():
            path = folder / f"{name}.{suffix}"
            encode(bytes(pcm), path, container, codec)
            made.append(path.read_bytes())
    return made


def encode(pcm: bytes, path: Path, container: str, codec: str) -> None:
    """PCM (16 kHz, mono, 16 bits) into a container."""
    import numpy as np

    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = 16_000, 0
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=RATE,
                                      frame_size=stream.codec_context.frame_size or 0)  # fmt: skip
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


def truncated(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    return data[: dice.randrange(len(data))]


def flipped(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    changed = bytearray(data)
    most = len(changed) if dice.random() < 0.5 else min(len(changed), 512)  # the head says how to read the rest
    for _number in range(dice.randint(1, 64)):
        changed[dice.randrange(most)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def spliced(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    size = dice.choice((4, 16, 48, 200, 1024))
    return dice.choice(others)[:size] + data[dice.choice((0, size)) :]


def displaced(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    start, end = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    piece = data[start:end]
    return dice.choice((data[:start] + data[end:], data[:end] + piece + data[end:],
                        data[:start] + dice.randbytes(len(piece)) + data[end:]))  # fmt: skip


KINDS: dict[str, Callable[[bytes, random.Random, list[bytes]], bytes]] = {
    "truncated": truncated, "flipped": flipped, "spliced": spliced, "displaced": displaced,
}  # fmt: skip


def mutated(seed: int, originals: list[bytes]) -> tuple[str, bytes]:
    """The damaged note of a seed: how it was damaged, and its bytes."""
    dice = random.Random(seed)
    data = dice.choice(originals)
    kinds = dice.sample(sorted(KINDS), 1 if dice.random() < 0.8 else 2)
    for kind in kinds:
        if data:
            data = KINDS[kind](data, dice, originals)
    return "+".join(kinds), data


async def end_of(pool: SpeechPool, path: Path) -> str:
    """What becomes of a note, as the listening loop sees it: a transcript, or the reason of its marked entry."""
    for attempt in range(QUARANTINE_AFTER):
        try:
            heard = await pool.transcribe(path)
        except MediaError as error:
            return f"marked: {error.reason.value}"
        except (WorkerCrashed, SpeechTimeout) as error:
            print(f"{path.name}: {type(error).__name__} ({error}), attempt {attempt + 1}", flush=True)
        else:
            return "transcript without words" if heard.no_speech else "transcript"
    return "marked: quarantine"


async def peak(pool: SpeechPool, over: asyncio.Event) -> float:
    """The highest proportional set size of any worker, megabytes."""
    most = 0.0
    while not over.is_set():
        for pid in pool.worker_pids:
            try:
                most = max(most, psutil.Process(pid).memory_full_info().pss / MB)
            except psutil.Error:
                continue
        await asyncio.sleep(0.2)
    return most


async def run(seeds: range, model: str) -> bool:
    """All of them; true when each had an end and no worker was too big."""
    speech = Speech()
    ends: Counter[str] = Counter()
    pool = SpeechPool(speech, find_model(model))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = sources(folder)
        await pool.start()
        over = asyncio.Event()
        watch = asyncio.create_task(peak(pool, over))
        room = asyncio.Semaphore(8)

        async def one(seed: int) -> None:
            async with room:
                path = folder / f"seed-{seed}"
                path.write_bytes(mutated(seed, originals)[1])
                ends[await end_of(pool, path)] += 1
                path.unlink()

        await asyncio.gather(*(one(seed) for seed in seeds))
        over.set()
        most = await watch
        await pool.close()
    print(f"{len(seeds)} notes (seeds {seeds.start} to {seeds.stop - 1}) in {time.monotonic() - started:.0f} s, "
          f"largest worker {most:.0f} MB of {speech.worker_memory_mb}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for end, number in sorted(ends.items()):
        print(f"  {end}: {number}")
    return sum(ends.values()) == len(seeds) and most <= speech.worker_memory_mb


def main() -> None:
    """Exit 1 when a note had no end or a worker grew beyond its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--notes", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--model", default="base")
    given = parser.parse_args()
    configure(Log(level="error"))
    if not asyncio.run(run(range(given.first, given.first + given.notes), given.model)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
