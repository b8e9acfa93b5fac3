"""The closed loop and the depths: what counts as an answer, which poses are struck."""

import numpy as np
import pytest

head = pytest.importorskip("head")
response = pytest.importorskip("response")

from driving import ARKIT, families, pose  # noqa: E402

WEIGHTS = head.WEIGHTS


def test_families_are_the_33_of_the_reference():
    found = families()
    assert len(found) == 33
    assert found["mouthSmile"].driven == ("mouthSmileLeft", "mouthSmileRight")
    assert found["jawLeft"] == (("jawLeft",), ("jawLeft",))
    # Both eyes look to the subject's left, and the left one, which looks out, is scored.
    assert found["eyeLookOut"] == (("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookOutLeft",))
    assert found["eyeLookIn"] == (("eyeLookInLeft", "eyeLookOutRight"), ("eyeLookInLeft",))
    assert "tongueOut" not in found


def test_an_answer_needs_correlation_and_a_rise():
    assert head.answer(WEIGHTS, 0.1 + 0.5 * WEIGHTS) == {
        "r": 1.0,
        "rest": 0.1,
        "rise": 0.5,
        "passes": True,
    }
    assert not head.answer(WEIGHTS, 0.05 * WEIGHTS)["passes"]
    jumpy = head.answer(WEIGHTS, np.array([0, 0.9, 0, 0.9, 0, 0.9]))
    assert jumpy["rise"] == 0.9
    assert not jumpy["passes"]
    assert head.answer(WEIGHTS, np.full(6, 0.3))["r"] == 0


def test_frames_without_a_face_do_not_pass_by_being_absent():
    scores = 0.5 * WEIGHTS
    scores[-1] = np.nan
    assert not head.answer(WEIGHTS, scores)["passes"]
    assert head.answer(WEIGHTS, np.full(6, np.nan)) == {
        "r": 0.0,
        "rest": None,
        "rise": 0.0,
        "passes": False,
    }


def test_a_mouth_is_closed_over_an_open_jaw():
    values = head.contact_pose("mouthClose", "mouthPucker")
    on = [ARKIT.channels[i] for i in np.flatnonzero(values)]
    assert on == ["jawOpen", "mouthClose", "mouthPucker"]
    np.testing.assert_array_equal(head.contact_pose(), pose())


def test_frequent_pairs_go_together(monkeypatch):
    monkeypatch.setattr(head, "PERFORMANCES", 12)
    pairs = head.frequent_pairs(10)
    assert len(set(pairs)) == 10
    assert all(first != second for first, second in pairs)
    assert {name for pair in pairs for name in pair} <= set(families())
    assert ("eyeLookIn", "eyeLookOut") not in pairs
    assert pairs == head.frequent_pairs(10)


class Tracker:
    """Finds a face in every picture that is not of one colour."""

    def detect(self, image, time):
        return [object()] if image.std() > 0 else []


def test_faces_are_looked_for_anew():
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[2:4] = 200
    assert head._anew(Tracker(), [picture, picture * 0, picture]) == [True, False, True]


def test_results_are_printed_for_all_rigs(capsys):
    row = {"r": 0.9, "rest": 0.1, "rise": 0.2, "passes": True}
    depths = {"lids": 0.1, "lips": 1.5}
    result = {
        "closed_loop": {
            "families": dict.fromkeys(families(), row),
            "passing": 33,
            "faces_percent": 100.0,
        },
        "faces_percent": {"yaw": 99.0, "people": 98.0},
        "contact": {
            "rest": depths,
            "blink": depths,
            "pairs": {"jawOpen + eyeBlink": depths},
            "pairs_over_limit": 1,
        },
    }
    head.print_results({"tdmm": result, "ict": result})
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("mouthSmile ") for line in lines) == 1
    assert any(line.split() == ["jawOpen", "+", "eyeBlink", *["0.1", "1.5"] * 2] for line in lines)
    assert any(line.split()[:2] == ["ict", "33"] for line in lines)


def test_a_known_response_is_found_again():
    rng = np.random.default_rng(0)
    truth = np.zeros((600, 55))
    truth[:, :52] = rng.random((600, 52)) * (rng.random((600, 52)) < 0.2)
    person = np.repeat(np.arange(6), 100)
    truth[::100] = 0.0
    rises = 0.6 * truth[:, :52]
    rises[:, ARKIT.index("eyeSquintLeft")] += 0.3 * truth[:, ARKIT.index("eyeBlinkLeft")]
    rises[:, ARKIT.index("eyeSquintRight")] += 0.3 * truth[:, ARKIT.index("eyeBlinkRight")]
    resting = rng.random((6, 52))[person]
    answers = response.Answers(truth, resting + rises, person)
    assert np.allclose(response.displacements(answers), rises)
    found = response.summary(answers)
    assert found["weights"]["eyeSquintLeft"] == pytest.approx(
        {"eyeSquintLeft": 0.6, "eyeBlinkLeft": 0.3}, abs=0.1
    )
    assert found["explained"]["whole"] > 0.9
    response_, own = (
        response.regress(answers, rises),
        response.own_only(response.regress(answers, rises)),
    )
    squint = ARKIT.index("eyeSquintLeft")
    whole, alone = (response.explained(answers, rises, r)[squint] for r in (response_, own))
    assert whole > alone + 0.1
