"""Cutting meshes along borders, without holes and without turning faces over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.parameters import get_space
from tdmm_hf.rigs.surface import (
    cut,
    distance_to_line,
    regions_by_motion,
    sides,
    triangulate,
    used_vertices,
)


def _grid(size=5):
    """A flat square of quads, (points (V, 3), polygons (F, 4)); counter-clockwise seen from +z."""
    y, x = np.mgrid[:size, :size]
    points = np.stack([x.ravel(), y.ravel(), np.zeros(size * size)], axis=1).astype(float)
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    return points, np.stack([corner, corner + 1, corner + size + 1, corner + size], axis=1)


def _areas(points, faces):
    a, b, c = points[faces].transpose(1, 0, 2)
    return np.cross(b - a, c - a)[:, 2] / 2


def _border_edges(faces):
    edges = np.sort(np.concatenate([faces[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert counts.max() <= 2
    return (counts == 1).sum()


def test_quads_become_triangles_along_the_shorter_diagonal():
    points = np.array([[0, 0, 0], [3, 0, 0], [4, 1, 0], [1, 1, 0], [9, 9, 0]], float)
    polygons = np.array([[0, 1, 2, 3], [2, 4, 3, -1]])
    faces, owners = triangulate(polygons, points)
    assert faces.tolist() == [[0, 1, 3], [1, 2, 3], [2, 4, 3]]
    assert owners.tolist() == [0, 0, 1]
    assert (_areas(points, faces) > 0).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_cut_keeps_area_orientation_and_seams(seed):
    rng = np.random.default_rng(seed)
    points, polygons = _grid()
    faces, _ = triangulate(polygons, points)
    level = rng.standard_normal(len(points)) * rng.integers(0, 2, len(points))
    pieces, parents, mix = cut(faces, level)
    at = mix @ points
    assert (_areas(at, pieces) > 0).all()
    per_face = np.bincount(parents, _areas(at, pieces), len(faces))
    np.testing.assert_allclose(per_face, _areas(points, faces), atol=1e-9)
    # Edges with one face lie on the outline alone: there are no cracks.
    on_outline = np.isclose(at[:, :2], 0).any(1) | np.isclose(at[:, :2], 4).any(1)
    assert _border_edges(pieces) == on_outline.sum()


@settings(max_examples=30)
@given(radius=st.floats(0.3, 1.9))
def test_the_border_is_where_the_level_is_zero(radius):
    points, polygons = _grid()
    faces, _ = triangulate(polygons, points)
    level = np.linalg.norm(points[:, :2] - 2, axis=1) - radius
    pieces, _, mix = cut(faces, level)
    new = mix @ level
    inside = sides(pieces, new)
    assert inside.any()
    # No face reaches over the border by more than the vertices that were snapped to it.
    assert new[pieces[inside]].max() < 0.1
    assert new[pieces[~inside]].min() > -0.1


def test_a_cut_elsewhere_changes_nothing():
    points, polygons = _grid()
    faces, _ = triangulate(polygons, points)
    pieces, parents, mix = cut(faces, np.ones(len(points)))
    np.testing.assert_array_equal(pieces, faces)
    np.testing.assert_array_equal(parents, np.arange(len(faces)))
    assert mix.shape == (len(points), len(points))


def test_used_vertices_are_renamed_in_order():
    used, faces = used_vertices(np.array([[7, 3, 9], [3, 7, 5]]))
    assert used.tolist() == [3, 5, 7, 9]
    assert faces.tolist() == [[2, 0, 3], [0, 2, 1]]


def test_distance_to_a_line_and_where():
    line = np.array([[0, 0], [2, 0], [2, 2]], float)
    away, along = distance_to_line(np.array([[1, 1.0], [3, 1], [-3, 4], [2, 5]]), line)
    np.testing.assert_allclose(away, [1, 1, 5, 3])
    np.testing.assert_allclose(along, [0.5, 1.5, 0, 2])


def test_a_region_is_that_of_the_channel_that_moves_a_vertex_most():
    space = get_space("arkit")
    basis = np.zeros((55, 4, 3))
    basis[space.index("jawOpen"), :, 1] = [-40, -20, -2, 0]
    basis[space.index("mouthPucker"), :, 2] = [2, 10, 0.5, 0]
    assert regions_by_motion(basis, space) == ("jaw", "mouth", "head", "head")


def test_degenerate_input_is_no_special_case():
    pieces, parents, mix = cut(np.zeros((0, 3), int), np.ones(2))
    assert len(pieces) == len(parents) == 0
    assert mix.shape == (2, 2)
    with pytest.raises(IndexError):
        cut(np.array([[0, 1, 5]]), np.ones(2))
