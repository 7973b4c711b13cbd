import cv2
import numpy as np
import pytest

from training.data.render.body import Shape, load_body
from training.data.render.mesh import Material, part_number
from training.data.render.mhclo import read_mhclo
from training.data.render.people import sample_person
from training.data.render.regions import body_measures
from training.data.render.rig import skin_weights
from training.data.render.wardrobe import Wardrobe, bound_layer, pieces, recoloured


def vertices_near(height, count=4):
    """Skin vertices of the trunk or the legs at a body height, in front."""
    body, measures = load_body(), body_measures()
    skin = np.unique(body.quads[body.groups["body"]])
    skin = skin[(measures.arm[skin] == 0) & (measures.position[skin, 2] > 0)]
    if height > 0:  # the middle of the trunk
        skin = skin[np.abs(measures.position[skin, 0]) < 0.1]
    return skin[np.argsort(np.abs(measures.height[skin] - height), kind="stable")[:count]]


def write_asset(folder, heights=(0.6,), hidden="3 - 5 8", extra=""):
    """A garment of separate quads, each bound at one body height and lifted a decimetre to the front."""
    folder.mkdir(parents=True)
    name = folder.name
    rows, faces = [], []
    for piece, height in enumerate(heights):
        for vertex in vertices_near(height):
            other = vertex + 1
            rows.append(f"{vertex} {other} {other} 0.75 0.25 0.0 0 0 1.0")
        faces.append("f " + " ".join(f"{4 * piece + corner + 1}/{corner + 1}" for corner in range(4)))
    scales = "x_scale 5399 11998 1.4\ny_scale 791 881 2.4\nz_scale 962 5320 2.0\n"
    text = f"# comment\nbasemesh hm08\nobj_file {name}.obj\n{scales}verts 0\nmaterial {name}.mhmat\n" + "\n".join(rows)
    (folder / f"{name}.mhclo").write_text(f"{text}\ndelete_verts\n{hidden}\n{extra}")
    places = "".join("v 0 0 0\n" for _ in rows) + "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    (folder / f"{name}.obj").write_text(places + "\n".join(faces) + "\n")
    picture = np.full((16, 16, 4), 128, np.uint8)
    cv2.imwrite(str(folder / f"{name}_diffuse.png"), picture)
    return folder / f"{name}.mhclo"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("people")
    write_asset(root / "clothes" / "female_suit", (0.7, -0.5))
    write_asset(root / "clothes" / "male_suit", (0.7, -0.5, -2.0))
    write_asset(root / "clothes" / "shoes01", (-2.0,))
    write_asset(root / "hair" / "short01", (1.3,))
    (root / "skins").mkdir()
    for name, grey in (
        ("young_lightskinned_female", 200),
        ("young_darkskinned_female", 60),
        ("old_lightskinned_male", 190),
    ):
        picture = np.full((64, 64, 3), grey, np.uint8)
        cv2.imwrite(str(root / "skins" / f"{name}_diffuse.png"), picture)
    return root


def test_convention_offsets_are_decimetres_scaled_by_the_body(tmp_path):
    mesh = read_mhclo(write_asset(tmp_path / "shirt"))
    vertices = load_body().vertices
    chosen = vertices_near(0.6)
    depth = abs(vertices[962, 2] - vertices[5320, 2]) / 0.2  # z_scale: 2.0 decimetres on the body it was made for
    expected = 0.75 * vertices[chosen] + 0.25 * vertices[chosen + 1] + [0, 0, 0.1 * depth]
    np.testing.assert_allclose(mesh.fitted(vertices), expected, atol=1e-6)
    np.testing.assert_array_equal(mesh.nearest, chosen)


def test_hidden_vertices_are_numbers_and_ranges(tmp_path):
    mesh = read_mhclo(write_asset(tmp_path / "shirt", hidden="3 - 5 8\n10 - 11"))
    assert np.nonzero(mesh.hidden)[0].tolist() == [3, 4, 5, 8, 10, 11]


def test_a_row_with_one_number_is_that_vertex(tmp_path):
    path = write_asset(tmp_path / "shirt")
    text = path.read_text().splitlines()
    first = next(number for number, line in enumerate(text) if line.endswith("0 0 1.0"))
    text[first] = "100"
    path.write_text("\n".join(text))
    np.testing.assert_allclose(read_mhclo(path).fitted(load_body().vertices)[0], load_body().vertices[100], atol=1e-6)


