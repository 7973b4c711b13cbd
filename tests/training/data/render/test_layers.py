import numpy as np
import scipy.sparse

from training.data.render.layers import join_layers, layer_from_cut
from training.data.render.mesh import Material
from training.data.render.regions import Cut


def cut_layer(share):
    """One triangle; its third corner is `share` of the way from vertex 2 to vertex 3."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 3, 0]], np.float32)
    weights = scipy.sparse.csr_array(np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32))
    ends = np.array([[0, 0], [1, 1], [2, 3]])
    cut = Cut(
        ends, np.array([0, 0, share], np.float32), np.array([[0, 1, 2]], np.int32), np.zeros((1, 3, 2), np.float32)
    )
    material = Material("cloth", np.ones((1, 1, 4), np.float32))
    return layer_from_cut(cut, vertices, weights, np.array([5, 6, 7, 8], np.uint8), material)


def test_new_vertices_are_between_old_ones_and_follow_both_their_bones():
    layer = cut_layer(0.25)
    np.testing.assert_allclose(layer.vertices[2], [0, 1.5, 0])
    np.testing.assert_allclose(layer.weights.toarray(), [[1, 0], [1, 0], [0.75, 0.25]])
    assert layer.parts.tolist() == [5]


def test_joined_layers_are_stacked():
    mesh, weights = join_layers([cut_layer(0.0), cut_layer(1.0)])
    assert mesh.faces.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert mesh.material_index.tolist() == [0, 1]
    np.testing.assert_allclose(mesh.vertices[[2, 5], 1], [1, 3])
    np.testing.assert_allclose(weights.toarray()[[2, 5]], [[1, 0], [0, 1]])
