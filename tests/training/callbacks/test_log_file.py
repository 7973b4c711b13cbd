import json
import math

import pytest

from gfla_tf.image_io import read_image
from training.callbacks import LogFile
from training.callbacks.log_file import read_log


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_line_a_round(model, tmp_path):
    path = tmp_path / "log.jsonl"
    log = LogFile(path, batch_size=1)
    model.run([log], [1, 3, 5, 7], 2, validation=8)
    model.run([log], [9], 1, validation=2)  # the same callback in a second fit
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["step"], line["loss"], line["val_loss"]) for line in lines] == [(2, 2, 8), (4, 6, 8), (5, 9, 2)]
    assert list(lines[0]) == ["step", "seconds", "pictures_per_second", "loss", "val_loss"]
    assert read_image(tmp_path / "curves.png").shape[-1] == 3
    assert {file.name for file in tmp_path.iterdir()} == {"log.jsonl", "curves.png"}


def test_speed(tmp_path):
    clock = Clock()
    log = LogFile(tmp_path / "log.jsonl", batch_size=8, clock=clock)
    log.on_train_begin()
    log.on_epoch_begin(0)
    for _ in range(3):
        clock.now += 2.0
        log.on_train_batch_end(0, {"l1": 1.0})
    clock.now += 100.0
    log.on_epoch_end(0, {"l1": 1 / 3, "loss": math.nan})
    assert read_log(log.path) == [
        {"step": 3, "seconds": 6.0, "pictures_per_second": 4.0, "l1": 0.3333333, "loss": None}
    ]


def test_a_resumed_run_replaces_the_later_lines(model, tmp_path):
    path = tmp_path / "log.jsonl"
    model.run([LogFile(path, 1)], [1, 1, 2, 2, 3, 3], 2)
    # From a checkpoint in the middle of the second round.
    log = LogFile(path, 1, start_step=3)
    assert [line["step"] for line in read_log(path)] == [2, 4, 6]  # nothing happens before training
    log.on_train_begin()
    assert [line["step"] for line in read_log(path)] == [2]
    model.run([log], [7], 1)
    model.run([log], [8, 8], 2)
    assert [(line["step"], line["loss"]) for line in read_log(path)] == [(2, 1), (4, 7), (6, 8)]


def test_the_line_of_the_step_resumed_from_stays(model, tmp_path):
    path = tmp_path / "log.jsonl"
    model.run([LogFile(path, 1)], [1, 1], 1)
    before = path.read_bytes()
    LogFile(path, 1, start_step=2).on_train_begin()
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_log_as_it_was(model, tmp_path, full_disk):
    path = tmp_path / "log.jsonl"
    model.run([LogFile(path, 1)], [1], 1)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with full_disk(len(before["log.jsonl"]) + 10), pytest.raises(ValueError, match="log.jsonl could not be written: "):
        model.run([LogFile(path, 1, start_step=1)], [1], 1)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("line", ["half a li", "[1]", '{"loss": 1.0}'])
def test_a_line_that_is_none(tmp_path, line):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1}\n' + line + "\n")
    with pytest.raises(ValueError, match=r'whole number "step" is expected. Received: .*log.jsonl, line 2: '):
        LogFile(path, 1).on_train_begin()


def test_a_log_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="A log of training is expected. Received: "):
        read_log(tmp_path)
