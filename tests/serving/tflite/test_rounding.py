"""A model whose own arithmetic is off by more than the tolerance is exported; a wrong file never is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from serving.export import ExportError
from serving.tflite import export
from serving.tflite.rounding import allow_rounding, own_rounding
from serving.tflite.verification import EXACT, ROUNDED, Agreement, Limit, compare


def off_by(maximum: float, mean: float) -> Agreement:
    return Agreement("an interpreter", maximum, mean, 70.0, 60.0)


def test_convention_two_programs_may_differ_by_what_both_are_off():
    limit = Limit(maximum=1.0, mean=0.1)
    assert allow_rounding(limit, off_by(0.75, 0.01)) == Limit(maximum=1.5, mean=0.1)
    assert allow_rounding(limit, off_by(0.25, 0.25)) == Limit(maximum=1.0, mean=0.5)


def test_float32_is_off_by_its_seventh_digit(person_model, motion_model):
    for model, size in ((person_model, (32, 48)), (motion_model, None)):
        found = own_rounding(model, size, count=1)
        assert 1e-9 < found.mean <= found.maximum < 1e-4


@pytest.mark.parametrize("limit", [EXACT, ROUNDED, Limit()])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_never_right(limit, wrong):
    right = np.full((2, 2), 1e-6)
    assert compare("an interpreter", [right, right]).complaints(limit) == []
    for differences in ([right, np.array([[0, wrong]])], [np.array([[0, wrong]]), right]):
        (complaint,) = compare("an interpreter", differences).complaints(limit)
        assert complaint == f"an interpreter: largest difference {wrong}, mean {wrong}, finite ones are expected"


@pytest.mark.parametrize(("own", "is_written"), [(2e-3, True), (1e-3, False)])
def test_own_rounding_widens_the_tolerance(own, is_written, motion_model, tmp_path, monkeypatch):
    assert EXACT.maximum == 2e-3
    monkeypatch.setattr(export, "verify", lambda *_: [off_by(3e-3, 5e-5)])
    monkeypatch.setattr(export, "own_rounding", lambda *_: Agreement("itself", own, 1e-5, 70.0, 60.0))
    if not is_written:
        with pytest.raises(ExportError, match=r"an interpreter: largest difference 0.003, at most 0.002 is allowed"):
            export.export_lite(motion_model, tmp_path)
        return
    path, report = export.export_lite(motion_model, tmp_path)
    verification = json.loads(path.read_text())["verification"]
    assert [entry["interpreter"] for entry in verification] == ["an interpreter", "itself"]
    assert "itself: largest difference 0.002" in report
