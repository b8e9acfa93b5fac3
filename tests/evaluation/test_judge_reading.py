"""What captions are read as: negation, order, counts, sides and everyday wordings."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.evaluation.judges.labels import COLUMNS, agreement, parse_label, read_labels
from tdmm_hf.evaluation.judges.reading import Motion, Reading, read_caption
from tdmm_hf.evaluation.judges.wordings import compile_phrases, verb_forms
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.wording import describe, parse_description

LABELS = Path(__file__).parents[2] / "benchmarks" / "data" / "captions_labelled.tsv"
LABEL = dict.fromkeys(COLUMNS, "-") | {"split": "dev", "source": "written", "text": "x"}


@pytest.mark.parametrize(
    ("caption", "families", "denied"),
    [
        ("He isn't angry at all, just tired.", ("tiredness",), ("angry",)),
        ("no trace of fear, only cold determination", ("determination",), ("afraid",)),
        ("She looks neither happy nor sad.", (), ("happy", "sad")),
        ("rather sad than angry", ("sadness",), ("angry",)),
        ("less angry than sad", ("sadness",), ("angry",)),
        ("Scared? Not him. He is bored.", ("boredom",), ("afraid",)),
        ("He can't stop smiling.", ("joy",), ()),
        ("She couldn't care less.", ("boredom",), ()),
        ("never angry, and she is proud", ("pride",), ("angry",)),
        ("He couldn't be prouder.", ("pride",), ()),
        ("laughing", ("joy",), ()),
        ("He nods.", (), ()),
        ("", (), ()),
    ],
)
def test_negation(caption, families, denied):
    reading = read_caption(caption)
    assert (reading.families, reading.denied) == (families, denied)


@pytest.mark.parametrize(
    ("caption", "order", "families"),
    [
        ("angry, then sad", "then", ("anger", "sadness")),
        ("He goes from calm to afraid.", "then", ("calm", "fear")),
        ("Her joy slowly fades into fear.", "fade", ("joy", "fear")),
        ("calm, with a brief flash of disgust", "flash", ("calm", "disgust")),
        ("For a split second there is panic, but she is calm.", "flash", ("calm", "fear")),
        ("both proud and a little embarrassed", "together", ("pride", "shame")),
        ("relieved after being afraid", "then", ("fear", "joy")),
        ("angry and then angry again", "hold", ("anger",)),
        ("angry → sad → calm", "then", ("anger", "sadness", "calm")),
    ],
)
def test_order(caption, order, families):
    reading = read_caption(caption)
    assert (reading.order, reading.families) == (order, families)


@pytest.mark.parametrize(
    ("caption", "intensity"),
    [
        ("sad", 3),
        ("a hint of sadness", 1),
        ("kinda sad", 2),
        ("really, really sad", 4),
        ("utterly sad", 5),
        ("sad as hell", 5),
        ("bored to death", 5),
        ("A little girl is sad.", 3),
        ("She slightly raises one eyebrow, sad.", 3),
        ("a strong look of sadness", 4),
        ("sad, then very angry", 3),
        ("painfully shy", 4),
    ],
)
def test_intensity(caption, intensity):
    assert read_caption(caption).emotions[0].intensity == intensity


@pytest.mark.parametrize(
    ("caption", "heads", "actions"),
    [
        ("She nodded twice.", (Motion("nod", 2),), ()),
        ("two quick nods", (Motion("nod", 2, "quick"),), ()),
        (
            "nods 2 times, then shakes her head slowly",
            (Motion("nod", 2), Motion("shake", None, "slow")),
            (),
        ),
        ("He doesn't nod, he shakes his head, once.", (Motion("shake", 1),), ()),
        ("head tipped to the left", (Motion("tilt_left"),), ()),
        ("He winks with his right eye.", (), (Motion("wink_right"),)),
        ("He winks.", (), (Motion("wink"),)),
        ("rolled both her eyes three times without blinking", (), (Motion("eye_roll", 3),)),
    ],
)  # fmt: skip
def test_motions(caption, heads, actions):
    reading = read_caption(caption)
    assert (reading.heads, reading.actions) == (heads, actions)


@pytest.mark.parametrize(
    ("caption", "manner", "gaze"),
    [
        ("She couldn't even speak.", "silent", None),
        ("talking without a break through gritted teeth", "speaks_through_teeth", None),
        ("so bored I could scream", None, None),
        ("Without a word she looked away.", "silent", "avoid"),
        ("He whispered, eyes on the floor.", "whispers", "down"),
        ("He does not look away.", None, None),
    ],
)
def test_manner_and_gaze(caption, manner, gaze):
    reading = read_caption(caption)
    assert (reading.manner, reading.gaze) == (manner, gaze)


def test_open_sides_stand_for_both():
    assert read_caption("a wink").actions[0].keys == ("wink_left", "wink_right")


def test_placeholders_and_verb_forms():
    assert verb_forms("nod") == ("nod", "nods", "nodding", "nodded")
    assert verb_forms("cry") == ("cry", "cries", "crying", "cried")
    assert "spoke" in verb_forms("speak")
    pattern = compile_phrases(["raise~ their eyebrow(s)", "full|empty of * joy", "so very? sad"])
    found = ("raised both eyebrows", "raising eyebrow", "empty of all joy", "so sad", "so very sad")
    assert all(pattern.fullmatch(text) for text in found)
    assert not any(pattern.search(text) for text in ("raise her hand", "sadly", "half of joy"))


def test_descriptions_of_the_tables_are_read_as_the_tables_read_them():
    import numpy as np

    differ = 0
    for attributes in iter_attributes(seed=11, count=60):
        text = describe(attributes, np.random.default_rng(0))
        tables, reading = parse_description(text), read_caption(text)
        heads = tuple(m.key for m in reading.heads) or ("natural",)
        same = reading.families == tables.families and heads == (tables.head,)
        differ += not (same and (reading.manner_class or "silent") == tables.manner)
    assert differ <= 3


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_any_text_is_read(text):
    reading = read_caption(text)
    assert isinstance(reading, Reading)
    assert all(1 <= feeling.intensity <= 5 for feeling in reading.emotions)
    assert read_caption(f"  {text.upper()}\n").heads == read_caption(text.upper()).heads


def test_the_labelled_captions():
    labels = read_labels(LABELS)
    assert len(labels) == len({label.text for label in labels}) >= 300
    held_out = [label for label in labels if label.split == "held_out"]
    assert len(held_out) == 150
    figures = agreement(held_out, [read_caption(label.text) for label in held_out])
    assert figures["families"]["f1"] > 88
    assert figures["manner_class"]["right"] > 93
    assert figures["head"]["f1"] > 93


def test_agreement_counts_what_is_missed_and_made_up():
    fields = LABEL | {
        "emotions": "angry|furious:4|5, sad:2", "order": "then", "denied": "happy",
        "manner": "whispers", "head": "nod x2 quick", "actions": "blink, wink_left?", "gaze": "up",
    }  # fmt: skip
    label = parse_label(fields)
    right = read_caption("very angry, then slightly sad, not happy; whispers, quickly nods twice, "
                         "blinks and looks up")  # fmt: skip
    figures = agreement([label], [right])
    assert figures["all"] == figures["order"] == figures["denied"]["f1"] == 100
    assert figures["intensity"] == {"exact": 100, "within_one": 100}
    assert figures["head"]["count"] == figures["head"]["speed"] == 100
    wrong = agreement([label], [read_caption("extremely proud and sad; sings")])
    assert wrong["families"] == {"exact": 0, "precision": 50, "recall": 50, "f1": 50}
    assert wrong["manner_class"] == {"right": 0, "where_said": 0}
    assert wrong["head"]["count"] is None
    assert wrong["intensity"] == {"exact": 0, "within_one": 100}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("split", "test", "split must be one of dev, held_out, got 'test'"),
        ("emotions", "glorb:3", "keys must be of the vocabulary, got 'glorb'"),
        ("emotions", "sad:7", "emotions must be category:intensity of 1 to 5, got 'sad:7'"),
        ("emotions", "sad", "emotions must be category:intensity"),
        ("head", "nodd x2", "got 'nodd'"),
        ("gaze", "north", "got 'north'"),
    ],
)
def test_bad_labels(column, value, message):
    with pytest.raises(ValueError, match=message):
        parse_label(LABEL | {column: value})


def test_bad_columns(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("text\tsplit\nx\tdev\n")
    with pytest.raises(ValueError, match="columns must be split, source"):
        read_labels(path)
