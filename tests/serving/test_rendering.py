"""Pictures and clips in files and folders, without a server."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gfla_tf.people import PeopleReader
from gfla_tf.pose.sequences import KeypointSequence, write_sequence
from gfla_tf.remote import RemotePath
from serving.rendering import RenderingJob, _failures, _render_clip, _render_pictures, render

KEYPOINTS = np.ones([2, 17, 3], np.float32)


class Client:
    """Gives two frames, or fails."""

    def __init__(self, error: Exception | None = None):
        self.error = error

    def animate(self, photo, *arguments):
        self.photo = photo
        if self.error:
            raise self.error
        yield from (b"0", b"1")

    def clip(self, *arguments):
        return SimpleNamespace(image_bytes=list(self.animate(*arguments)))


@pytest.fixture(params=[False, True])
def job(request, tmp_path):
    (tmp_path / "me.png").write_bytes(b"photo")
    write_sequence(tmp_path / "me.json", KeypointSequence(("0",), KEYPOINTS[:1], "h36m-17"))
    write_sequence(tmp_path / "clip.json", KeypointSequence(("0", "1"), KEYPOINTS, "h36m-17"))
    paths = (str(tmp_path / name) for name in ("me.png", "clip.json", "frames"))
    keypoints = str(tmp_path / "me.json")
    return RenderingJob(*paths, ("http://host",), "sequence", source_keypoints=keypoints, stepwise=request.param)


def test_the_frames_of_a_clip(job, tmp_path):
    for _ in range(2):
        assert _render_clip(job, Client(), "h36m-17") == 2
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == ["00000.png", "00001.png"]


def test_a_photo_at_an_address(job, monkeypatch):
    monkeypatch.setattr(RemotePath, "read_bytes", lambda self: f"photo of {self}".encode())
    client = Client()
    _render_clip(replace(job, source="s3://bucket/me.png"), client, "h36m-17")
    assert client.photo == b"photo of s3://bucket/me.png"


def test_a_request_that_fails_leaves_no_folder(job, tmp_path):
    with pytest.raises(ValueError, match="no server"):
        _render_clip(job, Client(ValueError("no server")), "h36m-17")
    assert not (tmp_path / "frames").exists()


def test_a_longer_clips_folder_is_refused(job, tmp_path):
    """Its last frames would seem to belong to this clip."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "00002.png").write_bytes(b"2")
    with pytest.raises(ValueError, match=r"longer than this one's 2 is expected\. Received: .*00002\.png"):
        _render_clip(job, Client(), "h36m-17")
    assert [path.name for path in (tmp_path / "frames").iterdir()] == ["00002.png"]


def test_no_place_for_a_folder(job, tmp_path):
    (tmp_path / "frames").write_bytes(b"")
    with pytest.raises(ValueError, match="A folder, or a name for one in a folder, is expected"):
        _render_clip(job, Client(), "h36m-17")


def test_a_folder_that_cannot_be_written_to_is_found_before_the_clip(job, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ValueError, match="A folder that can be written to is expected"):
        _render_clip(job, Client(RuntimeError("was asked")), "h36m-17")


def test_pictures_that_all_fail_leave_no_folder(job, tmp_path):
    job = replace(job, source=str(tmp_path), output=str(tmp_path / "out"), source_keypoints=None)
    with pytest.raises(ValueError, match=r"me\.png"):
        _render_pictures(job, "openpose-18")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_fails_alone(job, tmp_path, monkeypatch):
    server = SimpleNamespace(transfer=lambda *inputs: SimpleNamespace(image_bytes=b"picture"))
    monkeypatch.setattr(RenderingJob, "client", lambda self, number: contextlib.nullcontext(server))
    (tmp_path / "file").touch()
    tasks = [(job.source, job.source_keypoints, tmp_path / folder / "a.png") for folder in ("file", "folder")]
    bad, good = sorted(_failures(job, tasks, PeopleReader("h36m-17")), reverse=True)
    assert bad.startswith(f"{job.source} in the pose of {job.source_keypoints}: ")
    assert not good
    assert (tmp_path / "folder" / "a.png").read_bytes() == b"picture"


def test_a_frame_never_replaces_the_photo(job, tmp_path):
    (tmp_path / "frames").mkdir()
    photo = (tmp_path / "me.png").rename(tmp_path / "frames" / "00001.png")
    with pytest.raises(ValueError, match=r"Different files are expected as .*Received: .*00001\.png"):
        _render_clip(replace(job, source=str(photo)), Client(), "h36m-17")
    assert photo.read_bytes() == b"photo"


@pytest.mark.parametrize("folders", [False, True])
def test_a_picture_never_replaces_a_photo(job, tmp_path, folders):
    names = ("a.png", "b.png", "a_in_b.png")
    (tmp_path / "photos").mkdir()
    for name in names:
        (tmp_path / "photos" / name).write_bytes(b"photo")
    paths = ("photos", "photos", "photos") if folders else ("photos/a.png", "photos/b.png", "photos/b.png")
    source, pose, output = (str(tmp_path / path) for path in paths)
    with pytest.raises(ValueError, match=r"Different files are expected as .*Received: .*b\.png"):
        _render_pictures(replace(job, source=source, pose=pose, output=output, source_keypoints=None), "openpose-18")
    assert all((tmp_path / "photos" / name).read_bytes() == b"photo" for name in names)


def test_every_address_is_looked_at_before_anybody_is_asked(job, monkeypatch):
    monkeypatch.setattr(RenderingJob, "client", lambda self: pytest.fail("was asked"))
    with pytest.raises(ValueError, match=r"HOST:PORT is expected\. Received: 'other:8501'"):
        render(replace(job, servers=("http://host", "other:8501")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "nobody.png"}, r"nobody\.png: a photo is expected\. Received: no such file"),
        ({"pose": "nobody.json"}, r"nobody\.json: a photo or a keypoint file is expected\. Received: no such file"),
        ({"source_keypoints": "nobody.json"}, r"nobody\.json: a keypoint file is expected\. Received: no such file"),
        ({"output": "out.jpg"}, r"ending in \.png is expected.*Received: .*out\.jpg"),
        ({"pose": "me.png", "output": "out.txt"}, r"ending in \.png, .*Received: .*out\.txt"),
        ({"output": "me.png"}, r"Different files are expected as .*Received: .*me\.png"),
        ({"parallel": 0}, "One request at a time or more"),
    ],
)
def test_files_are_looked_at_before_anybody_is_asked(job, tmp_path, monkeypatch, changes, message):
    monkeypatch.setattr(RenderingJob, "client", lambda self: pytest.fail("was asked"))
    changes = {name: str(tmp_path / value) if isinstance(value, str) else value for name, value in changes.items()}
    with pytest.raises(ValueError, match=message):
        render(replace(job, **changes))
