import numpy as np
import pytest

from gfla_tf.image_io import to_uint8
from training.callbacks.curves import COLORS, HEADER, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_curves, round_ticks

BOTTOM_OF_PANEL = HEADER + HEIGHT


def rounds_of(**terms):
    """A log with steps 10, 20, ... and these values."""
    count = len(next(iter(terms.values())))
    return [{"step": 10 * (i + 1)} | {name: values[i] for name, values in terms.items()} for i in range(count)]


def places(image, role):
    """(row, column) of the pixels in the role's colour inside the first panel's axes."""
    inside = np.zeros(image.shape[:2], bool)
    inside[HEADER + TOP : BOTTOM_OF_PANEL, LEFT : WIDTH - RIGHT + 1] = True
    return np.argwhere((to_uint8(image) == COLORS[role]).all(-1) & inside)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.13, 0.38, [0.15, 0.2, 0.25, 0.3, 0.35]),
        (-30.0, 40.0, [-20, 0, 20, 40]),
        (0.0, 12000.0, [0, 5000, 10000]),
    ],
)
def test_round_ticks(low, high, expected):
    np.testing.assert_allclose(round_ticks(low, high), expected, atol=1e-12)


def test_ticks_of_nothing():
    with pytest.raises(ValueError, match="low below high is expected. Received: 2 and 2"):
        round_ticks(2, 2)


def test_a_panel_a_term_and_no_more():
    one = draw_curves(
        rounds_of(seconds=[1.0, 1.0], pictures_per_second=[2.0, 2.0], loss=[3.0, 2.0], skipped=[0.0, 0.0])
    )
    assert one.shape == (HEADER + HEIGHT, WIDTH, 3)
    two = draw_curves(rounds_of(loss=[3.0, 2.0], val_loss=[3.0, 2.0], skipped=[0.0, 0.5]))
    assert two.shape == (HEADER + HEIGHT, 2 * WIDTH, 3)
    assert draw_curves(rounds_of(a=[1.0], b=[1.0], c=[1.0], loss=[1.0])).shape == (HEADER + 2 * HEIGHT, 3 * WIDTH, 3)


def test_the_loss_comes_first():
    image = draw_curves(rounds_of(l1=[5.0, 5.0], loss=[3.0, 2.0]))
    alone = draw_curves(rounds_of(loss=[3.0, 2.0]))
    np.testing.assert_array_equal(image[HEADER:, :WIDTH], alone[HEADER:])


def test_convention_steps_to_the_right_and_values_up():
    image = draw_curves(rounds_of(loss=[1.0, 2.0], val_loss=[2.0, 1.0]))
    training, validation = places(image, "training"), places(image, "validation")
    left, right = training[training[:, 1].argmin()], training[training[:, 1].argmax()]
    assert right[0] < left[0]  # training rises: a smaller row to the right
    left, right = validation[validation[:, 1].argmin()], validation[validation[:, 1].argmax()]
    assert right[0] > left[0]
    # Steps from 0 to 20 fill the width; the curve begins at step 10, in its middle.
    width = WIDTH - RIGHT - LEFT
    assert abs(training[:, 1].min() - (LEFT + width / 2)) <= 4


def test_missing_numbers_leave_a_gap():
    image = draw_curves(rounds_of(loss=[1.0, 1.0, None, 1.0, 1.0]))
    columns = set(places(image, "training")[:, 1])
    width = WIDTH - RIGHT - LEFT
    assert LEFT + round(width * 0.3) in columns
    assert LEFT + round(width * 0.6) not in columns
    assert LEFT + round(width * 0.9) in columns


def test_one_round_and_no_finite_value():
    assert len(places(draw_curves(rounds_of(loss=[0.0])), "training"))
    assert not len(places(draw_curves(rounds_of(loss=[None])), "training"))
    assert len(places(draw_curves(rounds_of(loss=[-1e-30, 1e30])), "training"))


@pytest.mark.parametrize("rounds", [[], [{"step": 1, "seconds": 2.0}]])
def test_nothing_to_draw(rounds):
    with pytest.raises(ValueError, match="A log with at least one term is expected"):
        draw_curves(rounds)
