"""Performances filmed in scenes of their own: the same by seed, different by seed, true to it."""

import dataclasses
import json
import pickle

import av
import numpy as np
import pytest

from tdmm_hf.performer import perform
from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
from tdmm_hf.prompts.video_prompts import VideoPrompt
from tdmm_hf.video.generators import embedded, generator_names, get_generator
from tdmm_hf.video.generators.scenes import draw_scene

HAPPY = Attributes(0.4, "woman", (EmotionSpan("happy", "happy", 4, 0.0, 0.4),))
PROMPT = VideoPrompt("A woman smiles.", "text", 0.4)
SMALL = {"size": 64, "renderer": "software"}


def decoded(path):
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    out = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return get_generator("embedded", **SMALL).generate(PROMPT, 7, out, HAPPY)


def test_a_clip_has_the_frames_of_the_performance(clip):
    frames = decoded(clip.path)
    truth = get_generator("embedded").motion(HAPPY, 7)
    assert frames.shape == (10, 64, 64, 3)
    assert (clip.frames, clip.fps, clip.generator) == (10, 25.0, "embedded")
    np.testing.assert_array_equal(truth.values, perform(HAPPY, 7).values)
    assert json.loads(json.dumps(clip.settings))["seed"] == 7
    assert [path.name for path in clip.path.parent.iterdir()] == ["clip.mp4"]


def test_the_same_seed_makes_the_same_clip_also_from_a_pickled_generator(clip, tmp_path):
    generator = pickle.loads(pickle.dumps(get_generator("embedded", **SMALL)))
    again = generator.generate(PROMPT, 7, tmp_path / "again.mp4", HAPPY)
    assert again.path.read_bytes() == clip.path.read_bytes()
    assert again.settings == clip.settings


def test_another_seed_is_another_person_in_another_light(clip, tmp_path):
    other = get_generator("embedded", **SMALL).generate(PROMPT, 8, tmp_path / "other.mp4", HAPPY)
    first, second = decoded(clip.path).astype(int), decoded(other.path).astype(int)
    assert np.abs(first - second).mean() > 10


def test_scenes_differ_in_all_that_varies():
    scenes = [draw_scene(seed) for seed in range(60)]
    assert {scene.background for scene in scenes} == {"vignette", "gradient", "blurred"}
    assert len({scene.look for scene in scenes}) == 6
    assert {np.sign(scene.directions[0][0]) for scene in scenes} == {-1.0, 1.0}
    assert np.std([scene.degrees for scene in scenes]) > 3
    assert len({scene.colors for scene in scenes}) == len(scenes)
    for scene in scenes:
        np.testing.assert_allclose(np.linalg.norm(scene.directions, axis=1), 1)
        assert scene.offset[1] < 1.085 * scene.zoom - 1  # the end of the neck is out of sight
        assert scene.directions[0][0] * scene.directions[1][0] < 0  # key and fill stand apart
        picture = scene.backdrop(64)
        assert picture.shape == (64, 64, 3)
        assert picture.dtype == np.uint8


def test_the_side_that_the_key_light_stands_on_is_the_brighter(tmp_path, monkeypatch):
    scene = dataclasses.replace(draw_scene(7), degrees=0.0, offset=(0.0, 0.0))
    contrast = {}
    for side in (-1.0, 1.0):
        directions = ((side, 0.2, 0.5), (-side, 0.2, 0.5), (side, 0.5, -1.0))
        lit = dataclasses.replace(scene, directions=directions)
        monkeypatch.setattr(embedded, "draw_scene", lambda seed, lit=lit: lit)
        out = get_generator("embedded", **SMALL).generate(PROMPT, 7, tmp_path / "lit.mp4", HAPPY)
        face = decoded(out.path)[0].mean(axis=-1)[28:44]
        contrast[side] = face[:, 34:44].mean() - face[:, 20:30].mean()
    assert contrast[1.0] > 5
    assert contrast[-1.0] < -5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": PROMPT._replace(prompt=" ")}, "prompt must say something"),
        ({"prompt": PROMPT._replace(prompt="a" * 4001)}, "at most 4000 characters, got 4001"),
        ({"prompt": PROMPT._replace(duration=float("nan"))}, "duration must be in 0..60 s"),
        ({"prompt": PROMPT._replace(duration=61.0)}, "got 61"),
        ({"prompt": PROMPT._replace(duration=0.5)}, "one duration, got 0.5 and 0.4 s"),
        ({"seed": -1}, "seed must be in 0..4294967295, got -1"),
        ({"attributes": None}, "needs attributes to perform"),
    ],
)
def test_a_request_that_breaks_a_rule_is_one_line_and_leaves_nothing(change, said, tmp_path):
    asked = {"prompt": PROMPT, "seed": 1, "attributes": HAPPY, **change}
    with pytest.raises(ValueError, match=said) as caught:
        get_generator("embedded").generate(out=tmp_path / "clip.mp4", **asked)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_name_of_the_file_says_what_it_is(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .mp4, got 'clip.avi'"):
        get_generator("embedded").generate(PROMPT, 1, tmp_path / "clip.avi", HAPPY)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("magic", {}, "unknown generator 'magic': choose from embedded"),
        ("embedded", {"size": 65}, "size must be even"),
        ("embedded", {"size": 8}, "size must be in 64..2160"),
        ("embedded", {"fps": 0}, "fps must be in 1..120"),
        ("embedded", {"renderer": "oil"}, "renderer must be one of"),
        ("embedded", {"colour": 1}, "unexpected keyword argument 'colour'"),
    ],
)
def test_settings_that_break_a_rule_are_one_line(name, settings, said):
    with pytest.raises(ValueError, match=said) as caught:
        get_generator(name, **settings)
    assert "\n" not in str(caught.value)


def test_names_are_those_that_can_be_made():
    assert "embedded" in generator_names()
