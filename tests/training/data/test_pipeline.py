from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training.data.order import element_seeds, epoch_order, replacement_order, worker_share
from training.data.pipeline import Pipeline, PipelineSettings


class Files:
    """Elements that are read from small files: their number, and something random."""

    def __init__(self, folder: Path, count: int):
        self.paths = [folder / f"{number}.txt" for number in range(count)]
        for number, path in enumerate(self.paths):
            path.write_text(str(number))

    def __len__(self):
        return len(self.paths)

    def load(self, index, seed):
        content = tf.io.read_file(tf.gather([str(path) for path in self.paths], index))
        number = tf.strings.to_number(content, tf.int64)
        return {"number": number, "random": tf.random.stateless_normal([3], seed)}

    def unreadable(self, index):
        path = self.paths[index]
        if not path.exists():
            return {path: "no such file"}
        return {} if path.read_text().isdecimal() else {path: "no number"}


def numbers(dataset):
    return [batch["number"].numpy().tolist() for batch in dataset]


def assert_same(batches, others):
    batches, others = list(batches), list(others)
    assert len(batches) == len(others)
    for batch, other in zip(batches, others, strict=True):
        assert batch.keys() == other.keys()
        for name in batch:
            assert batch[name].numpy().tobytes() == other[name].numpy().tobytes()


@pytest.fixture
def source(tmp_path):
    return Files(tmp_path, 23)


def test_an_epoch_holds_every_element_once(source):
    pipeline = Pipeline(source, PipelineSettings(batch_size=4, drop_remainder=False))
    batches = numbers(pipeline.dataset(0))
    assert [len(batch) for batch in batches] == [4, 4, 4, 4, 4, 3]
    assert sorted(number for batch in batches for number in batch) == list(range(23))
    assert pipeline.steps_per_epoch == 6


def test_incomplete_batches_are_left_out(source):
    pipeline = Pipeline(source, PipelineSettings(batch_size=4))
    assert pipeline.steps_per_epoch == 5
    assert [len(batch) for batch in numbers(pipeline.dataset(0))] == [4] * 5
    assert pipeline.dataset(0).element_spec["random"].shape == [4, 3]


def test_epochs_and_seeds_differ_in_order_and_randomness(source):
    first = next(iter(Pipeline(source, PipelineSettings(batch_size=23)).dataset(0)))
    second = next(iter(Pipeline(source, PipelineSettings(batch_size=23)).dataset(1)))
    other = next(iter(Pipeline(source, PipelineSettings(batch_size=23, seed=1)).dataset(0)))
    for batch in (second, other):
        assert batch["number"].numpy().tolist() != first["number"].numpy().tolist()
        assert not set(batch["random"].numpy().ravel()) & set(first["random"].numpy().ravel())
    assert len(set(first["random"].numpy().ravel())) == 69


def test_without_shuffling_the_order_is_the_source_s_and_randomness_still_fresh(source):
    pipeline = Pipeline(source, PipelineSettings(batch_size=23, shuffle=False))
    first, second = (next(iter(pipeline.dataset(epoch))) for epoch in (0, 1))
    assert first["number"].numpy().tolist() == second["number"].numpy().tolist() == list(range(23))
    assert not np.array_equal(first["random"], second["random"])


def test_randomness_belongs_to_the_element_and_not_to_its_place(source):
    shuffled = next(iter(Pipeline(source, PipelineSettings(batch_size=23)).dataset(3)))
    plain = next(iter(Pipeline(source, PipelineSettings(batch_size=23, shuffle=False)).dataset(3)))
    np.testing.assert_array_equal(plain["random"].numpy()[shuffled["number"].numpy()], shuffled["random"])


def test_a_resumed_epoch_goes_on_bit_for_bit(source, tmp_path):
    whole = list(Pipeline(source, PipelineSettings(batch_size=3, parallel_calls=3)).dataset(2))
    for start in (0, 1, 5, 7):
        fresh = Pipeline(Files(tmp_path, 23), PipelineSettings(batch_size=3, parallel_calls=1, prefetch=0))
        assert_same(fresh.dataset(2, start), whole[start:])


def test_a_resumed_stream_goes_on_bit_for_bit_over_the_end_of_epochs(source, tmp_path):
    settings = PipelineSettings(batch_size=4)
    whole = list(Pipeline(source, settings).stream().take(17))
    for step in (1, 5, 12):
        assert_same(Pipeline(Files(tmp_path, 23), settings).stream(step).take(17 - step), whole[step:])
    epochs = [batch for epoch in range(4) for batch in Pipeline(source, settings).dataset(epoch)]
    assert_same(whole, epochs[:17])


@pytest.mark.parametrize(("batch_size", "workers"), [(2, 2), (1, 4), (3, 3)])
def test_workers_together_see_what_one_would_see(source, batch_size, workers):
    alone = Pipeline(source, PipelineSettings(batch_size=batch_size * workers, seed=5))
    shared = [
        Pipeline(source, PipelineSettings(batch_size=batch_size, seed=5, workers=workers, worker=worker))
        for worker in range(workers)
    ]
    assert {pipeline.steps_per_epoch for pipeline in shared} == {alone.steps_per_epoch}
    together = [
        {name: tf.concat([part[name] for part in parts], axis=0) for name in parts[0]}
        for parts in zip(*[pipeline.dataset(1, start=1) for pipeline in shared], strict=True)
    ]
    assert_same(together, alone.dataset(1, start=1))


