import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.puppets import puppet_cast

from training.data.render import dataset
from training.data.render.dataset import render_dataset
from training.data.render.plan import Settings

pytest.importorskip("embreex")

SETTINGS = Settings(people=3, views=2, pairs=2, height=32, width=24)
ROOT = Path(__file__).parents[4]
SECONDS = 300  # for machines with much else to do


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "undisturbed"
    assert render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    return contents(folder)


def test_dataset_json_says_what_it_is(undisturbed):
    description = json.loads(undisturbed["dataset.json"])
    assert description["kind"] == "fashion"
    assert description["annotation_size"] == [32, 24]
    assert description["truth"] is True
    assert description["pictures"] == {"train": 6, "test": 0}
    assert description["settings"]["seed"] == 0


def test_pictures_do_not_depend_on_how_many_others_there_are(undisturbed, tmp_path):
    render_dataset(dataclasses.replace(SETTINGS, people=5), tmp_path / "more", make_cast=puppet_cast)
    more = contents(tmp_path / "more")
    pictures = [name for name in undisturbed if name.endswith((".jpg", ".npz"))]
    assert len(pictures) == 6 + 6 + 6
    assert all(more[name] == undisturbed[name] for name in pictures)


def test_two_processes_give_the_same_files(undisturbed, tmp_path):
    render_dataset(SETTINGS, tmp_path / "two", processes=2, make_cast=puppet_cast)
    assert contents(tmp_path / "two") == undisturbed


def test_taken_up_after_an_interruption_it_gives_the_same_files(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "interrupted"
    write, calls = dataset.write_person, []

    def interrupted(settings, job, cast, folder, each):
        calls.append(job.name)
        if len(calls) == 2:
            each = lambda: (_ for _ in ()).throw(KeyboardInterrupt)  # noqa: E731
        return write(settings, job, cast, folder, each)

    monkeypatch.setattr(dataset, "write_person", interrupted)
    with pytest.raises(KeyboardInterrupt):
        render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    assert not (folder / "dataset.json").exists()
    assert (folder / "train" / "person000001_view00.jpg").exists()
    (folder / "train" / f".{'0a' * 16}.jpg").write_text("half a picture")
    first = folder / "train" / "person000000_view00.jpg"
    before = first.stat().st_mtime_ns
    assert render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    # The first person was complete and isn't rendered again.
    assert calls == ["person000000", "person000001", "person000001", "person000002"]
    assert first.stat().st_mtime_ns == before
    assert contents(folder) == undisturbed


def test_a_file_that_was_deleted_meanwhile_is_made_again(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "deleted"
    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="before the tables"):
        patched.setattr(dataset, "_finish", lambda *_: (_ for _ in ()).throw(RuntimeError("before the tables")))
        render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    (folder / "truth" / "train" / "person000001_view00.npz").unlink()
    render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    assert contents(folder) == undisturbed


def test_a_complete_dataset_is_left_alone(tmp_path):
    folder = tmp_path / "complete"
    render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    assert not render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    with pytest.raises(ValueError, match=r"begun with other settings: seed 0 \(now 1\)"):
        render_dataset(dataclasses.replace(SETTINGS, seed=1), folder, make_cast=puppet_cast)


def test_a_dataset_that_was_begun_otherwise_is_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "run_jobs", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    folder = tmp_path / "begun"
    with pytest.raises(KeyboardInterrupt):
        render_dataset(SETTINGS, folder, make_cast=puppet_cast)
    other = dataclasses.replace(SETTINGS, light="flat", height=64)
    with pytest.raises(ValueError, match=r"height 32 \(now 64\), light studio \(now flat\)"):
        render_dataset(other, folder, make_cast=puppet_cast)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(ValueError, match="new or empty folder.*Received"):
        render_dataset(SETTINGS, tmp_path, make_cast=puppet_cast)
    (tmp_path / "dataset.json").write_text('{"kind": "fashion"}')
    with pytest.raises(ValueError, match="made by gfla_tf training data render"):
        render_dataset(SETTINGS, tmp_path, make_cast=puppet_cast)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_description_is_named(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(ValueError, match=r"dataset.json: a JSON object is expected\. Received: "):
        render_dataset(SETTINGS, tmp_path, make_cast=puppet_cast)


SCRIPT = """
import sys
from helpers.puppets import puppet_cast
from training.data.render.dataset import render_dataset
from training.data.render.plan import Settings
if __name__ == "__main__":
    try:
        render_dataset(Settings(people=2000, views=2, pairs=2, height=32, width=24), sys.argv[1], 2, puppet_cast)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def workers_of(process):
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listing.stdout.split() if Path(f"/proc/{pid}").exists()]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_nothing_is_left_running(tmp_path, number, code):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    arguments = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "out")]
    process = subprocess.Popen(arguments, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(list((tmp_path / "out").glob("train/*.jpg"))) > 2)
        workers = workers_of(process)
        assert len(workers) >= 2
        process.send_signal(number)
        assert process.wait(timeout=SECONDS) == code
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in workers))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
