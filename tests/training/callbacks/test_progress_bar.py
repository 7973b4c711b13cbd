import io

from gfla_tf.progress import Progress
from training.callbacks import ProgressBar

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """Each step takes two seconds."""

    now = 0.0

    def __call__(self):
        return self.now


def play(bar, clock, logs, steps, validation=None):
    """Call a bar as `fit` does in one round."""
    bar.on_train_begin()
    bar.on_epoch_begin(0)
    for _ in range(steps):
        clock.now += 2.0
        bar.on_train_batch_end(0, logs)
    if validation is not None:
        bar.on_test_begin()
        clock.now += 2.0
    bar.on_epoch_end(0, logs | (validation or {}))


def test_one_line_a_round_where_there_is_no_terminal(model):
    stream, clock = io.StringIO(), Clock()
    bar = ProgressBar(10, batch_size=8, start_step=2, stream=stream, clock=clock)
    play(bar, clock, {"l1": 0.125, "loss": 1.5, "skipped": 0.0}, 3, {"val_loss": 1.75, "val_skipped": 0.0})
    play(bar, clock, {"l1": 0.25, "loss": 1.0, "skipped": 0.5}, 2)
    # The first step does not count. First round: two steps in 4 s and validation in 2, 16 pictures in 6 s, the other
    # five steps take 15 s. Then four in 10 s.
    assert stream.getvalue() == (
        "5/10 steps, 2.7 pictures a second, 0:00:15 left, loss 1.5 (val 1.75), l1 0.125\n"
        "7/10 steps, 3.2 pictures a second, 0:00:08 left, loss 1, l1 0.25, 50.0% of the steps skipped\n"
    )


def test_a_line_kept_up_to_date_on_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream, clock = Terminal(), Clock()
    bar = ProgressBar(4, batch_size=1, stream=stream, clock=clock)
    play(bar, clock, {"correctness": 0.25, "loss": 12345.6}, 2, {"val_loss": 2.0})
    assert stream.getvalue().split(CLEAR) == [
        "",
        "0/4 steps, the next one takes longer",
        "1/4 steps, loss 1.235e+04, corr 0.25",
        "2/4 steps, 0.5 pictures a second, 0:00:04 left, loss 1.235e+04, corr 0.25",
        "2/4 steps, 0.5 pictures a second, 0:00:04 left, validating",
        "2/4 steps, 0.2 pictures a second, 0:00:08 left, loss 1.235e+04 (val 2), correctness 0.25\n",
    ]


def test_with_fit(model):
    stream = io.StringIO()
    model.run([ProgressBar(4, batch_size=1, stream=stream)], [1, 3, 5, 7], 2, validation=8)
    lines = stream.getvalue().splitlines()
    assert [(line.split(",")[0], line.split(", ")[-1]) for line in lines] == [
        ("2/4 steps", "loss 2 (val 8)"),
        ("4/4 steps", "loss 6 (val 8)"),
    ]


def test_a_long_line_is_cut_at_the_terminals_edge(monkeypatch):
    monkeypatch.setenv("COLUMNS", "10")
    stream = Terminal()
    progress = Progress(2, "pictures", stream)
    progress.note = "a long note"
    progress.show()
    assert stream.getvalue() == CLEAR + "0/2 pictu"


def test_speed_in_what_an_item_contains():
    clock = Clock()
    progress = Progress(10, "steps", io.StringIO(), clock, contents=(8, "pictures"))
    clock.now = 4.0
    progress.add(2)
    assert progress.line() == "2/10 steps, 4.0 pictures a second, 0:00:16 left"
    progress.show()  # nothing where there is no terminal
    assert progress._stream.getvalue() == ""
