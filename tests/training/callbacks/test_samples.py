import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.image_io import read_image
from gfla_tf.sheets import LABEL_HEIGHT, flow_to_color
from training.callbacks import SampleSheets, TensorBoardLog
from training.callbacks.sample_sheet import GAP, draw_samples

HEIGHT, WIDTH, PAIRS = 32, 48, 2
BASE = ["source", "source pose", "target pose"]
LEVEL_3 = ["flow 1/8", "mask 1/8", "warped 1/8"]


@pytest.fixture
def batch():
    random = np.random.default_rng(0)
    images = {f"{role}_image": random.uniform(-1, 1, (PAIRS, HEIGHT, WIDTH, 3)) for role in ("source", "target")}
    keypoints = random.uniform(0, 32, (PAIRS, 18, 3))
    batch = {**images, "source_keypoints": keypoints, "target_keypoints": keypoints[::-1]}
    return {name: value.astype(np.float32) for name, value in batch.items()}


def render(batch, flow=0.0, image=True):
    rendered = {
        "flows": [np.full((PAIRS, HEIGHT // side, WIDTH // side, 2), flow, np.float32) for side in (8, 4)],
        "masks": [tf.zeros((PAIRS, HEIGHT // side, WIDTH // side, 1)) for side in (8, 4)],
    }
    return rendered | ({"image": -batch["source_image"]} if image else {})


def only_level_3(rendered):
    return {name: value[:1] if isinstance(value, list) else value for name, value in rendered.items()}


def panel(sheet, row, column):
    top, left = LABEL_HEIGHT + row * (HEIGHT + GAP), column * (WIDTH + GAP)
    return sheet[top : top + HEIGHT, left : left + WIDTH]


def columns_of(sheet):
    return (sheet.shape[1] + GAP) // (WIDTH + GAP)


def test_convention_rows_are_pairs_and_columns_what_is_looked_at(batch):
    sheet = draw_samples(batch, render(batch))
    assert sheet.shape == (LABEL_HEIGHT + 2 * (HEIGHT + GAP) - GAP, 11 * (WIDTH + GAP) - GAP, 3)
    for row in range(PAIRS):
        np.testing.assert_array_equal(panel(sheet, row, 0), batch["source_image"][row])
        np.testing.assert_array_equal(panel(sheet, row, 10), batch["target_image"][row])
        np.testing.assert_array_equal(panel(sheet, row, 9), -batch["source_image"][row])
        # No flow is white beside the legend, a mask of 0 black; no flow leaves the source as it is.
        for column, expected in ((3, 1.0), (4, -1.0), (6, 1.0), (7, -1.0)):
            np.testing.assert_allclose(panel(sheet, row, column)[:20], expected, atol=1e-6)
        np.testing.assert_allclose(panel(sheet, row, 5), batch["source_image"][row], atol=1e-5)
        assert (panel(sheet, row, 2) == -1).all(-1).mean() > 0.3  # a skeleton on black
        assert (panel(sheet, row, 1) == batch["source_image"][row]).all(-1).mean() > 0.3  # on the source
        assert (panel(sheet, row, 1) != batch["source_image"][row]).any()


def test_without_an_image_there_is_no_result(batch):
    sheet = draw_samples(batch, render(batch, image=False))
    assert columns_of(sheet) == 10
    np.testing.assert_array_equal(panel(sheet, 0, 9), batch["target_image"][0])


def test_the_source_is_warped_by_the_flow(batch):
    # 1 pixel to the right at an eighth of the side: 8 pixels of the picture. Target x shows source x + 8.
    rendered = only_level_3(render(batch))
    rendered["flows"][0][..., 0] = 1.0
    sheet = draw_samples(batch, rendered)
    np.testing.assert_allclose(panel(sheet, 0, 5)[:, :-8], batch["source_image"][0][:, 8:], atol=1e-5)
    np.testing.assert_allclose(panel(sheet, 0, 3)[5, 5], [1, -1, -1], atol=1e-5)  # red


def test_colours_mean_the_same_in_all_rows(batch):
    rendered = only_level_3(render(batch))
    rendered["flows"][0][0, ..., 0] = 2.0
    rendered["flows"][0][1, ..., 0] = 1.0
    sheet = draw_samples(batch, rendered)
    np.testing.assert_allclose(panel(sheet, 0, 3)[5, 5], [1, -1, -1], atol=1e-5)
    np.testing.assert_allclose(panel(sheet, 1, 3)[5, 5], [1, 0, 0], atol=1e-5)  # half as long, half as saturated


def test_exact_flow_and_visibility_stand_beside_and_give_the_scale(batch):
    batch["flow_level3"] = np.zeros((PAIRS, HEIGHT // 8, WIDTH // 8, 2), np.float32)
    batch["flow_level3"][..., 0] = 4.0
    batch["visible_level3"] = np.zeros((PAIRS, HEIGHT // 8, WIDTH // 8, 1), np.float32)
    batch["visible_level3"][:, :, :3] = 1.0
    batch["flow_level3"][:, :, 3:] = 99.0  # means nothing where nothing is visible
    rendered = only_level_3(render(batch))
    rendered["flows"][0][..., 0] = 1.0
    sheet = draw_samples(batch, rendered)
    assert columns_of(sheet) == len(BASE) + 5 + 2
    quarter = flow_to_color(np.array([[[1.0, 0.0]]], np.float32), 4.0)[0, 0]
    np.testing.assert_allclose(panel(sheet, 1, 3)[5, 5], quarter, atol=1e-5)
    np.testing.assert_allclose(panel(sheet, 1, 4)[5, 5], [1, -1, -1], atol=1e-5)  # the exact flow, left half
    np.testing.assert_allclose(panel(sheet, 1, 4)[5, -5], 0.0, atol=1e-5)  # grey on the right
    np.testing.assert_allclose(panel(sheet, 1, 6)[5, 5], 1.0, atol=1e-5)  # visible
    np.testing.assert_allclose(panel(sheet, 1, 6)[5, -5], -1.0, atol=1e-5)


def test_numbers_that_are_not_finite_do_not_end_a_run(batch):
    rendered = render(batch, flow=np.nan)
    rendered["image"] = np.full_like(rendered["image"], np.inf)
    sheet = draw_samples(batch, rendered)
    assert np.isfinite(sheet).all()
    np.testing.assert_array_equal(panel(sheet, 0, 9), np.zeros((HEIGHT, WIDTH, 3)))


def test_a_sheet_a_round(model, batch, tmp_path):
    calls = []

    def counted(given):
        calls.append(given)
        return render(given)

    tensorboard = TensorBoardLog(tmp_path / "tensorboard")
    sheets = SampleSheets(tmp_path / "samples", batch, counted, tensorboard=tensorboard, start_step=100)
    model.run([sheets], [1, 1, 1, 1], 2)
    assert sorted(file.name for file in (tmp_path / "samples").iterdir()) == ["step-00000102.png", "step-00000104.png"]
    assert len(calls) == 2
    assert calls[0] is batch
    sheet = read_image(tmp_path / "samples" / "step-00000104.png")
    np.testing.assert_allclose(sheet, draw_samples(batch, render(batch)), atol=0.5 / 127.5 + 1e-6)
    assert list((tmp_path / "tensorboard" / "validation").iterdir())


def test_a_full_disk(model, batch, tmp_path, full_disk):
    sheets = SampleSheets(tmp_path, batch, render)
    with full_disk(10), pytest.raises(ValueError, match="step-00000001.png could not be written: "):
        model.run([sheets], [1], 1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(model, batch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ValueError, match="file.samples could not be made: Not a directory"):
        model.run([SampleSheets(tmp_path / "file" / "samples", batch, render)], [1], 1)


def test_wrong_arguments(batch):
    del batch["target_keypoints"]
    with pytest.raises(ValueError, match="Received: one without target_keypoints"):
        SampleSheets("folder", batch, render)
