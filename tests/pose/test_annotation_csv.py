from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.annotation_csv import write_annotation_csv
from gfla_tf.pose.keypoint_files import read_keypoint_file, read_keypoints
from gfla_tf.pose.keypoint_records import NobodyError

HEADER = "name:keypoints_y:keypoints_x\n"


def row(name, y, x, separator=":"):
    return separator.join([name, str(list(y)), str(list(x))]) + "\n"


def save(folder, text):
    path = folder / "annotation.csv"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("separator", [":", ": "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_convention_y_comes_first(tmp_path, separator, line_end, mark):
    """Also where x is beyond the 176 columns of the picture."""
    header = separator.join(["name", "keypoints_y", "keypoints_x"]) + "\n"
    text = mark + header + row("a.jpg", range(30, 48), range(170, 188), separator)
    file = read_keypoint_file(save(tmp_path, text.replace("\n", line_end)))
    assert (file.format, file.skeleton, file.image_size) == ("annotation-csv", "openpose-18", None)
    (person,) = file.frames["a.jpg"]
    assert person.dtype == np.float32
    assert person[0].tolist() == [170, 30, 1]
    assert person[17].tolist() == [187, 47, 1]


def test_minus_one_is_missing(tmp_path):
    y, x = [5] * 18, [6] * 18
    y[1] = x[1] = -1
    y[2], x[3], y[4] = -1, -1, -2
    (person,) = read_keypoint_file(save(tmp_path, HEADER + row("a.jpg", y, x))).frames["a.jpg"]
    assert person[:5].tolist() == [[6, 5, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0], [6, -2, 1]]


def test_a_row_without_joints_is_kept_but_is_no_pose(tmp_path):
    text = HEADER + row("a.jpg", [-1] * 18, [-1] * 18) + row("b.jpg", [3] * 18, [4] * 18)
    path = save(tmp_path, text)
    (person,) = read_keypoint_file(path).frames["a.jpg"]
    np.testing.assert_array_equal(person, np.zeros((18, 3)))
    assert read_keypoints(path, image="b.jpg")[0].tolist() == [4, 3, 1]
    with pytest.raises(ValueError, match=r"no joint was found in image a\.jpg of .*annotation\.csv"):
        read_keypoints(path, image="a.jpg")


def test_rows_of_one_name_are_its_people(tmp_path):
    text = HEADER + row("a.jpg", [1] * 18, [2] * 18) + "\n" + row("a.jpg", [3] * 18, [4] * 18)
    assert [person[0, 0] for person in read_keypoint_file(save(tmp_path, text)).frames["a.jpg"]] == [2, 4]


def test_a_name_may_hold_a_colon(tmp_path):
    text = HEADER + row("C:\\photos\\a.jpg", [1] * 18, [2] * 18)
    assert list(read_keypoint_file(save(tmp_path, text)).frames) == ["C:\\photos\\a.jpg"]


@pytest.mark.parametrize(
    "line",
    [
        "b.jpg",
        row("b.jpg", [1] * 17, [1] * 18),
        row("b.jpg", [1] * 18, [1] * 19),
        row("b.jpg", ["1"] * 18, [1] * 18),
        row("b.jpg", [None] * 18, [1] * 18),
        row("", [1] * 18, [1] * 18),
        row("b.jpg", [1] * 18, [1] * 18)[:-3],
        row("b.jpg", [1] * 18, [10**400] + [1] * 17),
        "b.jpg:" + str([1] * 18) + ":[NaN" + ", 1" * 17 + "]",
        "b.jpg:" + str([1] * 18) + ":[true" + ", 1" * 17 + "]",
        "b.jpg:" + str([1] * 18) + ":18",
        "b.jpg:" + "[" * 100_000 + ":" + "[" * 100_000,
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    path = save(tmp_path, HEADER + row("a.jpg", [1] * 18, [1] * 18) + line)
    with pytest.raises(
        ValueError, match=r"annotation\.csv, line 3: expected name:\[18 numbers y\].*Received: "
    ) as error:
        read_keypoint_file(path)
    assert len(str(error.value)) < 500


def test_no_rows(tmp_path):
    with pytest.raises(NobodyError, match=r"nobody in .*annotation\.csv: expected at least one row"):
        read_keypoint_file(save(tmp_path, HEADER + "\n"))


def test_convention_written_file(tmp_path):
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[0] = (100.6, 30.4, 0.5)
    keypoints[1] = (np.nan, 7, 0)
    keypoints[2] = (-0.8, -3.2, 1)
    path = tmp_path / "out.csv"
    write_annotation_csv(path, {"a.jpg": keypoints})
    y = "[30, -1, -3" + ", -1" * 15 + "]"
    x = "[101, -1, 0" + ", -1" * 15 + "]"
    assert path.read_text() == f"{HEADER}a.jpg:{y}:{x}\n"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_what_is_written_is_read_back(tmp_path):
    generator = np.random.default_rng(0)
    keypoints = np.rint(generator.uniform(0, 256, (3, 18, 3))).astype(np.float32)
    keypoints[..., 2] = generator.random((3, 18)) > 0.2
    keypoints *= keypoints[..., 2:]
    path = tmp_path / "out.csv"
    write_annotation_csv(path, {f"{index}.jpg": person for index, person in enumerate(keypoints)})
    frames = read_keypoint_file(path).frames
    assert list(frames) == ["0.jpg", "1.jpg", "2.jpg"]
    np.testing.assert_array_equal(np.concatenate(list(frames.values())), keypoints)


@pytest.mark.parametrize("name", ["", "a:b.jpg", "a\nb.jpg", "a.jpg "])
def test_names_that_the_format_cannot_hold(tmp_path, name):
    with pytest.raises(ValueError, match=r"an image's name must not .*Received"):
        write_annotation_csv(tmp_path / "out.csv", {name: np.ones((18, 3))})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keypoints", [np.ones((17, 3)), np.ones((2, 18, 3)), np.full((18, 3), np.inf)])
def test_writing_bad_keypoints(tmp_path, keypoints):
    with pytest.raises(ValueError, match=r"keypoints .*must be .*numbers of shape .*18, 3\].*Received"):
        write_annotation_csv(tmp_path / "out.csv", {"a.jpg": keypoints})
