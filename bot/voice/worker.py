"""What runs inside a speech worker: one process, one thread, one model.

The functions here are called through the pool and nowhere else. Nothing heavy is imported before `prepare`
has limited the threads, and only this package's own errors leave the process: others may not be picklable.
"""

from __future__ import annotations

import ctypes
import functools
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bot.voice.errors import MediaError, ModelBroken, WorkerLost
from bot.voice.judge import COMPRESSION, RawSegment, Window

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PR_SET_PDEATHSIG = 1
NICENESS = 5
"""The bot's answers go before its hearing."""
EXIT_MEMORY = 77
HINT_TOKENS = 180
"""Whisper's prompt may have 223 tokens and shares 448 with what is heard: thirty seconds of quick speech."""
TEMPERATURES = (0.0, 0.4)
STEP_MS = 50
MB = 1 << 20
ROOM_MB = 250
"""What a window needs beside its model."""
SLACK_MB = 128
"""Address space is reserved in bigger pieces than it is used."""


@dataclass(frozen=True)
class WorkerSettings:
    """All a worker needs to know; plain values, they travel to another process."""

    model: str
    """Folder."""
    device: str
    compute_type: str
    language: str
    beam_size: int
    max_bytes: int
    max_seconds: int
    window_seconds: int
    decode_seconds: float
    memory_mb: int
    scratch: str
    """Folder for the sound of notes that are cut."""
    parent: int
    """Process id of the bot."""


@dataclass(frozen=True)
class Loaded:
    """A worker is ready."""

    pid: int
    memory_mb: int
    """Resident, with the model loaded."""
    seconds: float


@dataclass(frozen=True)
class Piece:
    """A window of a cut note, in samples."""

    start: int
    end: int


@dataclass(frozen=True)
class Opened:
    """A decoded note. A short one is heard at once, a long one cut."""

    duration: float
    cut: bool
    seconds: float
    """Time that decoding took."""
    whole: Window | None
    """What was heard, when the note is one window."""
    pcm: str
    """File with the sound of a note that is cut; else empty."""
    pieces: tuple[Piece, ...]


_settings: WorkerSettings
_engine: Engine | None = None


def prepare(settings: WorkerSettings) -> None:
    """First thing in the process: die with the parent, keep to one thread, leave no core file."""
    global _settings
    _settings = settings
    for name in ONE_THREAD:
        os.environ[name] = "1"
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _prefer_for_oom_killer()
    if os.getppid() != settings.parent:  # it died before we asked to be told
        os._exit(0)
    os.setsid()  # Ctrl-C is for the bot, which ends us in its own time
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # at once, even in the middle of native code
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # somebody's voice does not belong into a core file


def load() -> Loaded:
    """Load the model and the voice activity detector. Raises ModelBroken."""
    global _engine
    started = time.monotonic()
    if _engine is None:
        try:
            _engine = Engine(_settings)
        except Exception as error:
            raise ModelBroken(f"{_settings.model}: {error}") from None
        _limit_memory(_settings.memory_mb)
    return Loaded(os.getpid(), _resident_mb(), time.monotonic() - started)


def _own_errors(function: Callable[..., T]) -> Callable[..., T]:
    @functools.wraps(function)
    def guarded(*args: Any) -> T:
        try:
            return function(*args)
        except (MediaError, WorkerLost):
            raise
        except OSError as error:  # a full disk is no note's fault
            raise WorkerLost(f"{error.strerror}") from None
        except MemoryError:
            os._exit(EXIT_MEMORY)  # what else failed half-way cannot be known
        except Exception as error:
            os.write(2, f"speech worker: {type(error).__name__}\n".encode())
            os._exit(1)

    return guarded


