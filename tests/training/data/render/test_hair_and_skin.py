import numpy as np
import pytest

from training.data.render.body import Shape, load_body
from training.data.render.face import paint_face
from training.data.render.hair import hair_colour, random_hair
from training.data.render.mesh import part_number
from training.data.render.rig import skin_weights
from training.data.render.skin import eye_layers, skin_layer, skin_texture


@pytest.fixture(scope="module")
def body():
    shaped = load_body().shaped(Shape())
    return load_body(), shaped, skin_weights(load_body())


def test_skin_tones_follow_origin():
    light, dark = (
        np.mean([skin_texture(np.random.default_rng(seed), races).mean() for seed in range(6)])
        for races in ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
    )
    assert dark < light - 0.15


def test_faces_are_painted_where_the_face_is():
    plain = np.full((256, 256, 3), 0.7, np.float32)
    painted = plain.copy()
    paint_face(np.random.default_rng(0), painted, np.zeros(3, np.float32), makeup=0.8)
    changed = np.abs(painted - plain).max(axis=2) > 0.05
    assert 0.002 < changed.mean() < 0.05
    # The head lies on its side, its middle line at half the height; the trunk is left of it, the mouth below.
    rows, _ = np.nonzero(changed[:200, 160:])
    assert len(rows) > 0.4 * changed.sum()
    assert abs(rows.mean() / 256 - 0.5) < 0.03
    assert not changed[:160, 50:150].any()


def test_hidden_skin_is_left_out(body):
    base, vertices, weights = body
    picture = np.ones((8, 8, 3), np.float32)
    whole = skin_layer(base, vertices, weights, np.zeros(len(vertices), bool), picture)
    assert len(whole.faces) == 2 * len(base.groups["body"])
    hidden = vertices[:, 1] < 0
    upper = skin_layer(base, vertices, weights, hidden, picture)
    assert 0.2 < len(upper.faces) / len(whole.faces) < 0.9
    assert upper.vertices[:, 1].min() > -0.05


def test_eyes_have_the_iris_in_front(body):
    base, vertices, weights = body
    left, right = eye_layers(np.random.default_rng(0), base, vertices, weights)
    assert left.vertices[:, 0].min() > 0 > right.vertices[:, 0].max()
    front = left.vertices[left.faces][..., 2].mean(axis=1).argmax()
    np.testing.assert_allclose(left.uv[front].mean(axis=0), 0.5, atol=0.12)
    middle = left.material.texture[32, 32, :3]
    assert middle.max() < 0.1, "the pupil"


def test_hair_is_on_the_head_and_long_hair_hangs(body):
    base, vertices, weights = body
    kinds = set()
    for seed in range(12):
        layers = random_hair(np.random.default_rng(seed), base, vertices, weights, np.ones(3, np.float32), gender=0.0)
        kinds.add(len(layers))
        assert (layers[0].parts == part_number("hair")).all()
        assert layers[0].vertices[:, 1].max() > 0.75
        if len(layers) == 2:
            assert layers[1].vertices[:, 1].min() < 0.66
    assert kinds == {1, 2}


def test_hair_greys():
    young, old = (np.mean([hair_colour(np.random.default_rng(s), age) for s in range(40)]) for age in (0.0, 0.9))
    assert old > young + 0.2
