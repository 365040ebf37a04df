"""Files that rows name: removed only ever below the data folder, whatever a row says."""

from __future__ import annotations

from pathlib import Path


def remove(data_dir: Path, path: Path) -> bool:
    """Whether there was one to remove."""
    real = path.resolve()
    if not real.is_relative_to(data_dir.resolve()) or not real.is_file():
        return False
    real.unlink()
    return True
