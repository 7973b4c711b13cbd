"""Videos by ffmpeg where it is there, else by OpenCV."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.animation import video_writer
from gfla_tf.animation.ffmpeg import FfmpegError, find_ffmpeg, write_with_ffmpeg
from gfla_tf.animation.video_writer import write_animation
from gfla_tf.motion.video import read_frames, video_info, write_video

FRAMES = [np.full((16, 32, 3), number / 10, np.float32) for number in range(5)]


@pytest.fixture
def program(tmp_path) -> Path:
    """Stands in for ffmpeg: writes its arguments and what it is fed to the file that it is to write."""
    path = tmp_path / "ffmpeg"
    path.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "data = sys.stdin.buffer.read()\n"
        "open(sys.argv[-1], 'wb').write('\\n'.join(sys.argv[1:]).encode() + b'\\n' + data)\n",
        encoding="utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_what_ffmpeg_is_given(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "at-10:30").mkdir()
    write_with_ffmpeg("at-10:30/a.mp4", FRAMES, 5, 12.5, "sound-10:30.mov", str(program))
    said, pixels = (tmp_path / "at-10:30" / "a.mp4").read_bytes().split(b".mp4\n", 1)
    words = said.decode().split("\n")
    assert words[words.index("-s") + 1] == "32x16"
    assert words[words.index("-r") + 1] == "12.500000"
    assert words[words.index("-t") + 1] == "0.400000"
    assert words[words.index(f"{tmp_path}/sound-10:30.mov") - 1] == "-i"  # not relative: the colon would end a protocol
    assert words[-1].startswith(f"{tmp_path}/at-10:30/")
    assert len(pixels) == 5 * 16 * 32 * 3
    assert [pixels[number * 16 * 32 * 3] for number in range(5)] == [128, 140, 153, 166, 178]


def test_a_failing_ffmpeg_says_why(program, tmp_path):
    program.write_text("#!/bin/sh\necho first >&2\necho no such codec >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(FfmpegError, match="^no such codec$"):
        write_with_ffmpeg(tmp_path / "a.mp4", FRAMES * 100, 500, 12.5, None, str(program))
    assert not (tmp_path / "a.mp4").exists()


def test_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(video_writer, "find_ffmpeg", lambda: None)
    write_animation(tmp_path / "a.mp4", lambda: iter(FRAMES), 5, 12.5, "sound.mov")
    info = video_info(tmp_path / "a.mp4")
    assert (info.frames, info.frames_per_second, info.height, info.width) == (5, 12.5, 16, 32)


def test_if_ffmpeg_fails_opencv_writes(program, tmp_path, monkeypatch):
    program.write_text("#!/bin/sh\ncat > /dev/null\necho no such codec >&2\nexit 1\n", encoding="utf-8")
    monkeypatch.setattr(video_writer, "find_ffmpeg", lambda: str(program))
    with pytest.warns(UserWarning, match=r"ffmpeg failed \(no such codec\): .*a.mp4 is written by OpenCV"):
        write_animation(tmp_path / "a.mp4", lambda: iter(FRAMES), 5, 12.5)
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 5


def test_if_ffmpeg_cannot_be_run_opencv_writes(program, tmp_path, monkeypatch):
    program.write_bytes(b"\0noise")
    monkeypatch.setattr(video_writer, "find_ffmpeg", lambda: str(program))
    with pytest.warns(UserWarning, match=r"ffmpeg failed \(it cannot be run: .*\): .*a.mp4 is written by OpenCV"):
        write_animation(tmp_path / "a.mp4", lambda: iter(FRAMES), 5, 12.5)
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 5


def test_where_ffmpeg_is_looked_for(program, monkeypatch):
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_ffmpeg() == str(program)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert find_ffmpeg() is None


@pytest.mark.skipif(find_ffmpeg() is None, reason="needs ffmpeg or imageio-ffmpeg")
def test_the_real_ffmpeg(tmp_path):
    ffmpeg = find_ffmpeg()
    tone = ["-f", "lavfi", "-i", "sine=duration=9", "-c:a", "aac", str(tmp_path / "tone.m4a")]
    subprocess.run([ffmpeg, "-loglevel", "error", *tone], check=True)
    for name in ("a.mp4", "b.mp4"):
        write_animation(tmp_path / name, lambda: iter(FRAMES), 5, 12.5, tmp_path / "tone.m4a")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    write_video(tmp_path / "driver.mp4", FRAMES, 12.5)
    found = list(read_frames(tmp_path / "a.mp4"))
    np.testing.assert_allclose(found, FRAMES, atol=0.03)
    probe = subprocess.run([ffmpeg, "-i", str(tmp_path / "a.mp4")], capture_output=True, text=True, check=False).stderr
    assert "Audio: aac" in probe
    assert "Duration: 00:00:00.4" in probe
    write_animation(tmp_path / "silent.mp4", lambda: iter(FRAMES), 5, 12.5, tmp_path / "driver.mp4")
    assert video_info(tmp_path / "silent.mp4").frames == 5
