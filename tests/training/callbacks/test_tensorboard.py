import keras
import numpy as np
import pytest
import tensorflow as tf

from training.callbacks import TensorBoardLog


def events(folder):
    """What TensorFlow itself reads of a run's files, in the order in which TensorBoard reads them."""
    files = sorted(folder.iterdir())
    assert all(file.name.startswith("events.out.tfevents.") for file in files)
    records = [record for file in files for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    return [tf.compat.v1.Event.FromString(record) for record in records]


def scalars(folder):
    """(tag, step, value) in the order of writing."""
    return [
        (value.tag, event.step, float(tf.make_ndarray(value.tensor)))
        for event in events(folder)
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    ]


def test_terms_learning_rate_and_validation(model, tmp_path):
    log = TensorBoardLog(tmp_path, every=2)
    model.run([log], [1, 3, 5, 9], 4, validation=8)
    # Of each two steps, though Keras tells means over the round.
    assert scalars(tmp_path / "train") == [
        ("loss", 2, 2.0),
        ("learning_rate/optimizer", 2, 0.25),
        ("loss", 4, 7.0),
        ("learning_rate/optimizer", 4, 0.25),
    ]
    assert scalars(tmp_path / "validation") == [("loss", 4, 8.0)]


def test_points_lie_at_multiples_of_every_also_after_a_resume(model, tmp_path):
    log = TensorBoardLog(tmp_path, every=3, start_step=4)
    model.run([log], [1, 5], 2)  # steps 5 and 6: both since the round began
    model.run([log], [2, 4, 6, 8], 4)  # steps 7 to 10
    points = [point for point in scalars(tmp_path / "train") if point[0] == "loss"]
    assert points == [("loss", 6, 3.0), ("loss", 9, 4.0)]


def test_learning_rates_by_the_stages_names(model, tmp_path):
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([100], [0.5, 0.125])
    model.optimizers_by_name = lambda: {"generator": keras.optimizers.SGD(rate), "other": keras.optimizers.SGD(2.0)}
    model.run([TensorBoardLog(tmp_path, every=1)], [1], 1)
    assert scalars(tmp_path / "train")[1:] == [("learning_rate/generator", 1, 0.5), ("learning_rate/other", 1, 2.0)]


def test_pictures(tmp_path):
    log = TensorBoardLog(tmp_path)
    image = np.linspace(-1, 1, 2 * 3 * 3, dtype=np.float32).reshape(2, 3, 3)
    log.image("samples", image, 7)
    log.on_round_end(7, {})
    (event,) = (event for event in events(tmp_path / "validation") if event.summary.value)
    (value,) = event.summary.value
    assert (event.step, value.tag, value.metadata.plugin_data.plugin_name) == (7, "samples", "images")
    width, height, png = tf.make_ndarray(value.tensor)
    assert (width, height) == (b"3", b"2")
    np.testing.assert_allclose(tf.io.decode_png(png).numpy() / 127.5 - 1, image, atol=0.5 / 127.5 + 1e-6)


def test_a_resumed_run_starts_a_session(model, tmp_path):
    """Readers drop what they have from the step on that a session start carries."""
    folder = tmp_path / "train"
    model.run([TensorBoardLog(tmp_path, every=1)], [1, 2, 3], 3)
    for file in list(folder.iterdir()):  # written long ago
        file.rename(folder / f"events.out.tfevents.0000000001.{file.name.split('.', 4)[-1]}")
    model.run([TensorBoardLog(tmp_path, every=1, start_step=1)], [5, 6], 2)
    story = []
    for event in events(folder):
        if event.session_log.status == tf.compat.v1.SessionLog.START:
            story.append(f"start at {event.step}")
        story += [event.step for value in event.summary.value if value.tag == "loss"]
    assert story == ["start at 1", 1, 2, 3, "start at 2", 2, 3]


def test_files_that_cannot_be_written(model, tmp_path, full_disk):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ValueError, match="file.train could not be written: Not a directory"):
        model.run([TensorBoardLog(tmp_path / "file", every=1)], [1], 1)
    log = TensorBoardLog(tmp_path / "run", every=1)
    model.run([log], [1], 1)
    with full_disk(10), pytest.raises(ValueError, match="run.train could not be written: "):
        model.run([log], [1], 1)


def test_every():
    with pytest.raises(ValueError, match="every must be a whole number of steps from 1. Received: 0"):
        TensorBoardLog("folder", every=0)
