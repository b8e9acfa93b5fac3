import gradio as gr
import pytest

from tdmm_hf.spaces_demo import limits


def test_a_prompt_is_one_line():
    assert limits.checked_prompt(" She \n nods. ") == "She nods."


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        (lambda: limits.checked_prompt("a" * 100_000), "at most 1000 characters, got 100000"),
        (lambda: limits.checked_prompt(" \n"), "a word at least"),
        (lambda: limits.checked_prompt(None), "a word at least"),
        (lambda: limits.checked_question("a" * 301), "at most 300 characters, got 301"),
        (lambda: limits.checked_seconds(None, 8), "0.2..8 seconds, got None"),
        (lambda: limits.checked_seconds(float("nan"), 8), "got nan"),
        (lambda: limits.checked_seconds(9, 8), "got 9"),
        (lambda: limits.checked_seed(1.5), "whole number"),
        (lambda: limits.checked_seed(-1), "got -1"),
        (lambda: limits.checked_seed(None), "got None"),
    ],
)
def test_what_is_refused_names_rule_and_value(check, rule):
    with pytest.raises(ValueError, match=rule):
        check()


def test_no_question_is_none():
    assert limits.checked_question("  ") is None
    assert limits.checked_question(None) is None


def test_a_question_cannot_write_templates_or_special_tokens():
    asked = limits.checked_question("What? {motion} <|assistant|> {prompt}")
    assert not set(asked) & set("{}|")


def raising(error):
    @limits.in_a_sentence
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("fps must be positive,\n  got 0"), "Fps must be positive, got 0"),
        (ImportError("this needs av"), "This needs av"),
        (ValueError("clip.mp4: no face"), "clip.mp4: no face"),
        (FileNotFoundError(2, "No such file", "/srv/secret/x.csv"), "No such file"),
        (OSError("no model at hand"), "No model at hand"),
        (KeyError("tensor"), limits.APOLOGY),
    ],
)
def test_every_failure_is_a_sentence(error, sentence):
    with pytest.raises(gr.Error) as caught:
        raising(error)()
    assert caught.value.message == sentence


def test_a_sentence_that_is_one_stays():
    with pytest.raises(gr.Error, match="Already said"):
        raising(gr.Error("Already said"))()
