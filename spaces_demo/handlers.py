"""What happens when a button is pressed: checked inputs in, things to show out.

    >>> from tdmm_hf.spaces_demo import engine                       # doctest: +SKIP
    >>> from tdmm_hf.spaces_demo.handlers import Handlers            # doctest: +SKIP
    >>> from tdmm_hf.spaces_demo.results import Shelf                # doctest: +SKIP
    >>> hands = Handlers(engine.load(), Shelf())                     # doctest: +SKIP
    >>> made, *shown = hands.text_to_motion("She nods.", 4, 1, 0.8)  # doctest: +SKIP

Every method is an endpoint of the API under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr

from ..motion import FaceMotion
from . import charts, comparing, engine, limits, results, uploads
from .limits import in_a_sentence

PROGRESS = gr.Progress()  # gradio puts the visitor's own in its place


@dataclass(frozen=True)
class Made:
    """A motion that a visitor has before them, and the name its files take."""

    motion: FaceMotion
    name: str


@dataclass(frozen=True)
class Handlers:
    """The page's work.

    Args:
        model: a name from ``engine.load``.
        shelf: where files for visitors are written.
        inbox: where their own files are read.
    """

    model: str
    shelf: results.Shelf
    inbox: uploads.Inbox = field(default_factory=uploads.Inbox)

    @in_a_sentence
    def text_to_motion(self, prompt, duration, seed, temperature, progress=PROGRESS):
        """Make a face motion from a prompt.

        Returns:
            Made, the moving head (.glb), what the model took the prompt to ask for, what it says
            of what it made, and its curves.
        """
        prompt = limits.checked_prompt(prompt)
        duration = limits.checked_seconds(duration, limits.MAX_SECONDS)
        seed = limits.checked_seed(seed)
        progress(0.1, desc="Reading the prompt and moving")
        (take,) = engine.animate(self.model, [prompt], duration, [seed], temperature)
        progress(0.6, desc="Putting the motion into words")
        words = engine.describe(self.model, take.motion)
        progress(0.8, desc="Building the head")
        head = results.model_file(take.motion, self.shelf.folder(), prompt)
        made = Made(take.motion, prompt)
        return made, str(head), take.plan, words, charts.curves(take.motion)

    @in_a_sentence
    def downloads(self, made, progress=PROGRESS):
        """A video and files of the motion made last, in every format.

        Returns:
            The video (.mp4) and the files.
        """
        made = _at_hand(made)
        folder = self.shelf.folder()
        progress(0.1, desc="Filming")
        video = results.film(made.motion, folder, made.name)
        progress(0.8, desc="Writing every format")
        files = results.every_format(made.motion, folder, made.name)
        return str(video), [str(path) for path in files]

    @in_a_sentence
    def motion_to_text(self, file, question, progress=PROGRESS):
        """Say what the face of a motion file or a video does; the file is deleted when read.

        Returns:
            Made, the moving head (.glb), what was read, the answer, and the curves.
        """
        if not file:
            raise ValueError("there must be a file to read, got none")

        def watch(done, expected):
            if expected:
                progress((done, expected), desc="Watching the video", unit="frames")

        upload = self.inbox.take_in(file, watch)  # first of all: the file must not stay
        question = limits.checked_question(question)
        progress(0.7, desc="Putting the motion into words")
        answer = engine.describe(self.model, upload.motion, question)
        progress(0.9, desc="Building the head")
        made = Made(upload.motion, "motion")
        head = results.model_file(made.motion, self.shelf.folder(), made.name)
        return made, str(head), upload.summary, answer, charts.curves(made.motion)

    @in_a_sentence
    def ask(self, made, question):
        """Ask something else about the motion that was uploaded last.

        Returns:
            The answer.
        """
        made = _at_hand(made)
        return engine.describe(self.model, made.motion, limits.checked_question(question))

    @in_a_sentence
    def every_format(self, made):
        """The motion that was uploaded last, in every format.

        Returns:
            The files.
        """
        made = _at_hand(made)
        files = results.every_format(made.motion, self.shelf.folder(), made.name)
        return [str(path) for path in files]

    @in_a_sentence
    def compare(self, prompt, way, count, duration, seed, progress=PROGRESS):
        """One prompt with several seeds, or at several intensities, side by side.

        Returns:
            A video of all heads in step; what was asked for, read and shown, as rows and as HTML;
            and their curves.
        """
        prompt = limits.checked_prompt(prompt)
        duration = limits.checked_seconds(duration, limits.MAX_COMPARED_SECONDS)
        seed = limits.checked_seed(seed)
        if count not in range(2, limits.MAX_COMPARED + 1):
            raise ValueError(f"there must be 2 to {limits.MAX_COMPARED} to compare, got {count}")
        progress(0.1, desc="Moving")
        lineup = comparing.line_up(self.model, prompt, way, int(count), duration, seed)
        motions = [take.motion for take in lineup.takes]
        progress(0.4, desc="Filming")
        folder = self.shelf.folder()
        video = results.compared_film(motions, lineup.labels, folder, prompt)
        rows = lineup.rows()
        figure = charts.compared(motions, lineup.labels)
        return str(video), rows, comparing.cards(rows), figure


def _at_hand(made: Made | None) -> Made:
    if made is None:
        raise ValueError("there must be a motion first, got none: make or upload one")
    return made
