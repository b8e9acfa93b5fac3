"""The command ``tdmm``.

    tdmm generate "He frowns and shakes his head." --duration 4 --out frown.csv
    tdmm describe frown.csv
    tdmm render frown.csv --out frown.mp4
    tdmm fit clip.mp4 --out clip.npz

Heavy packages are imported inside the commands: ``tdmm --help`` imports no torch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from .settings import CorpusSettings, LanguageModelSettings, TokenizerSettings, from_yaml

app = typer.Typer(
    help="Text and 3D face motion: generate, describe, render, fit, and train your own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
corpus_app = typer.Typer(help="Corpora of (text, motion) pairs.", no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")
rig_app = typer.Typer(help="Heads that are not in the package.", no_args_is_help=True)
app.add_typer(rig_app, name="rig")

USER_ERROR = 2
# typer brings its own copy of click or uses the installed one; either way this is the base class.
ClickException = typer.BadParameter.__base__.__base__
DEFAULT_SUFFIXES = (".csv", ".npz", ".png")  # and .mp4 where it can be filmed
FILMS = (".mp4", ".gif")
FILM_SIZE = 512
FILM_PACKAGES = ("av", "moderngl", "numba", "PIL")  # the extra ``render``
STRIP_FRAMES = 6

Model = Annotated[
    str | None, typer.Option(help="Checkpoint folder or Hub id; embedded by default.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number of seconds, got {text!r}") from None


@app.command()
def generate(
    prompts: Annotated[list[str] | None, typer.Argument(help="What the face does.")] = None,
    prompts_file: Annotated[
        Path | None, typer.Option("--prompts", help="A file with one prompt a line.")
    ] = None,
    duration: Annotated[
        float, typer.Option(parser=_seconds, metavar="SECONDS", help="Up to 60.")
    ] = 5.0,
    seed: Seed = 0,
    temperature: Annotated[float | None, typer.Option(help="Below 1 plays safer.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File (its suffix picks the format) or folder; out/ by default."),
    ] = None,
    model: Model = None,
) -> None:
    """Make a face motion from each prompt."""
    texts = list(prompts or []) + _read_prompts(prompts_file)
    if not texts:
        raise ValueError("nothing to generate: give a prompt or --prompts FILE")
    targets = _targets(texts, out)
    from .motion import FaceMotion

    for paths in targets:
        for path in paths:
            _check_target(path)
    animate = _pipeline("text-to-face-motion", model)
    results = animate(texts, duration=duration, seed=seed, **_given(temperature=temperature))
    for text, result, paths in zip(texts, results, targets, strict=True):
        motion = FaceMotion(result["motion"], fps=result["fps"])
        print(f"{text}\n  {motion.duration:g} s, {motion.num_frames} frames")
        if result["plan"]:
            print(f"  read as: {result['plan']}")
        for path in paths:
            _write(motion, path)
            print(f"  {path}")


@app.command()
def describe(
    files: Annotated[list[Path], typer.Argument(help="Motion files or videos.")],
    instruction: Annotated[
        str | None, typer.Option(help="Ask something else of the motion.")
    ] = None,
    landmarker: Annotated[
        Path | None, typer.Option(help="MediaPipe's face_landmarker.task, for videos.")
    ] = None,
    model: Model = None,
) -> None:
    """Say in words what a face does: motion files, or videos (tracked first)."""
    motions = [_read_motion(path, landmarker) for path in files]
    answers = _pipeline("face-motion-to-text", model)(motions, **_given(instruction=instruction))
    for path, answer in zip(files, answers, strict=True):
        print(f"{path}: {answer['generated_text']}" if len(files) > 1 else answer["generated_text"])


@app.command()
def render(
    motion: Annotated[Path, typer.Argument(help="A motion file.")],
    out: Annotated[
        Path, typer.Option(help="File: .mp4, .gif, or .png for a strip of telling frames.")
    ],
    rig: Annotated[str, typer.Option(help="The head: tdmm, or ict once installed.")] = "tdmm",
    size: Annotated[int, typer.Option(help="Pixels of a side, 64 to 2160.")] = 720,
    camera: Annotated[
        str,
        typer.Option(help="front, left45, right45, profile, or degrees to the subject's left."),
    ] = "front",
    background: Annotated[
        str, typer.Option(help="studio, light, white, black, green, or #rrggbb.")
    ] = "studio",
    identity: Annotated[
        int | None, typer.Option(help="Another person: any seed.", metavar="SEED")
    ] = None,
    look: Annotated[
        str | None,
        typer.Option(help="Skin, eyes and hair: rose, sand, umber, ebony, ivory or copper."),
    ] = None,
    renderer: Annotated[
        str, typer.Option(help="gl, software (needs no system library), or auto.")
    ] = "auto",
) -> None:
    """Film a motion on a 3D head: a video, an animated picture, or a strip."""
    from .formats import load

    shot = {"rig": rig, "size": size, "camera": camera, "background": background}
    person = {"identity": identity, "look": look}
    _check_picture(out, size)
    _film(load(motion), out, renderer=renderer, **shot, **person)
    print(out)


@app.command()
def fit(
    video: Annotated[Path, typer.Argument(help="A video of a face.")],
    out: Annotated[Path, typer.Option(help="Motion file to write; its suffix picks the format.")],
    model: Annotated[Path | None, typer.Option(help="MediaPipe's face_landmarker.task.")] = None,
) -> None:
    """Track the face of a video into per-frame arkit parameters."""
    from .formats import check_suffix, save

    check_suffix(out)
    motion = _fit(video, model)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(motion, out)
    print(f"{motion.num_frames} frames at {motion.fps:g} a second: {out}")


def _settings_command(kind: type, run: Callable) -> Callable:
    """A command whose flags are ``kind``'s fields, over a ``--config`` YAML file, over defaults."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = inspect.get_annotations(kind, eval_str=True)

    def command(config: Path | None = None, **flags):
        base = from_yaml(kind, config) if config else kind()
        own = {name: value for name, value in flags.items() if name not in fields}
        run(dataclasses.replace(base, **_given(**{n: flags[n] for n in fields})), **own)

    inherited = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
        if name != "settings"
    ]
    own = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                hints[name] | None,
                typer.Option(show_default=False, help=f"[{field.default}]"),
            ],
        )
        for name, field in fields.items()
    ]
    config = inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option(help="YAML file of settings.")],
    )
    command.__signature__ = inspect.Signature([*inherited, config, *own])
    command.__annotations__ = {p.name: p.annotation for p in [*inherited, config, *own]}
    command.__doc__ = run.__doc__
    return command


