"""Prompts to motions, motions and videos to words, videos to motions.

    tdmm generate "He frowns and shakes his head." --duration 4 --out frown.csv
    tdmm describe frown.csv
    tdmm fit clip.mp4 --out clip.npz --preview clip_preview.mp4

Files that a command writes are named in `outputs`.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from .common import Model, Seed, bar, given, load_pipeline, seconds
from .outputs import check_target, check_writable, targets, write


def generate(
    prompts: Annotated[list[str] | None, typer.Argument(help="What the face does.")] = None,
    prompts_file: Annotated[
        Path | None, typer.Option("--prompts", help="A file with one prompt a line.")
    ] = None,
    duration: Annotated[
        float, typer.Option(parser=seconds, metavar="SECONDS", help="Up to 60.")
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
    from ..motion import FaceMotion

    files = targets(texts, out)
    for path in chain(*files):
        check_target(path)
    animate = load_pipeline("text-to-face-motion", model)
    results = animate(texts, duration=duration, seed=seed, **given(temperature=temperature))
    for text, result, paths in zip(texts, results, files, strict=True):
        motion = FaceMotion(result["motion"], fps=result["fps"])
        print(f"{text}\n  {motion.duration:g} s, {motion.num_frames} frames")
        if result["plan"]:
            print(f"  read as: {result['plan']}")
        for path in paths:
            write(motion, path)
            print(f"  {path}")


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
    answers = load_pipeline("face-motion-to-text", model)(motions, **given(instruction=instruction))
    for path, answer in zip(files, answers, strict=True):
        print(f"{path}: {answer['generated_text']}" if len(files) > 1 else answer["generated_text"])


def fit(
    video: Annotated[Path, typer.Argument(help="A video of a face.")],
    out: Annotated[Path, typer.Option(help="Motion file to write; its suffix picks the format.")],
    model: Annotated[Path | None, typer.Option(help="MediaPipe's face_landmarker.task.")] = None,
    preview: Annotated[
        Path | None, typer.Option(help="A .mp4 of the video with what was tracked over it.")
    ] = None,
    preview_rig: Annotated[
        str, typer.Option(help="The head beside that picture: tdmm, ict, or none.")
    ] = "tdmm",
) -> None:
    """Track the face of a video into per-frame arkit parameters."""
    from ..formats import check_suffix, save

    check_suffix(out)
    check_writable(out)
    head = _check_preview(preview, video, preview_rig)
    result = _track(video, model)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(result.motion, out)
    print(f"{result.motion.num_frames} frames at {result.motion.fps:g} a second: {out}")
    for line in result.quality.lines():
        print(f"  {line}")
    if preview is not None:
        _write_preview(video, result, preview, head)


def _check_preview(preview: Path | None, video: Path, rig: str):
    """The head to show beside the picture, or None; errors before the long work."""
    if preview is None:
        return None
    from ..rigs import get_rig
    from ..video.preview import check_preview

    check_preview(preview, video)
    check_writable(preview)
    return None if rig == "none" else get_rig(rig)


def _write_preview(video: Path, result, preview: Path, head) -> None:
    from ..video.preview import write_preview

    preview.parent.mkdir(parents=True, exist_ok=True)
    with bar(preview.name, "frame") as advance:
        write_preview(video, result, preview, head, progress=advance)
    print(preview)


def _read_motion(path: Path, landmarker: Path | None):
    from ..formats import is_motion_file, load

    # The describer has learned to read MediaPipe's scores.
    return load(path) if is_motion_file(path) else _track(path, landmarker).tracked


def _track(video: Path, model: Path | None):
    from ..fitting import fit_video

    with bar(video.name, "frame") as advance:
        result = fit_video(video, model=model, progress=advance)
    for note in result.notes:
        print(f"{video.name}: {note}", file=sys.stderr)
    return result


def _read_prompts(path: Path | None) -> list[str]:
    if path is None:
        return []
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    if not any(lines):
        raise ValueError(f"no prompt in {path}: it needs one prompt a line")
    return [line for line in lines if line]
