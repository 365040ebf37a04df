"""What becomes of damaged voice notes? None may take the bot along, or more memory than a worker has.

The notes are those of `tests/notes/damaged_notes.py`; `make test` hears the first hundred. Each goes the way of a real
note: through the speech pool with its own settings, twice if its worker died. It must end as a transcript or as a
refusal with a reason, from which the log makes a marked entry.

    .venv/bin/python bench/mutated_audio.py [--notes 1000] [--first 0] [--model base]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from bot.config import Log, Speech
from bot.handlers.listening import QUARANTINE_AFTER
from bot.logs import configure
from bot.voice.errors import MediaError, SpeechTimeout, WorkerCrashed
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "notes"))

from damaged_notes import mutated, sources

MB = 1 << 20


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