def _corpus_build(
    settings: CorpusSettings,
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
) -> None:
    """Perform a corpus of (prompt, motion) pairs; a build that was stopped goes on."""
    from .corpus.build import build

    build(settings, out, workers or os.cpu_count() or 1)
    print(f"{settings.clips} training clips: {out}")


def _train_tokenizer(
    settings: TokenizerSettings,
    corpus: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    out: Annotated[Path, typer.Option(help="Folder of the trained tokenizer.")],
) -> None:
    """Train a MotionTokenizer on a corpus; a run that was stopped goes on."""
    from .training.motion_tokenizer import train_from_corpus

    train_from_corpus(corpus, settings, out)
    print(f"motion tokenizer: {out}")


def _train_lm(
    settings: LanguageModelSettings,
    corpus: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of a trained MotionTokenizer.")],
    out: Annotated[Path, typer.Option(help="Folder of the trained checkpoint.")],
) -> None:
    """Train the language model in both directions; a run that was stopped goes on."""
    from .training.language_model import train_language_model

    train_language_model(corpus, tokenizer, settings, out)
    print(f"language model: {out}")


@rig_app.command("install")
def rig_install(
    name: Annotated[str, typer.Argument(help="ict: ICT FaceKit, MIT licence.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder or archive of its release; downloaded by default."),
    ] = None,
) -> None:
    """Pack a head into the cache, for --rig NAME."""
    if name != "ict":
        raise ValueError(f"rig to install must be ict, got {name!r}")
    from .rigs.ict import install

    with _bar("meshes", "mesh") as advance:
        packed = install(source, progress=advance)
    print(packed)


corpus_app.command("build")(_settings_command(CorpusSettings, _corpus_build))
app.command("train-tokenizer")(_settings_command(TokenizerSettings, _train_tokenizer))
app.command("train-lm")(_settings_command(LanguageModelSettings, _train_lm))


def _pipeline(task: str, model: str | None):
    from transformers.utils import logging

    from .pipelines import EMBEDDED_CHECKPOINT, pipeline

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return pipeline(task, model=model or str(EMBEDDED_CHECKPOINT))


