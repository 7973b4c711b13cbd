import numpy as np
import pytest

from training.data.render.body import Shape, load_body
from training.data.render.clothes import MARGIN, garment_layer, random_outfit
from training.data.render.mesh import part_number
from training.data.render.regions import body_measures
from training.data.render.rig import skin_weights


@pytest.fixture(scope="module")
def outfits():
    return [random_outfit(np.random.default_rng(seed), gender=seed % 2) for seed in range(24)]


def test_everybody_wears_shoes_something_above_and_something_below(outfits):
    for outfit in outfits:
        names = [garment.name for garment in outfit]
        assert {"shoes", "soles", "top"} <= set(names)
        assert ("trousers" in names) != ("skirt" in names)


def test_skirts_are_for_the_lower_half(outfits):
    assert not any(garment.name == "skirt" for outfit in outfits[1::2] for garment in outfit)
    assert any(garment.name == "skirt" for outfit in outfits[0::2] for garment in outfit)


def test_trunk_and_hips_are_covered_but_face_and_hands_are_not(outfits):
    measures = body_measures()
    skin = np.unique(load_body().quads[load_body().groups["body"]])
    belly = skin[(measures.height[skin] > 0.24) & (measures.height[skin] < 0.6) & (measures.arm[skin] == 0)]
    bare = skin[np.isin(measures.parts[skin], [part_number(name) for name in ("head", "left_hand", "right_hand")])]
    fingers = bare[(measures.arm[bare] > 2.1) | (measures.parts[bare] == part_number("head"))]
    for outfit in outfits:
        open_front = [garment for garment in outfit if garment.name != "jacket"]
        covered = np.max([garment.covered for garment in open_front], axis=0) > MARGIN
        assert covered[belly].mean() > 0.85
        assert not covered[fingers].any()


def test_a_garment_lies_off_the_skin_and_follows_the_bones(outfits):
    body = load_body()
    vertices, weights = body.shaped(Shape(gender=1.0)), skin_weights(body)
    top = next(garment for garment in outfits[1] if garment.name == "top")
    layer = garment_layer(top, body, vertices, weights)
    assert layer.faces.max() < len(layer.vertices)
    np.testing.assert_allclose(layer.weights.sum(axis=1), 1, atol=2e-3)
    assert 0 <= layer.uv.min() <= layer.uv.max() <= 1
    assert set(np.unique(layer.parts)) <= set(range(1, 16))
    # In front, where the chest is highest, the garment is before the skin.
    skin = np.unique(body.quads[body.groups["body"]])
    chest = skin[(np.abs(body_measures().height[skin] - 0.6) < 0.1) & (np.abs(vertices[skin, 0]) < 0.03)]
    near = np.abs(layer.vertices[:, 0]) < 0.04
    levels = vertices[chest, 1]
    here = near & (layer.vertices[:, 1] > levels.min()) & (layer.vertices[:, 1] < levels.max())
    assert layer.vertices[here, 2].max() > vertices[chest, 2].max()


def test_outfits_follow_their_seed_and_split():
    first, second, other = (random_outfit(np.random.default_rng(7), 0.0, split) for split in ("train", "train", "test"))
    assert [garment.name for garment in first] == [garment.name for garment in second]
    np.testing.assert_array_equal(first[-1].texture, second[-1].texture)
    assert len(other) >= 4
