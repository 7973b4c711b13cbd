"""Clips: what is read, what systems draw, what they score, the command."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.animations import PERSON, SEQUENCE, make_model
from helpers.tiny_clips import CLIPS, FRAMES, HEIGHT, STEP, WIDTH, frame_of, write_moving_clips
from helpers.tiny_datasets import keypoints_at, tree

from gfla_tf.image_io import from_uint8, to_uint8, write_image
from gfla_tf.metrics import VideoFeatures
from gfla_tf.models.model_files import save_model
from gfla_tf.pose.drawn_maps import drawn_pose_maps
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.__main__ import main
from training.evaluation import clip_judge, protocols
from training.evaluation.clip_systems import ClipModel, GeneratedClips
from training.evaluation.clips import EvaluationClips
from training.evaluation.evaluate import evaluate
from training.evaluation.results import read_evaluation
from training.evaluation.systems import Baseline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_moving_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def clips(folder):
    return EvaluationClips(folder, CLIPS)


@pytest.fixture(scope="module")
def model_folders(tmp_path_factory):
    """A sequence and a person generator for pictures of 64x48."""
    folders = {}
    for preset in (SEQUENCE, PERSON):
        folders[preset.network] = tmp_path_factory.mktemp(preset.network)
        save_model(make_model(preset), folders[preset.network])
    return folders


def stored(clip, frame):
    return from_uint8(to_uint8(frame_of(clip, frame)))


def test_what_is_read(clips):
    assert (len(clips), clips.available, clips.dropped, clips.picture_size) == (2, 2, 1, (HEIGHT, WIDTH))
    assert clips.names(0) == ("a/000000", "000001-000004")
    clip = clips.read([1])
    assert (len(clip.target_image), len(clip.source_image)) == (FRAMES - 1, FRAMES - 1)
    np.testing.assert_allclose(clip.source_image[2], stored("b", 0), atol=1e-6)
    np.testing.assert_allclose(clip.target_image[2], stored("b", 3), atol=1e-6)
    np.testing.assert_allclose(clip.target_keypoints[2], keypoints_at(2 + 3 * STEP, 4, 30), atol=1e-3)
    np.testing.assert_allclose(clip.person("openpose-18", noisy=True)[3], keypoints_at(2 + 3 * STEP, 5, 30), atol=1e-3)
    assert clip.person("h36m-17").shape == (FRAMES, 17, 3)
    np.testing.assert_array_equal(clip.person_mask[0, 5, :, 0], np.arange(WIDTH) < WIDTH // 2)
    assert clip.step_flow.shape == (FRAMES - 2, HEIGHT, WIDTH, 2)
    assert [len(piece.target_image) for piece in clip.pieces(3)] == [3, 1]


def test_convention_keypoints_are_in_pixels_of_the_compared_picture(folder):
    """Clips of 48x40 compared at 96x60: x times 1.5, y times 2."""
    protocol = replace(CLIPS, picture_size=(96, 60), needs_truth=False)
    clip = EvaluationClips(folder, protocol, 2).read([0])
    x, y, _ = keypoints_at(2, 4, 30)[3]
    np.testing.assert_allclose(clip.source_keypoints[0, 3, :2], [1.5 * x, 2 * y], atol=1e-3)


def test_scores_are_those_of_the_metrics(clips, tmp_path):
    systems, output = [Baseline("copy"), Baseline("truth")], tmp_path / "out"
    content = evaluate(CLIPS, clips, systems, output, sheet=1)
    scores = read_evaluation(output).scores
    for number, name in enumerate("ab"):
        truth = np.stack([np.float64(stored(name, frame)) for frame in range(FRAMES)])
        errors = np.abs(truth[1:] - truth[0])
        assert scores["copy"].columns["l1"][number] == pytest.approx(errors.mean(), rel=1e-5)
        person = errors[:, :, : WIDTH // 2].mean()
        assert scores["copy"].columns["l1_person"][number] == pytest.approx(person, rel=1e-5)
        # The reference again and again, compared with itself moved by two pixels.
        expected = np.abs(truth[0][:, STEP:] - truth[0][:, :-STEP]).mean()
        assert scores["copy"].columns["flicker"][number] == pytest.approx(expected, rel=1e-4)
    assert (scores["truth"].columns["flicker"] < 0.005).all()  # 8 bits
    assert (scores["truth"].columns["l1"] == 0).all()
    assert content["fingerprint"]["data"]["clips_too_short"] == 1
    assert content["differences"]["truth"]["flicker"]["mean"] < 0
    assert (output / "sheet.jpg").is_file()
    assert (output / "systems" / "copy" / "worst.jpg").is_file()
    evaluate(CLIPS, clips, systems, tmp_path / "again", sheet=1)
    assert tree(tmp_path / "again") == tree(output)


def test_a_frame_without_anybody_does_not_count_for_the_person(clips, tmp_path, monkeypatch):
    masks = clips.read([0]).person_mask
    masks[-1] = 0
    monkeypatch.setattr(clips, "_read_masks", lambda *_: masks)
    evaluate(CLIPS, clips, [Baseline("copy")], tmp_path, sheet=0)
    errors = np.abs(np.stack([np.float64(stored("a", frame)) - stored("a", 0) for frame in range(1, FRAMES - 1)]))
    found = read_evaluation(tmp_path).scores["copy"].columns["l1_person"][0]
    assert found == pytest.approx(errors[:, :, : WIDTH // 2].mean(), rel=1e-5)


def test_video_features(clips, tmp_path, monkeypatch):
    """On mean colours: AED is a mean of distances, FVD and FID-Video are Frechet distances."""

    class MeanColours:
        def __init__(self, state):
            pass

        def __call__(self, videos):
            seen.append(len(videos))
            colours = np.asarray(videos).mean((1, 2, 3))
            return VideoFeatures(colours, 2 * colours)

    seen = []
    monkeypatch.setattr(clip_judge, "read_i3d_state", dict)
    monkeypatch.setattr(clip_judge, "i3d_shapes", dict)
    monkeypatch.setattr(clip_judge, "I3d", MeanColours)
    protocol = replace(CLIPS, frechet=True, metrics=("l1",))
    monkeypatch.setattr("training.evaluation.scores._network_names", lambda protocol: [])
    content = evaluate(protocol, clips, [Baseline("copy"), Baseline("truth")], tmp_path, sheet=0)
    assert len(seen) == 3 * 2  # the true clips once, those of two systems
    true, copied = (
        np.array([[stored(name, frame).mean((0, 1)) for frame in frames] for name in "ab"]).mean(1)
        for frames in (range(1, FRAMES), [0])
    )
    copy, truth = (read_evaluation(tmp_path).scores[name] for name in ("copy", "truth"))
    np.testing.assert_allclose(copy.columns["aed_i3d"], np.linalg.norm(true - copied, axis=1), rtol=1e-4)
    assert truth.sets["fvd_i3d"] < 1e-9
    # Two clips: covariances are of rank one, d d' / 2 with d the difference of the two.
    steps = [values[0] - values[1] for values in (true, copied)]
    lengths = [np.linalg.norm(step) for step in steps]
    overlap = abs(steps[0] @ steps[1])
    expected = np.sum((true.mean(0) - copied.mean(0)) ** 2) + (lengths[0] ** 2 + lengths[1] ** 2) / 2 - overlap
    assert copy.sets["fid_video_i3d"] == pytest.approx(expected, rel=1e-3)
    assert copy.sets["fvd_i3d"] == pytest.approx(4 * expected, rel=1e-3)
    assert "i3d" in content["fingerprint"]["networks"]


def test_a_sequence_model_draws_each_frame_from_the_one_before(clips, model_folders):
    clip, model = clips.read([0]), make_model(SEQUENCE)
    system = ClipModel("mine", model_folders["sequence"])
    size = (SEQUENCE.height, SEQUENCE.width)
    poses = drawn_pose_maps(rescale_keypoints(clip.person("h36m-17"), (HEIGHT, WIDTH), size), *size, "h36m-17")
    from training.data.images import resize_pictures

    reference = resize_pictures(clip.source_image[:1], *size, "bicubic")
    state, expected = model.start(reference, poses[:1]), []
    for pose in poses[1:]:
        outputs, state = model.step(state, pose[np.newaxis])
        expected.append(outputs["image"][0])
    rendered = system.render(clip).image
    assert rendered.shape == clip.target_image.shape
    np.testing.assert_allclose(rendered, resize_pictures(np.stack(expected), HEIGHT, WIDTH, "bicubic"), atol=1e-4)
    noisy = replace(clip, person=lambda skeleton, noisy: clip.person(skeleton, noisy=True))
    noisy_frames = system.render(noisy).image
    assert np.abs(noisy_frames - rendered).max() > 1e-3
    system._noisy = True  # as with noisy=True, without another graph
    np.testing.assert_array_equal(system.render(clip).image, noisy_frames)


def test_a_person_model_draws_each_frame_by_itself(clips, model_folders):
    clip, system = clips.read([0]), ClipModel("mine", model_folders["person"])
    one = replace(clip, person=lambda *arguments, **options: clip.person(*arguments, **options)[[0, 3]])
    np.testing.assert_allclose(system.render(one).image[0], system.render(clip).image[2], atol=1e-5)


def test_generated_frames(clips, tmp_path):
    for position in range(2):
        video = tmp_path / "made" / clips.videos[position].name
        video.mkdir(parents=True)
        for stem, frame in zip(clips.stems(position), clips.read([position]).target_image, strict=True):
            write_image(video / f"{stem}.png", -frame)
    system = GeneratedClips("theirs", tmp_path / "made", clips, (".png",))
    np.testing.assert_allclose(system.render(clips.read([1])).image, -clips.read([1]).target_image, atol=1e-6)
    (tmp_path / "made" / "b" / "000002.png").unlink()
    with pytest.raises(ValueError, match=r"made/b: one file 000002 \(.png\) is expected. Received: 0."):
        GeneratedClips("theirs", tmp_path / "made", clips, (".png",))


def test_the_command(folder, tmp_path, model_folders, monkeypatch, capsys):
    monkeypatch.setattr(protocols, "PROTOCOLS", {**protocols.PROTOCOLS, "tiny-clips": CLIPS})
    model = model_folders["person"]
    arguments = ["evaluate", "--protocol", "tiny-clips", "--data", str(folder), "--output", str(tmp_path / "out")]
    systems = ["--noisy-model", f"noisy={model}", "--baseline", "truth", "--pairs", "2"]
    assert main([*arguments, *systems, "--sheet", "0"]) == 0
    printed = capsys.readouterr().out
    assert "2 of 2 clips (4 frames each) of the test split, compared at 48x40" in printed
    assert "Flicker ↓" in printed
    assert main(["report", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert content["systems"]["noisy"]["identity"]["keypoints"] == "noisy"
    capsys.readouterr()
    assert main([*arguments, "--baseline", "warp"]) == 2
    assert "--baseline warp is for protocols of pairs. Received: protocol tiny-clips." in capsys.readouterr().err
    assert main([*arguments, "--noisy-model", "noisy=nowhere"]) == 2
    assert "error: noisy: a model's folder is expected. Received: nowhere." in capsys.readouterr().err
    assert main([*arguments, "--stepped-model", f"stepped={model}"]) == 2
    assert "--stepped-model is for protocols of pairs. Received: protocol tiny-clips." in capsys.readouterr().err
    assert main([*arguments, "--baseline", "copy", "--inception", "some.pth"]) == 2
    assert "--inception is for protocols of pictures. Received: protocol tiny-clips." in capsys.readouterr().err


def test_what_is_missing(folder, tmp_path):
    with pytest.raises(ValueError, match=r"videos of at least 9 frames are expected. Received: 3 shorter ones."):
        EvaluationClips(folder, replace(CLIPS, clip_frames=9))
    (tmp_path / "test").mkdir()
    import shutil

    shutil.copytree(folder / "test" / "a", tmp_path / "test" / "a", ignore=lambda *_: ["truth", "keypoints_noisy"])
    with pytest.raises(ValueError, match="tiny-clips needs CLIP/truth of all clips. Received: clips without."):
        EvaluationClips(tmp_path, CLIPS)
    clip = EvaluationClips(tmp_path, replace(CLIPS, needs_truth=False)).read([0])
    with pytest.raises(ValueError, match="keypoints_noisy is expected. Received: a clip without."):
        clip.person("h36m-17", noisy=True)
    (tmp_path / "test" / "a" / "frames" / "000002.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="Readable frames are expected. Received: .*a/frames"):
        EvaluationClips(tmp_path, replace(CLIPS, needs_truth=False)).read([0])
