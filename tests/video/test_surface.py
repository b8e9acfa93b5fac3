"""Normals, openness and materials of a surface."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import ball

from tdmm_hf.video.surface import finish, look_names, openness, openness_basis, vertex_normals


def test_normals_of_a_ball_point_outwards():
    points, faces = ball()
    normals = vertex_normals(np.stack([points, 3 * points]), faces)
    np.testing.assert_allclose(normals[0], normals[1], atol=1e-9)
    np.testing.assert_allclose(normals[0], points, atol=0.03)


def test_a_ball_is_open_and_its_inside_is_not():
    points, faces = ball()
    assert openness(100 * points, faces).min() > 0.9
    assert openness(100 * points, faces[:, ::-1]).max() < 0.2


def test_half_a_ball_from_inside_sees_half_of_the_surroundings_everywhere():
    points, faces = ball()
    bowl = faces[(points[faces, 1] < 0.1).all(axis=1)][:, ::-1]
    inner = points[:, 1] < -0.3
    np.testing.assert_allclose(openness(100 * points, bowl)[inner], 0.5, atol=0.12)


def test_what_a_channel_uncovers_is_in_the_basis(head):
    lid = head.neutral * 1.2  # a shell around the ball, which an open jaw takes away
    count = len(head.neutral)
    basis = np.zeros((len(head.basis), 2 * count, 3))
    basis[head.space.index("jawOpen"), count:] = [0, 0, -400]
    covered = replace(
        head,
        neutral=np.concatenate([head.neutral, lid]),
        faces=np.concatenate([head.faces, (head.faces + count)[: len(head.faces) // 2]]),
        basis=basis,
        identity_basis=np.zeros((0, 2 * count, 3)),
    )
    rest, opening = openness_basis(covered, None)
    top = head.neutral[:, 1].argmax()
    assert rest[top] < 0.3
    assert rest[top] + opening[head.space.index("jawOpen")][top] > 0.5
    assert not opening[head.space.index("mouthPucker")].any()


def test_materials_blend_where_they_meet(head):
    surface = finish(head, look_names()[0])
    kinds = [
        set(head.face_materials[(head.faces == vertex).any(axis=1)])
        for vertex in range(len(head.neutral))
    ]
    skin = surface.color[[kind == {0} for kind in kinds]]
    border = surface.color[[kind == {0, 1} for kind in kinds]]
    iris = surface.color[[kind == {1} for kind in kinds]]
    assert np.ptp(skin, axis=0).max() < 1e-6
    assert (border[:, 2] - border[:, 0] < iris[0, 2] - iris[0, 0]).all()
    assert (border[:, 2] - border[:, 0] > skin[0, 2] - skin[0, 0]).all()


def test_a_material_without_colours_is_named(head):
    with pytest.raises(ValueError, match=r"material must be one of skin.*got 'wool' in rig 'ball'"):
        finish(replace(head, materials=("skin", "iris", "wool")), "rose")
