"""Normals, openness and materials of a surface, corneas of eyes."""

from dataclasses import replace

import numpy as np
import pytest

from tdmm_hf.parameters import get_space
from tdmm_hf.rigs import get_rig, head_rotation
from tdmm_hf.rigs.corneas import Corneas
from tdmm_hf.rigs.looks import finish, look_names
from tdmm_hf.rigs.mesh import Eyeball, MeshRig
from tdmm_hf.rigs.normals import vertex_normals
from tdmm_hf.rigs.openness import openness, openness_basis


def test_normals_of_a_ball_point_outwards(ball):
    points, faces = ball
    normals = vertex_normals(np.stack([points, 3 * points]), faces)
    np.testing.assert_allclose(normals[0], normals[1], atol=1e-9)
    np.testing.assert_allclose(normals[0], points, atol=0.03)


def test_a_ball_is_open_and_its_inside_is_not(ball):
    points, faces = ball
    assert openness(100 * points, faces).min() > 0.9
    assert openness(100 * points, faces[:, ::-1]).max() < 0.2


def test_half_a_ball_from_inside_sees_half_of_the_surroundings_everywhere(ball):
    points, faces = ball
    bowl = faces[(points[faces, 1] < 0.1).all(axis=1)][:, ::-1]
    inner = points[:, 1] < -0.3
    np.testing.assert_allclose(openness(100 * points, bowl)[inner], 0.5, atol=0.12)


def test_what_a_channel_uncovers_is_in_the_basis(head):
    lid = head.neutral * 1.2  # a shell around the ball, which an open jaw takes away
    count = len(head.neutral)
    basis = np.zeros((len(head.basis), 2 * count, 3))
    jaw = head.space.index("jawOpen")
    basis[jaw, count:] = [0, 0, -400]
    covered = replace(
        head,
        neutral=np.concatenate([head.neutral, lid]),
        faces=np.concatenate([head.faces, (head.faces + count)[: len(head.faces) // 2]]),
        basis=basis,
        identity_basis=np.zeros((0, 2 * count, 3)),
    )
    basis = openness_basis(covered, np.zeros(2 * count, dtype=bool))
    top = head.neutral[:, 1].argmax()
    values = np.eye(len(head.space.channels))
    shut, opened, puckered = basis.at(
        np.stack([0 * values[0], values[jaw], values[head.space.index("mouthPucker")]])
    )
    assert shut[top] < 0.3
    assert opened[top] > shut[top] + 0.3
    np.testing.assert_array_equal(puckered, shut)
    mouth = openness_basis(covered, np.arange(2 * count) == top).at(values[:1] * 0)[0]
    assert mouth[top] == pytest.approx(opened[top], abs=1e-6)
    np.testing.assert_array_equal(np.delete(mouth, top), np.delete(shut, top))


def test_eyeballs_have_corneas(ball):
    points, faces = ball
    rig = _eye(points * 12, faces)
    corneas = Corneas(rig, rig.neutral)
    turn = head_rotation([0.2, 0.5, 0.1])
    seen = np.stack([rig.neutral, rig.neutral @ turn.T + [5, 0, 0]])
    normals = np.zeros_like(seen)
    corneas.bulge(seen, normals)
    np.testing.assert_allclose(normals[1], normals[0] @ turn.T, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-9)
    angle, bulged = (np.degrees(np.arccos(x.clip(-1, 1))) for x in (points[:, 2], normals[0, :, 2]))
    np.testing.assert_allclose(bulged[angle < 30], 1.6 * angle[angle < 30], atol=1e-6)
    np.testing.assert_allclose(bulged[angle > 50], angle[angle > 50], atol=1e-5)


def _eye(points: np.ndarray, faces: np.ndarray) -> MeshRig:
    """A rig that is one eyeball."""
    count, space = len(points), get_space("arkit")
    return MeshRig(
        name="eye",
        space=space,
        regions=("eyes",) * count,
        neutral=points,
        basis=np.zeros((len(space.channels), count, 3)),
        neck_pivot=np.zeros(3),
        faces=faces,
        uv=np.zeros((count, 2)),
        materials=("sclera",),
        face_materials=np.zeros(len(faces), dtype=int),
        eyeballs=(Eyeball("Left", np.arange(count), np.zeros(3)),),
        neck_weights=np.ones(count),
        identity_basis=np.zeros((0, count, 3)),
        landmarks=np.zeros(0, dtype=int),
        vertex_sets={},
    )


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


def test_cheeks_and_nose_are_redder_than_the_forehead():
    rig = get_rig("tdmm")
    color = finish(rig, "rose").color
    redness = color[:, 0] / color[:, 1]
    nose, forehead = rig.landmarks[30], rig.landmarks[27]
    assert redness[nose] > 1.1 * redness[forehead]


def test_a_material_without_colours_is_named(head):
    with pytest.raises(ValueError, match=r"material must be one of skin.*got 'wool' in rig 'ball'"):
        finish(replace(head, materials=("skin", "iris", "wool")), "rose")
