import cv2
import numpy as np
import pytest
from helpers.puppets import puppet_cast

from gfla_tf.image_io import read_image
from gfla_tf.pose.keypoint_files import read_keypoint_file
from training.data.render.dataset import render_dataset
from training.data.render.plan import Settings

pytest.importorskip("embreex")

SETTINGS = Settings(kind="clips", people=2, clips=2, frames=4, height=48, width=64, test_fraction=0.5, format="png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "clips"
    render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    return folder


def truth(clip, frame):
    with np.load(clip / "truth" / f"{frame:06}.npz") as arrays:
        return dict(arrays)


def test_the_layout(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["dataset.json", "test", "train"]
    clips = sorted(folder.glob("*/*"))
    assert [str(clip.relative_to(folder)) for clip in clips] == ["test/clip000000", "train/clip000001"]
    names = {"frames": "{:06}.png", "masks": "{:06}.png", "truth": "{:06}.npz"}
    names |= {"keypoints": "{:06}_keypoints.json", "keypoints_noisy": "{:06}_keypoints.json"}
    for clip in clips:
        assert {path.name for path in clip.iterdir()} == set(names)
        for kind, name in names.items():
            assert sorted(path.name for path in (clip / kind).iterdir()) == [name.format(frame) for frame in range(4)]


def test_keypoints_are_openpose_json(folder):
    clip = folder / "train" / "clip000001"
    for frame in range(4):
        file = read_keypoint_file(clip / "keypoints" / f"{frame:06}_keypoints.json")
        assert file.image_size == (48, 64)
        ((person,),) = file.frames.values()
        exact = truth(clip, frame)["keypoints"]
        found = person[:, 2] > 0
        np.testing.assert_allclose(person[found], exact[found], atol=1e-4)
        noisy = read_keypoint_file(clip / "keypoints_noisy" / f"{frame:06}_keypoints.json")
        assert not np.array_equal(next(iter(noisy.frames.values()))[0], person)


def test_the_reference_of_a_frame_is_the_first_and_frame_0_is_its_own_previous(folder):
    clip = folder / "train" / "clip000001"
    first, second = truth(clip, 0), truth(clip, 1)
    for name in ("previous", "reference"):
        assert np.abs(first[f"flow_{name}"]).max() < 0.01
        np.testing.assert_array_equal(first[f"visible_{name}"] > 0, first["parts"] > 0)
    np.testing.assert_array_equal(second["flow_previous"], second["flow_reference"])
    last = truth(clip, 3)
    # The arms go on moving, so the first frame is farther away than the previous one.
    assert np.abs(last["flow_reference"]).mean() > 1.5 * np.abs(last["flow_previous"]).mean() > 0


def test_the_previous_frame_warped_gives_the_frame(folder):
    clip = folder / "train" / "clip000001"
    frames = [read_image(clip / "frames" / f"{frame:06}.png") for frame in range(4)]
    for frame in range(1, 4):
        arrays = truth(clip, frame)
        y, x = np.mgrid[:48, :64].astype(np.float32)
        flow = arrays["flow_previous"].astype(np.float32)
        warped = cv2.remap(frames[frame - 1], x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
        inner = cv2.erode(arrays["visible_previous"], np.ones((5, 5), np.uint8), borderValue=0) > 0
        assert inner.sum() > 30
        assert np.abs(warped - frames[frame])[inner].mean() / 2 < 0.06


def test_masks_are_pictures_of_the_truth(folder):
    clip = folder / "test" / "clip000000"
    mask = cv2.imread(str(clip / "masks" / "000002.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(mask, truth(clip, 2)["mask"])
