"""The page: three tabs, their components and what they set off.

    >>> from tdmm_hf.spaces_demo.page import build, launch   # doctest: +SKIP
    >>> launch(build(), server_port=7860)                    # doctest: +SKIP

Nothing is fetched from elsewhere: system fonts, no CDN, no analytics.
"""

from __future__ import annotations

from importlib import resources

import gradio as gr
import yaml

from . import comparing, engine, limits, uploads
from .handlers import Handlers
from .look import theme
from .results import Shelf

TITLE = "Text and 3D face motion"
WELCOME = f"""# {TITLE}
A prompt in, a moving face out; a moving face in, words out. One language model does both.
"""
NOTE = """
Every motion is made up: no person was recorded, and what the model names is what a face *shows*, as
acted. It must not be used to infer what a real person feels. Uploads are deleted as soon as they
are read.
"""
ROLL = "() => Math.floor(Math.random() * 10000)"
CAMERA = (90, 86, 0.45)  # degrees around and from above, metres away: level, head and neck in view
CLEAN_EVERY, CLEAN_OLDER = 600, 3600  # seconds
KEPT_VISITORS = 200
WAITING_ROOM = 64
# All that needs the model or draws: one visitor at a time, the others see where they stand.
HEAVY = {"concurrency_id": "model", "concurrency_limit": 1}
HIDDEN = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}


def build(model: str | None = None) -> gr.Blocks:
    """The page, with its model loaded.

    Args:
        model: checkpoint folder or Hub id; the embedded one by default.

    Raises:
        ValueError, OSError: there is no such checkpoint.
    """
    hands = Handlers(engine.load(model), Shelf())
    offered = yaml.safe_load(_resource("examples.yaml").read_text(encoding="utf-8"))
    cleaning = (CLEAN_EVERY, CLEAN_OLDER)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=cleaning) as page:
        gr.Markdown(WELCOME, elem_id="welcome")
        with gr.Tab("Text to motion", id="make"):
            _text_to_motion(hands, offered["prompts"])
        with gr.Tab("Motion to text", id="read"):
            _motion_to_text(hands)
        with gr.Tab("Compare", id="compare"):
            _compare(hands, offered["compared"])
        gr.Markdown(NOTE, elem_id="note")
    return page.queue(max_size=WAITING_ROOM)


def launch(page: gr.Blocks, **options) -> None:
    """Serve the page; options are those of ``gr.Blocks.launch``."""
    page.launch(
        theme=theme(),
        css_paths=[_resource("static/style.css")],
        max_file_size=limits.MAX_UPLOAD,
        state_session_capacity=KEPT_VISITORS,
        show_error=True,
        footer_links=["api", "gradio"],
        run_history=False,
        **options,
    )


def _text_to_motion(hands: Handlers, prompts: list[str]) -> None:
    made = gr.State(time_to_live=CLEAN_OLDER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5):
            prompt = gr.Textbox(
                label="What the face does", lines=3, value=prompts[0], elem_id="prompt"
            )
            with gr.Row():
                duration = gr.Slider(
                    1, limits.MAX_SECONDS, 5, step=0.5, label="Seconds", elem_id="seconds"
                )
                temperature = gr.Slider(
                    0, 1.5, engine.usual_temperature(hands.model), step=0.05,
                    label="Temperature", info="Lower plays safer",
                )  # fmt: skip
            seed = _seed()
            button = gr.Button("Animate", variant="primary", elem_id="animate")
            gr.Examples([[text] for text in prompts], [prompt], label="Or try")
        with gr.Column(scale=6):
            head = _head("head")
            plan = gr.Textbox(label="The model took this to ask for", elem_id="plan")
            words = gr.Textbox(label="And says of what it made", elem_id="words", lines=2)
    with gr.Row(equal_height=False):
        with gr.Column(scale=6):
            figure = gr.Plot(label="Strongest channels", elem_id="curves")
        with gr.Column(scale=5):
            video = _video("video")
            files = _files("files")
    gr.on(
        [button.click, prompt.submit],
        hands.text_to_motion,
        [prompt, duration, seed, temperature],
        [made, head, plan, words, figure],
        api_name="text_to_motion",
        show_progress_on=[head],
        **HEAVY,
    ).success(
        hands.downloads,
        [made],
        [video, files],
        api_name="downloads",
        show_progress_on=[video],
        **HEAVY,
    )


