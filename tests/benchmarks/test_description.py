"""The description scores, over answers made by hand."""

import description
import pytest
from common import load_yaml, print_table
from description import Said


def said(*families, head="natural", manner="silent") -> Said:
    return Said(families, head, manner)


@pytest.mark.parametrize(
    ("transition", "truth", "answer", "right"),
    [
        ("hold", said("joy"), said("joy", "pride"), True),
        ("hold", said("joy"), said("pride", "joy"), False),
        ("hold", said("joy"), said(), False),
        ("flash", said("calm", "anger"), said("calm"), True),
        ("then", said("fear", "joy"), said("joy", "fear"), True),
        ("fade", said("fear", "joy"), said("fear"), False),
        ("then", said("joy", "joy"), said("joy"), True),
    ],
)
def test_emotion_rule(transition, truth, answer, right):
    assert description.emotion_right(truth, transition, answer) is right


def test_score_counts_each_part():
    truths = [said("joy", head="nod"), said("anger", manner="speaking"), said("fear", "joy")]
    answers = [said("joy", head="bob"), said("disgust", manner="speaking"), said("fear", "joy")]
    result = description.score(truths, ["hold", "hold", "then"], answers)
    assert result["emotion_percent"] == pytest.approx(66.7)
    assert result["emotion_percent_by_transition"] == {"hold": 50.0, "then": 100.0}
    assert (result["head_percent"], result["manner_percent"]) == (pytest.approx(66.7), 100.0)
    assert result["head_percent_where_asked"] == 0.0
    assert result["manner_percent_where_asked"] == 100.0
    assert result["manner_percent_of_commonest"] == pytest.approx(66.7)
    assert result["families"] == {"precision": 75.0, "recall": 75.0, "f1": 75.0}
    assert result["confusions"]["emotion"] == [("anger", "disgust", 1)]


def test_shuffling_right_answers_loses_them():
    truths = [["joy"], ["anger"], ["fear"]]
    assert description.precision_recall(truths, truths)["f1"] == 100.0
    assert description.shuffled(truths, truths) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_always_joy_on_the_seven_clips():
    truths = list(load_yaml("video_labels").values())
    figures = description.precision_recall(truths, [("joy",)] * 7)
    assert figures == {"precision": 57.1, "recall": 36.4, "f1": 44.5}


def test_video_is_skipped_with_a_reason(tmp_path):
    assert "not on this machine" in description.real_video(None, tmp_path)["skipped"]


def test_table(capsys):
    print_table(("what", "value"), [("one", 1.0), ("two", None)])
    assert capsys.readouterr().out.splitlines()[2:4] == ["one       1", "two       -"]
