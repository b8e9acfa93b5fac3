"""Depth of one surface in another."""

import dataclasses

import numpy as np
import pytest

from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.contact import Contact, depth, winding_number


def _sphere(radius=10.0, rings=40):
    """Points and outward triangles of a ball of latitude rings."""
    polar, around = np.mgrid[1:rings, : 2 * rings]
    polar, around = np.pi * polar / rings, np.pi * around / rings
    unit = np.stack([np.cos(around) * np.sin(polar), np.cos(polar), np.sin(around) * np.sin(polar)])
    points = np.concatenate([unit.reshape(3, -1).T, [[0, 1, 0], [0, -1, 0]]]) * radius
    row, column = np.mgrid[: rings - 2, : 2 * rings]
    a, b = row * 2 * rings + column, row * 2 * rings + (column + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    top, bottom = len(points) - 2, len(points) - 1
    first, last = np.arange(2 * rings), (rings - 2) * 2 * rings + np.arange(2 * rings)
    faces = [
        np.stack([a, b, c], -1).reshape(-1, 3),
        np.stack([b, d, c], -1).reshape(-1, 3),
        np.stack([np.full(2 * rings, top), np.roll(first, -1), first], 1),
        np.stack([np.full(2 * rings, bottom), last, np.roll(last, -1)], 1),
    ]
    return points, np.concatenate(faces)


def test_depth_in_a_ball_is_radius_less_distance():
    points, faces = _sphere()
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((60, 3))
    inside *= (rng.uniform(0.5, 9.5, 60) / np.linalg.norm(inside, axis=1))[:, None]
    expected = 10 - np.linalg.norm(inside, axis=1)
    np.testing.assert_allclose(depth(inside, points, faces), expected, atol=0.05)
    outside = (
        inside / np.linalg.norm(inside, axis=1, keepdims=True) * rng.uniform(10.1, 30, (60, 1))
    )
    np.testing.assert_array_equal(depth(outside, points, faces), 0)


def test_a_small_hole_does_no_harm():
    points, faces = _sphere()
    holed = faces[points[faces].mean(axis=1)[:, 1] < 9]
    assert len(holed) < len(faces)
    at = np.array([[0, 0, 5.0], [0, -8, 0], [0, 0, 12]])
    np.testing.assert_allclose(depth(at, points, holed), [5, 2, 0], atol=0.1)


def test_winding_number_is_one_inside_and_nothing_outside():
    points, faces = _sphere()
    at = np.array([[0, 0, 0], [3, -4, 5.0], [0, 20, 0]])
    np.testing.assert_allclose(winding_number(at, points[faces]), [1, 1, 0], atol=1e-6)


@pytest.fixture(scope="module")
def contact():
    return Contact(get_rig("tdmm"))


def _pose(rig, **weights):
    values = np.zeros(len(rig.space.channels))
    for name, weight in weights.items():
        values[rig.space.index(name)] = weight
    return values


def test_a_lid_pushed_into_the_eye_and_a_lip_into_the_teeth_are_found(contact):
    rest = contact.measure(_pose(contact.rig))
    pushed = contact.rig.identity_basis * 0
    lids = np.concatenate([lids for lids, _ in contact.eyes])
    pushed[0, lids, 2] = pushed[0, contact.lips, 2] = -9
    person = np.eye(len(pushed))[0]
    deep = Contact(dataclasses.replace(contact.rig, identity_basis=pushed))
    found = deep.measure(_pose(contact.rig), person)
    assert found.lids > rest.lids + 2
    assert found.lips > rest.lips + 1


def test_lids_of_our_head_stay_out_of_its_eyes(contact):
    for pose in ({}, {"eyeBlinkLeft": 1, "eyeBlinkRight": 1}, {"eyeWideLeft": 1}):
        assert contact.measure(_pose(contact.rig, **pose)).lids <= 0.5


def test_ict_enters_the_eye_when_it_blinks(ict_rig):
    """A known fault of that head, and so a check of the measure."""
    contact = Contact(ict_rig)
    blink = contact.measure(_pose(ict_rig, eyeBlinkLeft=1, eyeBlinkRight=1))
    assert 1 < blink.lids < 2.5
    assert blink.lids > contact.measure(_pose(ict_rig)).lids
