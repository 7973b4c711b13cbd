from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from training.data.render import cast
from training.data.render.cast import blend_rotations, load_cast
from training.data.render.plan import Settings


def turns(*degrees):
    return Rotation.from_euler("y", np.array(degrees)[:, np.newaxis], degrees=True).as_matrix()


def test_blended_rotations_go_the_shortest_way():
    first, second = turns(0, 170, 10), turns(90, -170, 10)
    np.testing.assert_allclose(blend_rotations(first, second, 0.0), first, atol=1e-6)
    np.testing.assert_allclose(blend_rotations(first, second, 1.0), second, atol=1e-6)
    np.testing.assert_allclose(blend_rotations(first, second, 0.5), turns(45, 180, 10), atol=1e-6)


def test_an_excerpt_is_consecutive_and_a_short_recording_goes_back_and_forth():
    poses = list(range(100))
    excerpt = cast._excerpt(poses, np.random.default_rng(0), 30)
    assert excerpt == list(range(excerpt[0], excerpt[0] + 30))
    assert cast._excerpt([0, 1, 2, 3], np.random.default_rng(0), 9) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert cast._excerpt([5], np.random.default_rng(0), 3) == [5, 5, 5]


def test_recordings_are_split_by_name_or_shared(tmp_path, monkeypatch):
    from training.data.render import people

    monkeypatch.setattr(people, "clip_split", lambda path: "test" if path.stem.startswith("t") else "train")
    for name in ("a.bvh", "tango.bvh", "walk.bvh"):
        (tmp_path / name).write_text("")
    names = {split: [path.stem for path in paths] for split, paths in cast._recordings(tmp_path).items()}
    assert names == {"train": ["a", "walk"], "test": ["tango"]}
    (tmp_path / "tango.bvh").unlink()
    assert {split: len(paths) for split, paths in cast._recordings(tmp_path).items()} == {"train": 2, "test": 2}


def test_recordings_of_60_a_second_are_thinned(monkeypatch):
    from training.data.render import poses

    recording = SimpleNamespace(poses=tuple(range(7)), frames_per_second=59.94)
    monkeypatch.setattr(poses, "read_motion", lambda path: recording)
    assert cast._read_poses("walk.bvh") == [0, 2, 4, 6]


def test_a_folder_without_recordings(tmp_path):
    with pytest.raises(ValueError, match=r"A folder with .bvh files is expected. Received"):
        load_cast(Settings(motion=str(tmp_path)))


def test_made_up_movement_is_smooth():
    movement = load_cast(Settings()).movement(np.random.default_rng(0), 40, "train")
    rotations = np.stack([pose.rotations for pose in movement])
    steps = np.abs(np.diff(rotations, axis=0)).max(axis=(1, 2, 3))
    assert len(movement) == 40
    assert steps.max() < 0.4
    assert np.abs(rotations[15] - rotations[0]).max() > 0.2


def test_people_are_made_by_seed_and_split():
    make = load_cast(Settings()).person
    same, again, other = make(3, "train"), make(3, "train"), make(3, "test")
    np.testing.assert_array_equal(same.rest.vertices, again.rest.vertices)
    assert same.rest.vertices.shape != other.rest.vertices.shape or (same.rest.vertices != other.rest.vertices).any()
