"""The score of stills named blind."""

import pytest
import stills


def test_wrong_names_are_listed():
    result = stills.score(["happy", "sad", "sad"], ["happy", "angry", "sad"])
    assert result == {"count": 3, "right": 2, "wrong": [("sad", "angry")]}


def test_there_is_an_answer_for_each_still():
    with pytest.raises(ValueError, match="must be 2 answers, got 1"):
        stills.score(["happy", "sad"], ["happy"])
    with pytest.raises(ValueError, match=r"among happy, .*got 'joyful'"):
        stills.score(["happy"], ["joyful"])


def test_the_key_is_what_the_sheets_show(tmp_path, monkeypatch):
    np = pytest.importorskip("numpy")
    pytest.importorskip("PIL")
    asked = []
    picture = np.zeros((stills.SIZE, stills.SIZE, 3), np.uint8)
    monkeypatch.setattr(stills, "still", lambda emotion, rng: asked.append(emotion) or picture)
    stills.draw(tmp_path, seed=0)
    assert stills.json.loads((tmp_path / "key.json").read_text()) == asked
    assert {emotion: asked.count(emotion) for emotion in asked} == dict.fromkeys(stills.EMOTIONS, 5)
    assert len(list(tmp_path.glob("sheet*.png"))) == 5