@_own_errors
def open_note(path: str, hints: Sequence[str]) -> Opened:
    """Decode a note; hear it if it is one window, else lay its sound down and say where to cut.

    Raises MediaError for a medium that cannot be heard.
    """
    from bot.voice.audio import RATE, SAMPLE_BYTES, levels, seconds_of
    from bot.voice.decode import Limits, decode
    from bot.voice.windows import cuts

    started = time.monotonic()
    limits = Limits(_settings.max_bytes, _settings.max_seconds, _settings.decode_seconds)
    decoded = decode(Path(path), limits)
    pcm = bytes(decoded.pcm)
    duration = seconds_of(pcm)
    if duration <= _settings.window_seconds:
        seconds = time.monotonic() - started
        whole = _loaded().hear(_floats(pcm), 0.0, hints)
        return Opened(duration, decoded.cut, seconds, whole, "", ())
    step = RATE * STEP_MS // 1000
    samples = len(pcm) // SAMPLE_BYTES
    windows = cuts(levels(pcm, STEP_MS), _settings.window_seconds * 1000 // STEP_MS)
    pieces = tuple(Piece(start * step, min(end * step, samples)) for start, end in windows)
    file = Path(_settings.scratch) / f"{os.getpid()}-{time.monotonic_ns()}.pcm"
    file.write_bytes(pcm)
    return Opened(duration, decoded.cut, time.monotonic() - started, None, str(file), pieces)


@_own_errors
def hear_piece(file: str, piece: Piece, hints: Sequence[str]) -> Window:
    """Hear one window of a note that was cut."""
    from bot.voice.audio import RATE, SAMPLE_BYTES

    with open(file, "rb") as sound:
        sound.seek(piece.start * SAMPLE_BYTES)
        pcm = sound.read((piece.end - piece.start) * SAMPLE_BYTES)
    return _loaded().hear(_floats(pcm), piece.start / RATE, hints)


class Engine:
    """The model, and how we ask it."""

    def __init__(self, settings: WorkerSettings) -> None:
        from faster_whisper import WhisperModel, transcribe
        from faster_whisper.vad import get_vad_model

        # Its progress bar, which we never show, would make a system-wide lock that outlives a killed worker.
        transcribe.tqdm.set_lock(threading.RLock())
        self._settings = settings
        self._model = WhisperModel(
            settings.model,
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=1,
            local_files_only=True,
        )
        get_vad_model()

    def hear(self, sound: np.ndarray[Any, Any], offset: float, hints: Sequence[str]) -> Window:
        """Words in at most one window of sound (float32, 16 kHz); `offset` seconds stand before it."""
        started = time.monotonic()
        hint = self._hint(hints)
        heard = self._listen(sound, offset, hint)
        if hint and any(segment.compression > COMPRESSION for segment in heard):
            heard = self._listen(sound, offset, None)  # a hint may get the model stuck on itself
        return Window(heard, time.monotonic() - started)

    def _listen(self, sound: np.ndarray[Any, Any], offset: float, hint: str | None) -> tuple[RawSegment, ...]:
        segments, _ = self._model.transcribe(
            sound,
            language=self._settings.language,
            beam_size=self._settings.beam_size,
            temperature=TEMPERATURES,
            condition_on_previous_text=False,
            no_speech_threshold=None,  # given one, it deletes; we flag
            vad_filter=True,
            hotwords=hint,
        )
        return tuple(
            RawSegment(
                start=offset + float(segment.start),
                end=offset + float(segment.end),
                text=segment.text,
                log_probability=float(segment.avg_logprob),
                no_speech=float(segment.no_speech_prob),
                compression=float(segment.compression_ratio),
            )
            for segment in segments
        )

    def _hint(self, hints: Sequence[str]) -> str | None:
        """As many hints as fit, the first ones first. In small letters: after a list of Names the model Writes
        Every Word As One and breaks the common ones."""
        lower = [hint.lower() for hint in hints]
        return fitting(lower, lambda text: len(self._model.hf_tokenizer.encode(" " + text).ids), HINT_TOKENS) or None


def fitting(hints: Sequence[str], tokens: Callable[[str], int], most: int) -> str:
    """The longest beginning of the list, joined by commas, of at most `most` tokens."""
    low, high = 0, len(hints)
    while low < high:
        middle = (low + high + 1) // 2
        if tokens(", ".join(hints[:middle])) <= most:
            low = middle
        else:
            high = middle - 1
    return ", ".join(hints[:low])


def _loaded() -> Engine:
    if _engine is None:
        raise WorkerLost("asked before its model was loaded")
    return _engine


def _floats(pcm: bytes) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0


def _limit_memory(memory_mb: int) -> None:
    """A hard wall above what is used now, at which allocations fail; the pool's watch on resident memory comes
    earlier for slow growth, this for one giant step."""
    used = _status_mb("VmData")
    room = max(memory_mb - _resident_mb(), ROOM_MB) + SLACK_MB
    resource.setrlimit(resource.RLIMIT_DATA, ((used + room) * MB, resource.RLIM_INFINITY))


def _resident_mb() -> int:
    return _status_mb("VmRSS")


def _status_mb(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) // 1024
    return 0


def _prefer_for_oom_killer() -> None:
    """When the machine runs out of memory, a worker is the one to go: it can be replaced."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        return
