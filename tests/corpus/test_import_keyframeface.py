"""KeyframeFace: keyframes a second apart, from tables, objects and chats."""

import json

import numpy as np
import pytest
from import_samples import (
    column_of,
    face,
    motions_of,
    rows_of,
    rules,
    run,
    shuffled,
    weights_of,
    write_take,
)

WORDS = ("one", "two", "three")
ASKED = (
    "Keyframe Description Sequence:\n"
    "- Keyframe One: The gaze is lowered.\n"
    "- Keyframe Two: The mouth corners rise.\n\n"
    "Background: A student waits outside.\n"
    "Emotion: Anxiety behind a smile.\n\n"
    "Task Instruction: Generate the facial expression parameters for Keyframe {}."
)


def keyframe(seed, **angles):
    values = face(seed, **angles)
    return {name: values[name] for name in shuffled(values, seed)}


def chat(number, seed):
    answer = json.dumps({f"Keyframe_{WORDS[number]}": keyframe(seed)})
    asked = {"role": "user", "content": ASKED.format(WORDS[number].title())}
    return {"messages": [{"role": "system", "content": "Answer."}, asked], "response": answer}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "keyframes"
    path.mkdir()
    return path


def test_keyframes_are_seconds_with_a_line_between(folder, tmp_path):
    third, first, second = keyframe(3, HeadYaw=0.6), keyframe(1), keyframe(2)
    entries = {"Keyframe_three": third, "Keyframe_one": first, "Keyframe_two": second}
    texts = {"description": ["He looks up.", "He smiles."], "emotion": "joy"}
    (folder / "a.json").write_text(json.dumps({**texts, **entries}))
    report = run("keyframeface", folder, tmp_path / "out")
    assert (report.failures, report.rates) == ([], {"1": 1})
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["a"]
    assert (motion.num_frames, motion.fps) == (75, 25)
    for frame, seed in ((12, 1), (37, 2), (62, 3)):
        np.testing.assert_allclose(motion.values[frame, :52], weights_of(face(seed)), atol=2e-4)
    assert motion.channel("headYaw")[62] == pytest.approx(0.6, abs=2e-4)
    expected = (13 * weights_of(face(1)) + 12 * weights_of(face(2))) / 25
    np.testing.assert_allclose(motion.values[24, :52], expected, atol=2e-4)
    row = rows_of(tmp_path / "out", tmp_path / "cache")["a"]
    assert (row["text"], row["paraphrases"]) == ("He looks up.", ["He smiles.", "joy"])


def test_angles_may_be_shares_of_a_mirrored_half_turn(folder, tmp_path):
    entries = {"Keyframe_one": keyframe(1, HeadYaw=0.25, HeadPitch=-0.1)}
    (folder / "a.json").write_text(json.dumps(entries))
    run("keyframeface", folder, tmp_path / "out", convention="unreal")
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["a"]
    angles = [motion.channel(name)[0] for name in ("headYaw", "headPitch")]
    np.testing.assert_allclose(np.degrees(angles), [-45, -18], atol=0.02)
    expected = face(1)["MouthSmileRight"]
    assert motion.channel("mouthSmileLeft")[0] == pytest.approx(expected, abs=2e-4)


def test_a_table_has_one_row_a_second(folder, tmp_path):
    rows = [face(1, HeadPitch=0.5), face(2)]
    write_take(folder / "a.csv", rows[0], frames=1, fps=1)
    line = write_take(tmp_path / "b.csv", rows[1], frames=2, fps=1).read_text().splitlines()[2]
    with (folder / "a.csv").open("a") as file:
        file.write(line + "\n")
    (folder / "a.txt").write_text("He nods once.")
    report = run("keyframeface", folder, tmp_path / "out")
    assert report.rates == {"1": 1}
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["a"]
    assert motion.num_frames == 50
    assert motion.channel("headPitch")[0] == pytest.approx(0.5, abs=2e-4)
    assert rows_of(tmp_path / "out", tmp_path / "cache")["a"]["text"] == "He nods once."


def test_chats_make_a_clip_of_each_sequence(folder, tmp_path):
    lines = [chat(0, 1), chat(1, 2), chat(0, 3)]
    (folder / "test.jsonl").write_text("\n\n".join(json.dumps(line) for line in lines))
    (folder / "bare.jsonl").write_text(
        "\n".join(json.dumps({"response": chat(n, n + 1)["response"]}) for n in (0, 1))
    )
    report = run("keyframeface", folder, tmp_path / "out")
    assert report.failures == []
    rows = rows_of(tmp_path / "out", tmp_path / "cache")
    assert {name: row["num_frames"] for name, row in rows.items()} == {
        "test-0001": 50,
        "test-0002": 25,
        "bare": 50,
    }
    assert rows["test-0001"]["text"] == "The gaze is lowered. The mouth corners rise."
    assert rows["test-0001"]["paraphrases"] == [
        "Anxiety behind a smile.",
        "A student waits outside.",
    ]
    assert rows["test-0001"]["descriptions"] == [rows["test-0001"]["text"]]
    assert rows["bare"]["text"] is None
    assert report.without_caption == 1


def test_bad_keyframes_are_listed(folder, tmp_path):
    good = keyframe(1)
    wrong = {
        "ok": {"Keyframe_one": good},
        "lacks": {"Keyframe_one": {k: v for k, v in good.items() if k != column_of("jawOpen")}},
        "knows": {"Keyframe_one": {**good, "Smirk": 0}},
        "twice": {"Keyframe_one": {**good, "JAWOPEN": 0}},
        "word": {"Keyframe_one": {**good, "JawOpen": "wide"}},
        "far": {"Keyframe_one": good, "Keyframe_two": {**good, "HeadYaw": 30}},
        "gap": {"Keyframe_one": good, "Keyframe_three": good},
        "name": {"Frame_one": good},
        "list": [good],
    }
    for name, entries in wrong.items():
        (folder / f"{name}.json").write_text(json.dumps(entries))
    (folder / "nan.json").write_text(json.dumps({"Keyframe_one": {**good, "JawOpen": np.nan}}))
    (folder / "cut.json").write_text('{"Keyframe_one": {')
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "chat.jsonl").write_text(f"{json.dumps(chat(0, 1))}\n{{}}\n")
    report = run("keyframeface", folder, tmp_path / "out")
    assert rules(report) == {
        "lacks.json": (None, "channels are missing: 'JawOpen' in Keyframe_one"),
        "knows.json": (None, "channels are unknown: 'Smirk' in Keyframe_one"),
        "twice.json": (None, "channel 'JAWOPEN' is doubled in Keyframe_one"),
        "word.json": (None, "JawOpen must be a number, got 'wide' in Keyframe_one"),
        "far.json": (2, "HeadYaw must lie in -1..1, got 30 in keyframe 2"),
        "gap.json": (None, "keyframes must count up from one, got Keyframe_one, Keyframe_three"),
        "name.json": (None, "keyframes must be named Keyframe_one and so on, got 'Frame_one'"),
        "list.json": (None, "must hold an object of keyframes, got list"),
        "nan.json": (None, "numbers must be finite, got NaN"),
        "cut.json": (1, rules(report)["cut.json"][1]),
        "deep.json": (None, "JSON must not be nested so deeply"),
        "chat.jsonl": (2, "a line must answer with an object of a keyframe in line 2"),
    }
    assert rules(report)["cut.json"][1].startswith("no readable JSON")
    assert report.imported == 1
