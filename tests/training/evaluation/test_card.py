"""The figures of a model card."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluation.card import card_figures, write_card
from training.evaluation.results import Evaluation

INTERVAL = {"mean": 0.2796, "low": 0.264, "high": 0.296, "pairs": 100}
FINGERPRINT = {
    "protocol": {"name": "rendered"},
    "data": {
        "kind": "fashion",
        "split": "test",
        "pairs": 100,
        "pairs_available": 800,
        "picture_size": [192, 128],
        "person_mask": "exact",
        "sha256": "d" * 64,
    },
    "real_set": {"sha256": "e" * 64},
    "networks": {"vgg16": "a" * 64},
    "packages": {"gfla_tf": "0.1.0", "tensorflow": "2.21.0"},
}
CONTENT = {
    "fingerprint": FINGERPRINT,
    "systems": {
        "mine": {"metrics": {"lpips_vgg16": INTERVAL, "psnr": {**INTERVAL, "mean": 21.5}}, "sets": {"fid": 33.333}},
        "copy": {"metrics": {"lpips_vgg16": {"mean": None}}, "sets": {}},
    },
    "reference": "mine",
    "differences": {"copy": {"lpips_vgg16": {**INTERVAL, "mean": 0.119}, "psnr": {**INTERVAL, "mean": -1.5}}},
}
EVALUATION = Evaluation(Path(), CONTENT, {})
EXPECTED = """By `python -m training evaluate --protocol rendered` on 100 of 800 pairs of the test split, compared at \
192x128 (height x width), exact masks of people; means with 95% bootstrap intervals.

|  | mine | copy |
|---|---|---|
| LPIPS (VGG16) (lower is better) | 0.280 (0.264 to 0.296) | - |
| PSNR (higher is better) | 21.50 (0.264 to 0.296) | - |
| FID (lower is better) | 33.33 | - |

Differences to mine, one by one:

|  | copy |
|---|---|
| LPIPS (VGG16) (lower is better) | +0.119 (0.264 to 0.296) |
| PSNR (higher is better) | -1.500 (0.264 to 0.296) |

With gfla_tf 0.1.0, tensorflow 2.21.0. SHA-256: data dddddddddddd, vgg16 aaaaaaaaaaaa, real pictures eeeeeeeeeeee.
"""


def test_figures():
    assert card_figures(EVALUATION) == EXPECTED


def test_a_card_keeps_the_rest_and_is_the_same_when_written_again(tmp_path):
    card = tmp_path / "README.md"
    around = "# Mine\n\n<!-- figures: rendered -->\nold\n<!-- end of figures -->\n\n<!-- figures: video256 -->\n"
    card.write_text(around + "kept\n<!-- end of figures -->\n", encoding="utf-8")
    write_card(EVALUATION, card)
    written = card.read_text(encoding="utf-8")
    assert written == around.replace("old\n", f"\n{EXPECTED}\n") + "kept\n<!-- end of figures -->\n"
    write_card(EVALUATION, card)
    assert card.read_text(encoding="utf-8") == written


def test_a_card_with_two_evaluations_under_one_protocol(tmp_path):
    card, end = tmp_path / "README.md", "<!-- end of figures -->\n"
    card.write_text(f"<!-- figures: rendered -->\n{end}Ablations\n<!-- figures: rendered ablations -->\n{end}")
    write_card(EVALUATION, card, "ablations")
    first, _, second = card.read_text().partition("Ablations\n")
    assert first == f"<!-- figures: rendered -->\n{end}"
    assert second == f"<!-- figures: rendered ablations -->\n\n{EXPECTED}\n{end}"
    with pytest.raises(ValueError, match="<!-- figures: rendered speed -->"):
        write_card(EVALUATION, card, "speed")


def test_a_card_without_a_place(tmp_path):
    with pytest.raises(ValueError, match="--card: a Markdown file is expected. Received: .*README.md"):
        write_card(EVALUATION, tmp_path / "README.md")
    (tmp_path / "README.md").write_text("# Mine\n\n<!-- figures: video256 -->\n<!-- end of figures -->\n")
    with pytest.raises(
        ValueError, match="the lines <!-- figures: rendered --> and <!-- end of figures --> are expected"
    ):
        write_card(EVALUATION, tmp_path / "README.md")