def test_an_unreadable_element_is_named_once_and_replaced(source, caplog):
    good = Pipeline(source, PipelineSettings(batch_size=23, shuffle=False))
    expected = next(iter(good.dataset(0)))["number"].numpy()
    source.paths[7].write_text("seven")
    source.paths[9].unlink()
    pipeline = Pipeline(source, PipelineSettings(batch_size=23, shuffle=False))
    with caplog.at_level(logging.WARNING):
        for epoch in range(3):
            seen = next(iter(pipeline.dataset(epoch)))["number"].numpy()
            assert np.flatnonzero(seen != expected).tolist() == [7, 9]
            assert not {7, 9} & {seen[7], seen[9]}
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"{source.paths[7]} can't be read and is skipped: no number",
        f"{source.paths[9]} can't be read and is skipped: no such file",
    ]


def test_a_replacement_is_loaded_as_it_would_be_in_its_own_place(source):
    source.paths[7].write_text("seven")
    batch = next(iter(Pipeline(source, PipelineSettings(batch_size=23, shuffle=False)).dataset(2)))
    replacement = int(batch["number"][7])
    np.testing.assert_array_equal(batch["random"][7], batch["random"][replacement])


def test_resuming_and_sharding_stay_exact_with_unreadable_elements(source, tmp_path):
    for number in (2, 3, 5, 7, 11, 13):
        source.paths[number].write_text("?")
    settings = PipelineSettings(batch_size=4, parallel_calls=4)
    whole = list(Pipeline(source, settings).stream().take(12))
    assert_same(Pipeline(source, settings).stream(5).take(7), whole[5:])
    halves = [Pipeline(source, PipelineSettings(batch_size=2, workers=2, worker=worker)) for worker in (0, 1)]
    for batch, *parts in zip(whole, *[half.stream() for half in halves], strict=False):
        assert batch["number"].numpy().tolist() == [n for part in parts for n in part["number"].numpy().tolist()]


def test_too_many_unreadable_files_are_an_error_that_names_them(source):
    for number in (4, 8):
        source.paths[number].write_text("?")
    numbers(Pipeline(source, PipelineSettings(unreadable_limit=2)).dataset(0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 1 unreadable files are expected. Received: 2: "):
        numbers(Pipeline(source, PipelineSettings(batch_size=23, unreadable_limit=1)).dataset(0))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"[48].txt \(no number\)"):
        numbers(Pipeline(source, PipelineSettings(batch_size=23, unreadable_limit=0)).dataset(0))


def test_a_source_without_any_readable_element_is_an_error(tmp_path):
    source = Files(tmp_path, 3)
    for path in source.paths:
        path.unlink()
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one readable element is expected. Received: 3"):
        numbers(Pipeline(source, PipelineSettings(batch_size=1)).dataset(0))


def test_errors_that_no_file_explains_are_not_hidden(source):
    source.paths[7].write_text("?")
    source.unreadable = lambda index: {}
    with pytest.raises(tf.errors.InvalidArgumentError, match="element 7 can't be loaded although"):
        numbers(Pipeline(source, PipelineSettings(batch_size=23)).dataset(0))


def test_order_is_pinned():
    # Runs of old seeds stay reproducible, on any version of NumPy and TensorFlow.
    assert epoch_order(8, 0, 0).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]
    assert epoch_order(8, 0, 1).tolist() == [7, 4, 5, 1, 6, 2, 0, 3]
    assert element_seeds(2, 0, 0).tolist() == [[-473381808, 1929466034], [107664007, 1679511048]]
    assert sorted(replacement_order(8, 0, 0, 3).tolist()) == list(range(8))
    assert epoch_order(8, 0, 1, shuffle=False).tolist() == list(range(8))


def test_orders_are_fair():
    # Each element should come first about equally often: 4000 / 8 = 500, standard deviation 21.
    firsts = np.bincount([epoch_order(8, 1, epoch)[0] for epoch in range(4000)], minlength=8)
    assert firsts.min() > 400
    assert firsts.max() < 600


def test_worker_share_of_literal_numbers():
    order = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 10, 12])
    assert worker_share(order, 2, 0, 3).tolist() == [9, 8, 3, 2]
    assert worker_share(order, 2, 1, 3).tolist() == [7, 6, 1, 0]
    assert worker_share(order, 2, 2, 3).tolist() == [5, 4, 11, 10]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number from 1. Received: 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 0.5}, "seed must be a whole number from 0. Received: 0.5"),
        ({"workers": True}, "workers must be a whole number"),
        ({"parallel_calls": 0}, "parallel_calls must be a whole number from 1"),
        ({"workers": 2, "worker": 2}, "worker must be below workers. Received: 2 of 2"),
        ({"workers": 2, "drop_remainder": False}, "drop_remainder must be true for several workers"),
    ],
)
def test_impossible_settings_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        PipelineSettings(**bad)


def test_impossible_places_are_refused(source):
    with pytest.raises(ValueError, match="a source of at least 24 elements is expected. Received: 23"):
        Pipeline(source, PipelineSettings(batch_size=12, workers=2))
    pipeline = Pipeline(source, PipelineSettings(batch_size=12, drop_remainder=False))
    for epoch, start in ((-1, 0), (0, -1), (0, 3)):
        with pytest.raises(ValueError, match="an epoch from 0 and a start from 0 to 2 are expected"):
            pipeline.dataset(epoch, start)
    with pytest.raises(ValueError, match="drop_remainder=False"):
        pipeline.stream()
    assert numbers(pipeline.dataset(0, 2)) == []
