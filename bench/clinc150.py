"""How does the matcher do on CLINC150 (Larson et al. 2019, 150 intents, English), beside what others published?

    python bench/clinc150.py shared/data/clinc150/train_val.json            # measured on val
    python bench/clinc150.py train_val.json --test data_full.json           # measured on the published test split

Trains on the in-scope training rows alone. Prints in-scope accuracy and out-of-scope recall at the threshold that
the matcher chose from those rows, and on the sweep of `score` the recall where accuracy is 91 % and 93 %.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

from rich.progress import track

from bot.dialogue.foreign import ForeignMatcher, Found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="train_val.json, or data_full.json")
    arguments.add_argument("--test", type=Path, help="file with the splits test and oos_test; default: val")
    options = arguments.parse_args()
    data = json.loads(options.data.read_text(encoding="utf-8"))
    held = json.loads(options.test.read_text(encoding="utf-8")) if options.test else data
    names = ("test", "oos_test") if options.test else ("val", "oos_val")
    started = time.perf_counter()
    matcher = ForeignMatcher([(text, intent) for text, intent in data["train"]])
    built = time.perf_counter() - started
    inside = [(intent, matcher.find(text)) for text, intent in track(held[names[0]], names[0], transient=True)]
    outside = [matcher.find(text) for text, _ in held[names[1]]]
    strangers = outside if options.test else [*outside, *(matcher.find(text) for text, _ in data["oos_train"])]
    right = sum(found.intent == intent for intent, found in inside) / len(inside)
    refused = sum(found.intent is None for found in strangers) / len(strangers)
    print(f"{len(inside)} in scope, {len(strangers)} out of scope ({'test' if options.test else 'val + oos_train'})")
    print(f"built in {built:.1f} s, threshold {matcher.threshold:.3f} from the training rows")
    print(f"at its own threshold: in scope {right:.1%}, out-of-scope recall {refused:.1%}")
    print(f"without refusing: in scope {sum(found.best == intent for intent, found in inside) / len(inside):.1%}")
    for target in (0.91, 0.93):
        recall = frontier(inside, strangers, target)
        shown = "not reached" if recall is None else f"{recall:.1%}"
        print(f"sweep: in scope {target:.0%} -> out-of-scope recall {shown}")


def frontier(inside: list[tuple[str, Found]], strangers: list[Found], target: float) -> float | None:
    """Out-of-scope recall at the highest threshold that keeps `target` of the in-scope questions right."""
    scores = sorted((found.score for intent, found in inside if found.best == intent), reverse=True)
    needed = math.ceil(target * len(inside))
    if len(scores) < needed:
        return None
    return sum(found.score < scores[needed - 1] for found in strangers) / len(strangers)


if __name__ == "__main__":
    main()
