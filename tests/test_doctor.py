"""The report about the installation."""

from __future__ import annotations

import pytest

from gfla_tf import doctor


def test_everything_is_well_here():
    findings = list(doctor.examine())
    assert [finding.subject for finding in findings if not finding.healthy] == []
    subjects = {finding.subject for finding in findings}
    assert {"Python", "TensorFlow", "local attention", "networks", "pose estimator"} <= subjects


def test_a_check_that_crashes_becomes_a_finding(monkeypatch):
    def broken():
        raise ImportError("libGL is\nmissing")

    monkeypatch.setattr(doctor, "_pose_estimator", broken)
    (finding,) = [finding for finding in doctor.examine() if finding.subject == "pose estimator"]
    assert not finding.healthy
    assert finding.found == "ImportError: libGL is missing"
    assert finding.remedy.startswith("pip install")


def test_a_wrong_network_is_noticed(monkeypatch):
    monkeypatch.setattr(doctor, "SELF_TEST_SEED", 12)
    finding = doctor._networks()
    assert not finding.healthy
    assert "differs" in finding.found


@pytest.mark.parametrize("name", ["numpy", "package-that-nobody-has"])
def test_packages(name):
    finding = doctor._package(name)
    assert finding.healthy == (name == "numpy")
    assert finding.healthy or finding.remedy == f"pip install {name}"
