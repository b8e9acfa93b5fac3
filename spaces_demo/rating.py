"""The rating page: two motions of one prompt side by side, and what a person thinks of them.

    >>> from tdmm_hf.spaces_demo import rating                      # doctest: +SKIP
    >>> rating.launch("study", "study/answers.sqlite")              # doctest: +SKIP

Off by default: ``tdmm demo --rate STUDY`` serves it in place of the other tabs. It needs no model.
Which motion is left, and the order of the pairs, are drawn
anew for each visit; raters see films and prompts, never a model's name.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import gradio as gr

from ..evaluation.ratings import (
    ANSWERS_FILE,
    CHOICES,
    FILMS,
    SCORES,
    Answer,
    Answers,
    Clip,
    Pair,
    Study,
    load_study,
)
from .limits import in_a_sentence
from .look import theme

TITLE = "Which face is better?"
WELCOME = f"""# {TITLE}
Watch both faces as often as you like, then answer. There is no right or wrong.
"""
NOTE = """
What is kept: your answers, and a random word that says they came from one visit. No name, no
address, no time. Every face is made up. You may stop whenever you like.
"""
DONE = "## Thank you\nThat was all. Your answers are saved."
MISSING = "all four questions must be answered first"
_SIDES = list(zip(("Left", "Right", "Both alike"), CHOICES, strict=True))
KEPT_VISITORS = 200
STYLES = ("style.css", "rating.css")
AGAIN = """() => document.querySelectorAll('#pair video').forEach(
  (film) => { film.currentTime = 0; film.play(); })"""
HIDDEN = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class Visit:
    """Where one rater is.

    Args:
        word: random, tells the visit from others.
        order: (index of the pair, whether its clips are exchanged), in the order shown.
        at: how many are answered.
    """

    word: str
    order: tuple[tuple[int, bool], ...]
    at: int = 0


def draw_visit(study: Study, rng: random.Random | None = None) -> Visit:
    """A new visit: all pairs in an order of its own, sides drawn for each."""
    rng = rng or random.SystemRandom()
    order = [(index, rng.random() < 0.5) for index in range(len(study.pairs))]
    rng.shuffle(order)
    return Visit(uuid.UUID(int=rng.getrandbits(128), version=4).hex, tuple(order))


@dataclass(frozen=True)
class Rating:
    """The page's work: a study, and where the answers go."""

    study: Study
    answers: Answers

    def begin(self):
        """The first pair of a new visit."""
        visit = draw_visit(self.study)
        return visit, *self._shown(visit)

    @in_a_sentence
    def submit(self, visit: Visit, fits, natural, left_score, right_score):
        """Keep an answer and show the next pair."""
        if None in (fits, natural, left_score, right_score):
            raise ValueError(MISSING)
        pair, left, right = self._pair(visit)
        self.answers.add(
            Answer(
                pair.id, left.model, right.model, fits, natural,
                int(left_score), int(right_score), visit.word,
            )
        )  # fmt: skip
        visit = replace(visit, at=visit.at + 1)
        return visit, *self._shown(visit)

    def _pair(self, visit: Visit) -> tuple[Pair, Clip, Clip]:
        """The pair that stands next, and its left and right clip."""
        index, exchanged = visit.order[visit.at]
        pair = self.study.pairs[index]
        left, right = reversed(pair.clips) if exchanged else pair.clips
        return pair, left, right

    def _shown(self, visit: Visit) -> tuple:
        """Prompt, films, the four questions unanswered, and whether there is more to do."""
        if visit.at == len(visit.order):
            return (DONE, None, None, *[None] * 4, gr.update(visible=False))
        pair, left, right = self._pair(visit)
        words = f"## {visit.at + 1} of {len(visit.order)}\n> {_plain(pair.prompt)}"
        films = (str(self.study.film(clip)) for clip in (left, right))
        return (words, *films, *[None] * 4, gr.update(visible=True))


def _plain(prompt: str) -> str:
    """A prompt as Markdown shows it, whatever stands in it."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+!|<>" else mark for mark in prompt)


def build(study: Study, answers: Answers) -> gr.Blocks:
    """The page."""
    rating = Rating(study, answers)
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.Markdown(WELCOME, elem_id="welcome")
        visit = gr.State()
        prompt = gr.Markdown(elem_id="rated-prompt")
        with gr.Column(elem_id="rating") as form:
            with gr.Row(elem_id="pair"):
                films = [_film(side) for side in ("Left", "Right")]
            again = gr.Button("Play both again", size="sm", elem_id="again")
            with gr.Row(elem_classes="asked"):
                fits = gr.Radio(_SIDES, label="Which fits the words better?", elem_id="fits")
                natural = gr.Radio(_SIDES, label="Which is more natural?", elem_id="natural")
            with gr.Row(elem_classes="asked"):
                scores = [_score(side) for side in ("Left", "Right")]
            button = gr.Button("Save and go on", variant="primary", elem_id="submit-rating")
        gr.Markdown(NOTE, elem_id="note")
        questions = [fits, natural, *scores]
        shown = [visit, prompt, *films, *questions, form]
        page.load(rating.begin, outputs=shown, **HIDDEN)
        again.click(None, js=AGAIN, **HIDDEN)
        button.click(rating.submit, [visit, *questions], shown, **HIDDEN)
    return page


def launch(study: str | Path, answers: str | Path | None = None, **options) -> gr.Blocks:
    """Serve the page, and return it.

    Args:
        study: a folder that ``tdmm ratings prepare`` made.
        answers: the SQLite file; ``answers.sqlite`` in the study by default.
        options: those of ``gr.Blocks.launch``.

    Raises:
        ValueError: the folder holds no study, or the file no answers.
    """
    found = load_study(study)
    page = build(found, Answers(answers or found.folder / ANSWERS_FILE))
    page.launch(
        theme=theme(),
        css_paths=[resources.files(__package__) / "static" / name for name in STYLES],
        allowed_paths=[str((found.folder / FILMS).resolve())],
        state_session_capacity=KEPT_VISITORS,
        show_error=True,
        footer_links=[],
        run_history=False,
        **options,
    )
    return page


def _score(side: str) -> gr.Radio:
    label = f"{side}: how well does it do what the words say?"
    return gr.Radio(
        list(SCORES), label=label, info="1 not at all, 5 perfectly", elem_id=f"{side.lower()}-score"
    )


def _film(side: str) -> gr.Video:
    return gr.Video(
        label=side,
        autoplay=True,
        loop=True,
        interactive=False,
        buttons=[],
        elem_id=f"{side.lower()}-film",
    )