def test_pieces_of_a_suit_are_told_apart_by_height(tmp_path):
    mesh = read_mhclo(write_asset(tmp_path / "suit", (0.7, -0.5, -2.0, 0.9)))
    found = {kind: quads.tolist() for kind, quads in pieces(mesh).items()}
    assert found == {"top": [0, 3], "bottom": [1], "shoes": [2]}


def test_a_layer_takes_over_bones_and_parts(tmp_path):
    mesh = read_mhclo(write_asset(tmp_path / "suit", (0.7, -0.5)))
    material = Material("suit", np.ones((2, 2, 4), np.float32))
    layer = bound_layer(mesh, np.array([0]), load_body().vertices, skin_weights(load_body()), material)
    assert len(layer.faces) == 2
    assert (layer.parts == part_number("torso")).all()
    np.testing.assert_allclose(layer.weights.sum(axis=1), 1, atol=1e-5)
    hair = bound_layer(mesh, np.array([0]), load_body().vertices, skin_weights(load_body()), material, part="hair")
    assert (hair.parts == part_number("hair")).all()


def test_people_can_be_dressed_from_it(folder):
    wardrobe = Wardrobe(folder)
    people = [sample_person(seed, wardrobe) for seed in range(6)]
    names = {material.name for person in people for material in person.rest.materials}
    assert {"short01", "shoes01", "skin", "eyes"} <= names
    assert any(name.endswith("suit bottom") for name in names)
    again = sample_person(2, Wardrobe(folder))
    np.testing.assert_array_equal(again.rest.vertices, people[2].rest.vertices)


def test_skins_fit_the_person(folder):
    wardrobe = Wardrobe(folder)
    light, dark = (
        wardrobe.skin(np.random.default_rng(0), Shape(gender=0.0, races=races)).mean()
        for races in ((0, 0, 1), (1, 0, 0))
    )
    assert light > 0.6
    assert dark < 0.3


def test_recoloured_pictures_keep_their_alpha():
    picture = np.random.default_rng(0).random((32, 32, 4)).astype(np.float32)
    pictures = [recoloured(np.random.default_rng(seed), picture, "train") for seed in range(12)]
    for new in pictures:
        np.testing.assert_array_equal(new[..., 3], picture[..., 3])
        assert new.dtype == np.float32
        assert 0 <= new.min() <= new.max() <= 1
    assert sum(np.abs(new - picture).max() > 0.1 for new in pictures) > 8


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no female in it. Received: .*"):
        Wardrobe(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("x_scale 5399 11998 1.4", "x_scale 5399 11998", "shirt.mhclo is damaged"),
        ("y_scale", "z_depth", "shirt.mhclo is damaged: 'y_scale'"),
        ("verts 0", "vets 0", "shirt.mhclo is damaged"),
        ("0 0 1.0", "0 0 one", "shirt.mhclo is damaged"),
        ("0 0 1.0", "0 0 1.0 7", "shirt.mhclo is damaged"),
        ("3 - 5", "3 - 99999", "shirt.mhclo is damaged"),
    ],
)
def test_damaged_bindings_are_named(tmp_path, old, new, message):
    path = write_asset(tmp_path / "shirt")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_mhclo(path)


def test_damaged_meshes_and_pictures_are_named(tmp_path, folder):
    path = write_asset(tmp_path / "shirt")
    mesh = path.with_suffix(".obj")
    whole = mesh.read_text()
    mesh.write_text(whole.replace("f 1/1", "f 9/1"))
    with pytest.raises(ValueError, match="shirt.obj is damaged"):
        read_mhclo(path)
    mesh.write_text(whole.replace("v 0 0 0\n", "", 1))
    with pytest.raises(ValueError, match=r"shirt.obj must have the 4 vertices of its .mhclo. Received: 3"):
        read_mhclo(path)
    mesh.unlink()
    with pytest.raises(ValueError, match="shirt.obj can't be read"):
        read_mhclo(path)
    write_asset(tmp_path / "coat")
    (tmp_path / "coat" / "coat_diffuse.png").write_bytes(b"no picture")
    with pytest.raises(
        ValueError, match="colour picture with 8 bits a channel is expected. Received: .*coat_diffuse.png"
    ):
        Wardrobe(folder).asset(tmp_path / "coat" / "coat.mhclo")
    (tmp_path / "coat" / "coat_diffuse.png").unlink()
    with pytest.raises(ValueError, match=r"_diffuse.png is expected beside .*coat.mhclo. Received: none"):
        Wardrobe(folder).asset(tmp_path / "coat" / "coat.mhclo")
