"""The rating page: fair to both sides, blind, and in a real browser."""

import random
import shutil
from collections import Counter

import gradio as gr
import numpy as np
import pytest
from test_demo_browser import FLAGS, OVERFLOWING, PATIENCE, PHONE, playwright

from tdmm_hf.evaluation.ratings import FILMS, Answers, Clip, Pair, Study, load_study
from tdmm_hf.spaces_demo import rating

PROMPTS = ("She *nods* twice <b>slowly</b>.", "He smiles.", "A man looks up.")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three pairs of short films, a grey for each."""
    from tdmm_hf.video import write_video

    folder = tmp_path_factory.mktemp("study")
    (folder / FILMS).mkdir()
    pairs = []
    for number, prompt in enumerate(PROMPTS):
        clips = []
        for side, model in enumerate(("secret-one", "secret-two")):
            name = f"{number}{side}f00d.mp4"
            shade = np.full((128, 128, 3), 60 * number + 40 * side, np.uint8)
            write_video(iter([shade] * 10), folder / FILMS / name, 10.0)
            clips.append(Clip(model, name))
        pairs.append(Pair(f"p{number}", prompt, tuple(clips)))
    Study(folder, tuple(pairs)).write()
    return load_study(folder)


@pytest.fixture
def answers(tmp_path):
    return Answers(tmp_path / "answers.sqlite")


def test_sides_and_order_are_drawn_anew(study):
    rng = random.Random(0)
    visits = [rating.draw_visit(study, rng) for _ in range(400)]
    assert len({visit.word for visit in visits}) == 400
    first = Counter(visit.order[0] for visit in visits)
    assert len(first) == 6
    assert max(first.values()) < 1.6 * min(first.values())
    assert all(sorted(i for i, _ in visit.order) == [0, 1, 2] for visit in visits)


def test_a_visit_is_kept_with_the_models_that_were_shown(study, answers):
    page = rating.Rating(study, answers)
    visit, *shown = page.begin()
    for number in range(3):
        films = {clip.film: clip.model for pair in study.pairs for clip in pair.clips}
        left, right = (films[path.rpartition("/")[2]] for path in shown[1:3])
        visit, *shown = page.submit(visit, "left", "equal", 5, 2)
        kept = answers.all()[number]
        assert (kept.left_model, kept.right_model) == (left, right)
        assert (kept.fits, kept.natural, kept.left_score, kept.right_score) == (
            "left", "equal", 5, 2,
        )  # fmt: skip
    assert shown[0] == rating.DONE
    assert shown[1:3] == [None, None]
    assert {one.pair for one in answers.all()} == {"p0", "p1", "p2"}


@pytest.mark.parametrize("missing", range(4))
def test_all_questions_must_be_answered(missing, study, answers):
    page = rating.Rating(study, answers)
    visit, *_ = page.begin()
    given = ["left", "right", 1, 5]
    given[missing] = None
    with pytest.raises(gr.Error, match="All four questions"):
        page.submit(visit, *given)
    assert answers.all() == []


@pytest.fixture
def address(study, answers, scratch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(scratch))
        served = rating.launch(
            study.folder,
            answers.path,
            server_name="127.0.0.1",
            prevent_thread_lock=True,
            quiet=True,
        )
        yield served.local_url
        served.close()


@pytest.fixture
def browse(address, tmp_path):
    """A function of context settings to the open page, which may fetch from its server alone."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium: apt-get install chromium")
    asked = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)

        def start(**settings):
            page = browser.new_context(**settings).new_page()
            page.set_default_timeout(PATIENCE)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(address)
            page.locator("#left-film video").wait_for()
            return page

        yield start
        browser.close()
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]


def answer(page, fits, natural, left, right):
    for name, label in (("fits", fits), ("natural", natural)):
        page.locator(f"#{name}").get_by_text(label, exact=True).click()
    for name, score in (("left", left), ("right", right)):
        page.locator(f"#{name}-score label").nth(score - 1).click()
    page.locator("#submit-rating").click()


def test_a_rater_answers_every_pair_and_never_sees_a_model(browse, answers, tmp_path):
    page = browse(viewport={"width": 1280, "height": 900})
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "desktop.png", full_page=True)
    text = page.locator("#rated-prompt").inner_text()
    for number in range(3):
        playwright.expect(page.locator("#rated-prompt")).to_contain_text(f"{number + 1} of 3")
        text += page.locator("#rated-prompt").inner_text()
        assert "secret" not in page.content()
        answer(page, "Left", "Both alike", 4, 2)
    playwright.expect(page.locator("#rated-prompt")).to_contain_text("Thank you")
    playwright.expect(page.locator("#submit-rating")).not_to_be_visible()
    assert all(prompt in text for prompt in PROMPTS)
    assert [(a.fits, a.natural, a.left_score, a.right_score) for a in answers.all()] == [
        ("left", "equal", 4, 2)
    ] * 3


def test_what_is_missing_is_said(browse, answers):
    page = browse()
    page.locator("#submit-rating").click()
    playwright.expect(page.locator(".toast-body")).to_contain_text("All four questions")
    assert answers.all() == []


def test_both_films_fit_beside_each_other_on_a_phone(browse, tmp_path):
    page = browse(**PHONE)
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    left, right = (page.locator(f"#{side}-film").bounding_box() for side in ("left", "right"))
    assert abs(left["y"] - right["y"]) < 2
    assert left["x"] + left["width"] <= right["x"] + 1
    found = page.evaluate(OVERFLOWING, PHONE["viewport"]["width"])
    assert found["width"] <= 390, found["out"]
    assert not found["out"]


def test_models_names_cannot_be_fetched(address, study):
    from urllib.error import HTTPError
    from urllib.request import urlopen

    film = study.film(study.pairs[0].clips[0]).resolve()
    assert urlopen(f"{address}gradio_api/file={film}").status == 200
    for secret in (study.folder / "study.json", film.parent / ".." / "study.json"):
        with pytest.raises(HTTPError):
            urlopen(f"{address}gradio_api/file={secret}")
