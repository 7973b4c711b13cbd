"""`python -m training evaluate`, `compare` and `report`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.tiny_datasets import TEST, tree, write_market

from gfla_tf.json_files import read_json
from training.__main__ import main
from training.evaluation.fingerprint import VERSION, describe_fingerprint, fingerprint
from training.evaluation.hashes import json_sha256
from training.evaluation.protocols import PROTOCOLS
from training.evaluation.scores import METRICS


@pytest.fixture
def evaluated(data, tmp_path) -> Path:
    """Copy and warp, evaluated."""
    baselines = ["--baseline", "copy", "--baseline", "warp"]
    assert (
        main(["evaluate", "--protocol", "tiny", "--data", str(data), *baselines, "--output", str(tmp_path / "a")]) == 0
    )
    return tmp_path / "a"


def test_evaluate_prints_the_table(data, tmp_path, capsys):
    baselines = ["--baseline", "copy", "--baseline", "warp", "--sheet", "0"]
    assert main(["evaluate", "--protocol", "tiny", "--data", str(data), *baselines, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "Protocol tiny: for tests; 2 of 2 pairs of the test split, compared at 256x176 (height x width)" in printed
    assert "exact masks of people, data " in printed
    assert "PSNR ↑" in printed
    assert "Difference to copy" in printed
    assert printed.splitlines()[-1] == str(tmp_path)
    said = read_json(tmp_path / "evaluation.json")["fingerprint"]
    number = json_sha256(said)[:12]
    settings = f"evaluation {VERSION}, protocol tiny, resized by bicubic, generated files .png, "
    assert f"\nFingerprint {number}: {settings}" in printed
    assert "LPIPS 0.1, left out for want of joints or length: 0.\nWith gfla_tf " in printed
    for package in ("tensorflow", "keras", "numpy", "scipy", "opencv"):
        assert f", {package} {said['packages'][package]}" in printed
    assert f"SHA-256: data {said['data']['sha256'][:12]}, alexnet {said['networks']['alexnet'][:12]}." in printed


def test_every_setting_of_a_protocol_is_printed():
    data = {"sha256": "d" * 64, "pairs_left_out": {"no joint": 2, "no annotation": 3}}
    real_set, networks = {"pictures": 7, "sha256": "e" * 64}, {"vgg16": "a" * 64, "pose estimator": "b" * 64}
    text = describe_fingerprint(fingerprint(PROTOCOLS["patn176"], data, networks, real_set))
    assert "protocol patn176, crop middle-176, resized by bicubic, generated files .png/.jpg/.jpeg, " in text
    assert "SSIM gaussian-1.5 with range generated, LPIPS 0.1, left out for want of joints or length: 5, " in text
    assert "7 real pictures.\n" in text
    hashes = f"data {'d' * 12}, vgg16 {'a' * 12}, pose estimator {'b' * 12}, real pictures {'e' * 12}."
    assert text.endswith(f"SHA-256: {hashes}")
    older = fingerprint(PROTOCOLS["patn176"], data, networks, real_set)
    del older["protocol"]["crop"]
    assert "protocol patn176, resized by bicubic" in describe_fingerprint(older)


def test_models_and_folders(data, tmp_path, make_model, capsys):
    stems = [name.removesuffix(".jpg") for name in TEST]
    for source, target in (stems, stems[::-1]):
        (tmp_path / f"{source}__{target}.png").write_bytes(b"broken")
    common = ["evaluate", "--protocol", "tiny", "--data", str(data), "--output", str(tmp_path / "out"), "--sheet", "0"]
    assert main([*common, "--generated", str(tmp_path)]) == 2
    assert "a readable picture of 256x176 pixels" in capsys.readouterr().err
    assert main([*common, "--model", f"mine={make_model()}"]) == 0
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert list(content["systems"]) == ["mine"]


def test_market_people_are_judged_alone(tmp_path, capsys):
    data = write_market(tmp_path / "market")
    arguments = ["evaluate", "--protocol", "market128", "--data", str(data), "--baseline", "copy", "--skip-frechet"]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "compared at 128x64 (height x width), limbs masks of people" in printed
    assert "mask-SSIM ↑" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--baseline", "copy", "--protocol", "gfla"], "--protocol must be one of rendered, standard256, gfla256, "),
        ([], "At least one --model, --generated or --baseline is expected. Received: none."),
        (["--baseline", "wrap"], "--baseline must be one of copy, warp"),
        (["--model", "folder"], "--model must be NAME=FOLDER, the name of letters, digits and ._+-. Received: folder."),
        (["--model", "a/b=folder"], "--model must be NAME=FOLDER"),
        (["--stepped-model", "a=nowhere"], "error: a: a model's folder is expected. Received: nowhere."),
        (["--model", "a=nowhere"], "error: a: a model's folder is expected. Received: nowhere."),
        (["--model", "Copy=nowhere", "--baseline", "copy"], "a name of its own. Received: copy more than once."),
        (["--baseline", "copy", "--sheet", "-1"], "--sheet must be 0 or more. Received: -1."),
        (
            ["--baseline", "copy", "--inception", "a.pth", "--inception", "2015=b.pth"],
            "Each variant of --inception is expected once. Received: 2015 more than once.",
        ),
        (["--baseline", "copy", "--pairs", "1"], "--pairs must be at least 2"),
        (["--baseline", "warp", "--protocol", "patn176"], "--baseline warp needs exact flow. Received: a protocol"),
        (["--generated", "nowhere"], "--generated: a folder of pictures is expected. Received: nowhere."),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(data, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "--protocol", "tiny", "--data", str(data), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("python -m training evaluate: error: ")
    assert message in error
    assert error.count("\n") == 1
    assert tree(tmp_path) == {}


def test_compare(evaluated, data, tmp_path, capsys):
    second = tmp_path / "b"
    common = ["--protocol", "tiny", "--data", str(data), "--sheet", "0"]
    assert main(["evaluate", *common, "--baseline", "warp-completed", "--output", str(second)]) == 0
    capsys.readouterr()
    assert main(["compare", str(evaluated), str(second / "evaluation.json"), "--system", "warp"]) == 0
    printed = capsys.readouterr().out
    assert "A:warp" in printed
    assert "\nFingerprint " in printed
    systems = read_json(evaluated / "evaluation.json")["systems"] | read_json(second / "evaluation.json")["systems"]
    means = [systems[name]["metrics"]["psnr"]["mean"] for name in ("warp", "warp-completed")]
    assert f"{means[1] - means[0]:+.4f} [" in printed
    assert main(["compare", str(evaluated), str(second), "--system", "best"]) == 2
    assert "--system must be one of copy, warp. Received: best." in capsys.readouterr().err


def test_compare_refuses_what_means_something_else(evaluated, capsys):
    content = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    content["fingerprint"]["protocol"]["resize"] = "area"
    content["fingerprint"]["data"]["pairs"] = 800
    content["fingerprint"]["networks"]["pose estimator"] = "another"
    content["fingerprint"]["packages"]["scipy"] = "1.0"
    other = evaluated / "other.json"
    other.write_text(json.dumps(content), encoding="utf-8")
    assert main(["compare", str(evaluated), str(other)]) == 2
    error = capsys.readouterr().err
    assert 'protocol.resize: "bicubic", "area"; data.pairs: 2, 800; ' in error
    assert 'networks.pose estimator: null, "another"; packages.scipy: ' in error


def test_report(evaluated, tmp_path, capsys):
    capsys.readouterr()
    assert main(["report", str(evaluated)]) == 0
    assert capsys.readouterr().out.split() == [str(evaluated / "report.html"), str(evaluated / "report.md")]
    markdown = (evaluated / "report.md").read_text(encoding="utf-8")
    page = (evaluated / "report.html").read_text(encoding="utf-8")
    shown = ["sheet.jpg", "distributions/psnr.svg", "systems/warp/best.jpg", "systems/copy/worst.jpg"]
    for path in shown:
        assert f"]({path})" in markdown
        assert f'src="{path}"' in page
        assert (evaluated / path).is_file()
    assert TEST[0] in markdown
    card = tmp_path / "card.md"
    card.write_text("# Card\n<!-- figures: tiny -->\n<!-- end of figures -->\n", encoding="utf-8")
    assert main(["report", str(evaluated), "--card", str(card)]) == 0
    assert "| PSNR (higher is better) |" in card.read_text(encoding="utf-8")
    assert main(["report", str(evaluated), "--output", str(tmp_path / "page")]) == 0
    assert (tmp_path / "page" / "report.md").read_text(encoding="utf-8") == markdown
    for path in shown:
        assert (tmp_path / "page" / path).read_bytes() == (evaluated / path).read_bytes()
    card.write_text("# Card\n", encoding="utf-8")
    assert main(["report", str(evaluated), "--output", str(tmp_path / "none"), "--card", str(card)]) == 2
    assert not (tmp_path / "none").exists()


def test_every_protocol_is_complete():
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert set(protocol.metrics) <= set(METRICS)
        assert protocol.ranking in protocol.metrics
