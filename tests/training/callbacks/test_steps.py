import pytest

from training.callbacks import StepCallback


class Recorder(StepCallback):
    def __init__(self, start_step=0, **kwargs):
        super().__init__(start_step, **kwargs)
        self.steps, self.rounds = [], []

    def on_step_end(self, step, logs):
        self.steps.append((step, self.steps_in_round, logs))

    def on_round_end(self, step, logs):
        self.rounds.append((step, self.steps_in_round, logs))


def test_steps_go_on_over_rounds_and_fits(model):
    """A run resumed at step 5 of rounds of 4: the rest of a round, then two rounds."""
    recorder = Recorder(start_step=5)
    model.run([recorder], [1, 2, 6], 3, validation=8)
    model.run([recorder], [0, 0, 0, 4, 5, 5, 5, 5], 4, validation=9)
    assert [step for step, _, _ in recorder.steps] == [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    assert [steps for _, steps, _ in recorder.steps] == [1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4]
    # Means over the round so far.
    assert [logs["loss"] for _, _, logs in recorder.steps[:3]] == [1, 1.5, 3]
    assert recorder.rounds == [
        (8, 3, {"loss": 3, "val_loss": 8}),
        (12, 4, {"loss": 1, "val_loss": 9}),
        (16, 4, {"loss": 5, "val_loss": 9}),
    ]
    assert all(type(logs["loss"]) is float for _, _, logs in recorder.steps)


def test_the_time_of_a_round_is_that_of_its_steps():
    now = [100.0]
    recorder = Recorder(clock=lambda: now[0])
    now[0] = 110.0
    recorder.on_epoch_begin(0)
    for seconds in (3.0, 1.0):
        now[0] += seconds
        recorder.on_train_batch_end(0, {})
    now[0] += 50.0  # validation
    recorder.on_epoch_end(0, {})
    assert recorder.seconds_in_round == 4.0


def test_a_round_without_steps_is_none():
    recorder = Recorder(start_step=3)
    recorder.on_epoch_begin(0)
    recorder.on_epoch_end(0, {"loss": 1.0})
    assert recorder.rounds == []


def test_a_negative_step():
    with pytest.raises(ValueError, match="start_step must be a whole number from 0. Received: -1"):
        StepCallback(start_step=-1)