def _default_suffixes() -> tuple[str, ...]:
    """What a motion is written as where nothing is asked; says so if it cannot be filmed."""
    lacking = [name for name in FILM_PACKAGES if not importlib.util.find_spec(name)]
    if not lacking:
        return (*DEFAULT_SUFFIXES, ".mp4")
    print(f"no .mp4 without {', '.join(lacking)}: pip install 'tdmm-hf[render]'", file=sys.stderr)
    return DEFAULT_SUFFIXES


def _check_target(path: Path) -> None:
    """``ValueError`` unless a motion can be written or filmed under this name."""
    if path.suffix.lower() in FILMS:
        _check_picture(path, FILM_SIZE)
    else:
        from .formats import check_suffix

        try:
            check_suffix(path)
        except ValueError as error:
            raise ValueError(f"{error}, {', '.join(FILMS)}") from None


def _write(motion, path: Path) -> None:
    """A motion file, or a film of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in FILMS:
        _film(motion, path, size=FILM_SIZE)
    else:
        from .formats import save

        save(motion, path)


def _check_picture(path: Path, size: int) -> None:
    from .video.files import check_file
    from .video.frames import check_size

    check_size(size)
    check_file(path, size)


def _film(motion, path: Path, **options) -> None:
    """Render a motion into the file that the suffix names."""
    from tqdm import tqdm

    from .video import highlights, render, write_gif, write_strip, write_video

    suffix = path.suffix.lower()
    if suffix == ".png":
        motion = highlights(motion, STRIP_FRAMES)
    frames = render(motion, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tqdm(
        frames, desc=path.name, unit="frame", total=motion.num_frames, disable=None, leave=False
    ) as bar:
        if suffix == ".png":
            write_strip(bar, path)
        else:
            (write_gif if suffix == ".gif" else write_video)(bar, path, motion.fps)


def _given(**options) -> dict:
    return {name: value for name, value in options.items() if value is not None}


def _read_prompts(path: Path | None) -> list[str]:
    if path is None:
        return []
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    if not any(lines):
        raise ValueError(f"no prompt in {path}: it needs one prompt a line")
    return [line for line in lines if line]


def _targets(texts: list[str], out: Path | None) -> list[list[Path]]:
    """The files that each prompt writes."""
    if out is None or not out.suffix:
        folder, suffixes = out or Path("out"), _default_suffixes()
        stems = _numbered([_slug(text) for text in texts])
        return [[folder / f"{stem}{suffix}" for suffix in suffixes] for stem in stems]
    if len(texts) == 1:
        return [[out]]
    width = len(str(len(texts)))
    return [
        [out.with_name(f"{out.stem}-{i:0{width}d}{out.suffix}")] for i in range(1, len(texts) + 1)
    ]


def _slug(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words[:8])[:60] or "motion"


def _numbered(stems: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    for i, stem in enumerate(stems):
        seen[stem] = seen.get(stem, 0) + 1
        if seen[stem] > 1:
            stems[i] = f"{stem}-{seen[stem]}"
    return stems


def _read_motion(path: Path, landmarker: Path | None):
    from .formats import is_motion_file, load

    return load(path) if is_motion_file(path) else _fit(path, landmarker)


def _fit(video: Path, model: Path | None):
    from .fitting import fit_video

    with _bar(video.name, "frame") as advance:
        result = fit_video(video, model=model, progress=advance)
    for note in result.notes:
        print(f"{video.name}: {note}", file=sys.stderr)
    return result.motion


@contextlib.contextmanager
def _bar(name: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, moved by calls with what is done and what is expected."""
    from tqdm import tqdm

    with tqdm(desc=name, unit=unit, disable=None, leave=False) as bar:

        def advance(done: int, expected: int) -> None:
            bar.total = expected or None
            bar.update(done - bar.n)

        yield advance


def main(argv: list[str] | None = None) -> int:
    """Run the command; a user's mistake is one line on stderr and exit status 2."""
    try:
        return app(args=argv, prog_name="tdmm", standalone_mode=False) or 0
    except typer.Exit as done:
        return done.exit_code
    except (ClickException, ValueError, OSError, ImportError) as error:
        message = error.format_message() if isinstance(error, ClickException) else str(error)
        print(f"tdmm: {' '.join(message.split())}", file=sys.stderr)
        return USER_ERROR
    except (KeyboardInterrupt, typer.Abort):
        print("tdmm: stopped", file=sys.stderr)
        return 130


def entry() -> None:
    sys.exit(main())


if __name__ == "__main__":
    entry()
