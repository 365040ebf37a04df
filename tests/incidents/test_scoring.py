"""What `kentongan incidents match` prints for the labelled messages, as promises.

The bounds lie a little under what was measured when they were set; they are raised with the rules, never lowered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.scoring import Labelled, Score, labelled, score
from bot.problem import ContentError

HERE = Path(__file__).parent
FILES = {
    name: labelled(HERE / f"{name}.yaml")
    for name in ("dev", "dev_fresh", "dev_wide", "dev_later", "dev_last", "dev_more", "dev_tenth")
}
MESSAGES = [message for messages in FILES.values() for message in messages]


@pytest.fixture(scope="module")
def all_scores(analyser: Analyser) -> dict[str, Score]:
    return score(analyser, MESSAGES)


def test_the_labelled_messages_are_enough_and_split() -> None:
    assert len(MESSAGES) >= 790
    assert len({message.text for message in MESSAGES}) == len(MESSAGES)
    assert sum(message.part == "holdout" for message in MESSAGES) >= 265


def test_messages_that_nobody_tuned_to_are_understood(all_scores: dict[str, Score]) -> None:
    measured = all_scores["holdout"].rates()
    assert measured["category"] >= 0.88, measured
    assert measured["urgency"] >= 0.90, measured
    assert measured["district"] >= 0.94, measured
    assert measured["report"] >= 0.96, measured


def test_the_batch_written_before_the_rules_were_seen_is_understood(analyser: Analyser) -> None:
    measured = score(analyser, FILES["dev_fresh"])["holdout"].rates()
    assert measured["category"] >= 0.88, measured
    assert measured["urgency"] >= 0.86, measured
    assert measured["district"] >= 0.90, measured


def test_the_batch_written_last_and_never_tuned_to_is_understood(analyser: Analyser) -> None:
    measured = score(analyser, FILES["dev_last"])["holdout"].rates()
    assert measured["category"] >= 0.85, measured
    assert measured["urgency"] >= 0.87, measured
    assert measured["district"] >= 0.92, measured


def test_the_unseen_half_of_the_batch_written_after_a_review_is_understood(analyser: Analyser) -> None:
    measured = score(analyser, FILES["dev_tenth"])["holdout"].rates()
    assert measured["category"] >= 0.85, measured
    assert measured["urgency"] >= 0.87, measured
    assert measured["district"] >= 0.90, measured


def test_the_messages_that_the_rules_were_made_with_stay_understood(all_scores: dict[str, Score]) -> None:
    measured = all_scores["tune"].rates()
    assert min(measured.values()) >= 0.95, measured


def test_no_darurat_is_taken_for_info_or_for_no_report(all_scores: dict[str, Score]) -> None:
    assert all_scores["tune"].lost == []
    assert all_scores["holdout"].lost == []


def test_the_split_hangs_on_the_text_alone() -> None:
    row = {"category": "laut", "urgency": "darurat", "district": None}
    assert Labelled.model_validate({**row, "text": "a"}).part == "tune"  # sha256("a") begins with 0xca
    assert Labelled.model_validate({**row, "text": "d"}).part == "tune"  # 0x18
    assert Labelled.model_validate({**row, "text": "b"}).part == "tune"  # 0x3e
    assert Labelled.model_validate({**row, "text": "e"}).part == "holdout"  # 0x3f


def test_where_several_labels_are_right_any_of_them_counts(analyser: Analyser) -> None:
    row = {"text": "ada kebakaran di Subah", "urgency": "darurat", "district": ["Subah", None], "split": "tune"}
    right = Labelled.model_validate({**row, "category": ["kebakaran", "pembaruan"]})
    wrong = Labelled.model_validate({**row, "category": "banjir"})
    assert score(analyser, [right])["tune"].missed == []
    assert score(analyser, [wrong])["tune"].category == 0


def test_a_label_that_is_no_urgency_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "salah.yaml"
    path.write_text("messages:\n  - {text: a, category: laut, urgency: penting, district: Subah}\n")
    with pytest.raises(ContentError, match=r"salah\.yaml:2"):
        labelled(path)