def _motion_to_text(hands: Handlers) -> None:
    made = gr.State(time_to_live=CLEAN_OLDER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5):
            file = gr.File(
                label=f"A motion file or a video, up to {limits.MAX_UPLOAD.upper()}",
                file_types=uploads.accepted(),
                elem_id="upload",
                height=160,
            )
            summary = gr.Textbox(label="Read", elem_id="summary")
            answer = gr.Textbox(label="The model says", elem_id="answer", lines=3)
            question = gr.Dropdown(
                engine.questions(hands.model),
                label="Ask it differently",
                info="Pick one, or write your own",
                allow_custom_value=True,
                elem_id="question",
            )
            button = gr.Button("Ask", variant="primary", elem_id="ask")
        with gr.Column(scale=6):
            head = _head("uploaded-head")
    with gr.Row(equal_height=False):
        with gr.Column(scale=6):
            figure = gr.Plot(label="Strongest channels", elem_id="uploaded-curves")
        with gr.Column(scale=5):
            files = _files("uploaded-files")
    read = file.upload(
        hands.motion_to_text,
        [file, question],
        [made, head, summary, answer, figure],
        api_name="motion_to_text",
        show_progress_on=[head],
        **HEAVY,
    )
    read.then(lambda: None, outputs=[file], **HIDDEN)  # the file itself is gone already
    read.success(hands.every_format, [made], [files], api_name="every_format", **HEAVY)
    button.click(hands.ask, [made, question], [answer], api_name="ask", **HEAVY)


def _compare(hands: Handlers, text: str) -> None:
    with gr.Row(equal_height=False):
        with gr.Column(scale=5):
            prompt = gr.Textbox(label="What the face does", lines=2, value=text)
            way = gr.Radio(
                [("Seeds", comparing.SEEDS), ("Intensities", comparing.INTENSITIES)],
                value=comparing.INTENSITIES,
                label="Side by side",
                info="Seeds: the same prompt drawn anew. Intensities: what the model read, from "
                "barely to extremely.",
            )
            with gr.Row():
                count = gr.Slider(2, limits.MAX_COMPARED, 3, step=1, label="How many")
                duration = gr.Slider(
                    1,
                    limits.MAX_COMPARED_SECONDS,
                    4,
                    step=0.5,
                    label="Seconds",
                    elem_id="compared-seconds",
                )
            seed = _seed()
            button = gr.Button("Compare", variant="primary", elem_id="compare-button")
        with gr.Column(scale=6):
            video = _video("compared-video", show_label=False)
    rows = gr.JSON(label="rows", visible=False)
    cards = gr.HTML(label="cards", elem_id="cards")
    figure = gr.Plot(label="Strongest channels", elem_id="compared-curves")
    gr.on(
        [button.click, prompt.submit],
        hands.compare,
        [prompt, way, count, duration, seed],
        [video, rows, cards, figure],
        api_name="compare",
        show_progress_on=[video],
        **HEAVY,
    )


def _head(name: str) -> gr.Model3D:
    return gr.Model3D(
        label="Drag to turn, scroll to come closer",
        height=440,
        clear_color=(0.24, 0.28, 0.32, 1.0),
        camera_position=CAMERA,
        interactive=False,
        elem_id=name,
    )


def _video(name: str, show_label: bool = True) -> gr.Video:
    return gr.Video(
        label="Film",
        show_label=show_label,
        autoplay=True,
        loop=True,
        interactive=False,
        elem_id=name,
    )


def _files(name: str) -> gr.File:
    return gr.File(label="Download", file_count="multiple", interactive=False, elem_id=name)


def _seed() -> gr.Number:
    """A seed, with a button that rolls another."""
    with gr.Row(elem_classes="seed"):
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, scale=4)
        roll = gr.Button("Roll", size="sm", scale=1, min_width=80)
    roll.click(None, outputs=[seed], js=ROLL, **HIDDEN)
    return seed


def _resource(name: str):
    return resources.files(__package__).joinpath(*name.split("/"))
