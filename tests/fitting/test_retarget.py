"""Motions between FLAME and arkit, on a double of FLAME whose truth is known."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from flame_double import make_double

from tdmm_hf import load, save
from tdmm_hf.cli import main
from tdmm_hf.fitting.correspondence import correspond, find_anchors, jaw_share
from tdmm_hf.fitting.retarget import bounded_least_squares, retarget, unknowns
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.performer import perform
from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.flame import FLAME_VARIABLE

ARKIT = get_space("arkit")
LOST = [n.startswith("eyeLook") or n == "tongueOut" for n in ARKIT.channels]
WEIGHTS = ~np.array(LOST) & (np.array(ARKIT.units) == "weight")


@pytest.fixture(scope="module")
def head():
    return get_rig("tdmm")


@pytest.fixture(scope="module")
def double(head, tmp_path_factory):
    """Another person, a little larger, resting nodded by three degrees."""
    folder = tmp_path_factory.mktemp("double")
    return make_double(head, folder, seed=1, person=head.random_identity(3), size=1.07, pitch=0.05)


@pytest.fixture(scope="module")
def natural():
    """(T, 55) performed faces, what FLAME cannot do left out."""
    parts = []
    for seed, emotion in enumerate(("happy", "angry", "surprised")):
        span = EmotionSpan(emotion, emotion, 5, 0.0, 2.0)
        parts.append(
            perform(Attributes(2.0, "woman", (span,), manner="speaks_steadily"), seed).values[::4]
        )
    values = np.concatenate(parts).astype(float)
    values[:, LOST] = 0
    close, jaw = ARKIT.index("mouthClose"), ARKIT.index("jawOpen")
    values[:, close] = np.minimum(values[:, close], values[:, jaw])
    return values


def moved(head, values):
    """(frames, P, 3) millimetres within the head."""
    points = np.flatnonzero(np.linalg.norm(head.basis, axis=-1).max(0) > 0.3)[::5]
    return np.tensordot(values, head.basis[:, points], axes=1)


def test_points_find_themselves_on_another_person(head, double):
    places = correspond(double.rig, head)
    found = np.einsum("pck,pc->pk", double.rig.neutral[places.corners], places.shares)
    own = {int(vertex): i for i, vertex in enumerate(double.vertices)}
    true = double.rig.neutral[[own[int(vertex)] for vertex in places.points]]
    away = np.linalg.norm(found - true, axis=1)
    assert away.mean() < 1.2
    assert np.percentile(away, 95) < 3.5
    assert places.scale == pytest.approx(1.07, abs=0.04)
    assert np.abs(places.turn - np.eye(3)).max() < 0.1


def test_upper_lips_do_not_go_to_lower_ones(head, double):
    places = correspond(double.rig, head)
    lips = np.isin(places.points, head.vertex_sets["lips"])
    theirs = np.einsum("pc,pc->p", double.rig.jaw_weights[places.corners], places.shares)
    ours = jaw_share(head)[places.points]
    assert np.abs(theirs - ours)[lips].mean() < 0.06


def test_anchors_are_nose_and_mouth(head):
    tip, right_up, right_down, up, down, left_up, left_down = head.neutral[
        find_anchors(head, jaw_share(head))
    ]
    landmarks = head.neutral[head.landmarks]
    assert np.linalg.norm(tip - landmarks[30]) < 4
    assert np.linalg.norm((up + down) / 2 - landmarks[62]) < 4
    assert np.linalg.norm((right_up + right_down) / 2 - landmarks[48]) < 6
    assert np.linalg.norm((left_up + left_down) / 2 - landmarks[54]) < 6


def test_performed_faces_come_back(head, double, natural):
    found = retarget(double.parameters(natural), "arkit", double.rig)
    error = np.abs(found.values - natural)[:, WEIGHTS]
    assert error.mean() < 0.4 * natural[:, WEIGHTS].mean()
    off = np.linalg.norm(moved(head, found.values - natural), axis=-1).mean()
    assert off < 0.2 * np.linalg.norm(moved(head, natural), axis=-1).mean()
    driven = natural.max(axis=0) > 0.3
    rises = [
        np.corrcoef(found.values[:, i], natural[:, i])[0, 1]
        for i in np.flatnonzero(driven & WEIGHTS)
    ]
    assert np.mean(rises) > 0.9


def test_blinks_are_eyelids_also_where_the_rig_has_none(double, natural):
    blinking = np.zeros((9, 55))
    at = ARKIT.index("eyeBlinkLeft")
    blinking[:, at] = [0, 0, 0.5, 1, 1, 0.5, 0, 0, 0]
    found = retarget(double.parameters(blinking), "arkit", double.rig)
    np.testing.assert_allclose(found.values[:, at], blinking[:, at], atol=1e-6)
    assert np.delete(found.values, at, axis=1).max() < 0.02


def test_heads_turn_alike(double):
    values = np.zeros((4, 55))
    values[:, 52:] = [[0.2, 0, 0], [0, -0.9, 0], [0, 0, 0.3], [-0.3, 0.6, 0.2]]
    flame = double.parameters(values)
    found = retarget(flame, "arkit", double.rig)
    np.testing.assert_allclose(found.values[:, 52:], values[:, 52:], atol=1e-5)
    back = retarget(found, "flame", double.rig)
    np.testing.assert_allclose(back.values[:, 55:], flame.values[:, 55:], atol=1e-5)


def test_the_jaw_opens_by_turning(double):
    values = np.zeros((3, 55))
    values[:, ARKIT.index("jawOpen")] = [0.0, 0.4, 0.8]
    found = retarget(double.parameters(values), "arkit", double.rig)
    np.testing.assert_allclose(found.channel("jawOpen"), [0.0, 0.4, 0.8], atol=0.08)


def test_arkit_goes_to_flame_and_back(head, double, natural):
    there = retarget(FaceMotion(natural), "flame", double.rig)
    assert there.space.name == "flame"
    back = retarget(there, "arkit", double.rig)
    off = np.linalg.norm(moved(head, back.values - natural), axis=-1).mean()
    assert off < 0.2 * np.linalg.norm(moved(head, natural), axis=-1).mean()


def test_masks_and_rate_are_kept(double):
    motion = FaceMotion(np.zeros((3, 58)), 30.0, "flame", valid=[True, False, True])
    found = retarget(motion, "arkit", double.rig)
    assert (found.fps, found.valid.tolist()) == (30.0, [True, False, True])
    assert found.observed.tolist() == (~np.array(LOST)).tolist()
    assert np.abs(found.values).max() < 1e-6  # a face at rest stays at rest
    assert retarget(motion, "flame") is motion


def test_mmhead_has_a_neck_and_no_lids(double):
    values = np.random.default_rng(0).normal(0, 0.3, (3, 56))
    mmhead = FaceMotion(values, space="flame_mmhead")
    flame = retarget(mmhead, "flame")  # names alone: no FLAME file
    np.testing.assert_array_equal(flame.values[:, 55:], mmhead.values[:, 50:53])
    np.testing.assert_array_equal(flame.values[:, 50:53], mmhead.values[:, 53:])
    assert not flame.observed[53:55].any()
    assert retarget(flame, "flame_mmhead") == mmhead
    assert retarget(mmhead, "arkit", double.rig).space.name == "arkit"


def test_impossible_faces_are_not_searched():
    names = ["jawLeft", "jawOpen", "jawRight", "mouthClose"]
    unknown = unknowns(names)
    assert unknown.lower.tolist() == [-1, 0, 0]
    found = unknown.weights(np.array([[-0.5, 0.2, 0.6], [0.3, 0.9, 0.3]]))
    np.testing.assert_allclose(found, [[0, 0.8, 0.5, 0.6], [0.3, 1.0, 0, 0.3]])


def test_bounds_hold_at_the_least_squares():
    rng = np.random.default_rng(0)
    matrix, wanted = rng.normal(size=(20, 4)), rng.normal(0, 2, (6, 20))
    found = bounded_least_squares(
        matrix.T @ matrix, wanted @ matrix, np.array([-1.0, 0, 0, 0]), np.ones(4)
    )
    assert (found >= [-1, 0, 0, 0]).all()
    assert (found <= 1).all()
    slope = found @ (matrix.T @ matrix) - wanted @ matrix
    inside = (found > [-0.999, 1e-6, 1e-6, 1e-6]) & (found < 1 - 1e-6)
    assert np.abs(slope[inside]).max() < 1e-6
    assert (slope[found >= 1 - 1e-6] <= 1e-6).all()


def test_other_spaces_are_named():
    with pytest.raises(ValueError, match="unknown parameter space 'vmc'"):
        retarget(FaceMotion(np.zeros((1, 55))), "vmc")


def test_the_command_retargets_what_a_format_holds(double, natural, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(FLAME_VARIABLE, raising=False)
    source, csv = tmp_path / "smirk.npz", tmp_path / "take.csv"
    flame = double.parameters(natural[:4])
    save(flame, source)
    assert main(["convert", str(source), str(csv)]) == 2
    message = capsys.readouterr().err
    assert "to retarget it, rig 'flame' needs your own FLAME file" in message
    assert message.count("\n") == 1
    assert not csv.exists()
    assert main(["convert", str(source), str(csv), "--flame", str(double.path)]) == 0
    wanted = retarget(flame, "arkit", double.rig)
    np.testing.assert_allclose(load(csv).values, wanted.values, atol=1e-3)
    monkeypatch.setenv(FLAME_VARIABLE, str(double.path))
    back = tmp_path / "back.npz"
    assert main(["convert", str(csv), str(back), "--space", "flame"]) == 0
    assert load(back).space.name == "flame"
    capsys.readouterr()
    assert main(["convert", str(source), str(csv), "--space", "flame"]) == 2
    assert "holds motion in space 'arkit', got --space flame" in capsys.readouterr().err
