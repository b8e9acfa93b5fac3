"""Measure one model: generation and description, all metrics, and what stands beside them.

    report = evaluate_model("runs/face", "runs/face", "corpus", "report", ReportSettings(clips=500))
    report["generation"]["model"]["fid"]["mean"]

The same call gives the same report, but for timings and the machine. What is generated is kept in
``OUT/work``: a run that was stopped goes on there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import numpy as np

from ..metrics import average_inference_time, diversity, frechet_distance
from ..metrics.geometry import FaceSurface
from .captions import answers, score_captions
from .card import card_entries
from .clips import Data, open_data
from .examples import choose, example, films
from .judging import judge_captions, open_encoder, open_judges
from .machine import machine
from .motions import Motions, descriptions
from .pages import write_pages
from .scores import one_for_another, score_motions, score_multimodality, score_tokens
from .settings import ReportSettings
from .systems import Measured, embed, embed_texts, guess, measure_motions
from .tokens import code_motions, token_hits, tokenizer_facts
from .work import FOLDER, Work, fingerprint

EVALUATOR = "tdmm-evaluator"
MODEL_TYPE = "tdmm"
RIG = "tdmm"
TIMED_SECONDS = 5.0
TRUTH, CODED = "ground truth", "ground truth through the tokenizer"
NEAREST, RANDOM, STILL = "nearest in training", "random from training", "mean face"


class Run:
    """A model, its data and what measures them; methods are the parts of the work.

    Args:
        model: folder of a checkpoint, or a Hub id.
        name: of the model in the report.
        dataset: corpus folder or Hub dataset.
        out: folder of the report.
        settings: how to measure.
        device: of the networks, as torch names it.

    Raises:
        ValueError: no such dataset or split, too few clips, no such model, a model of another
            parameter space than the evaluator's, or a folder with another report's work.
    """

    def __init__(
        self, model: str, name: str, dataset: str, out: Path, settings: ReportSettings, device: str
    ):
        self.name, self.settings, self.timings = name, settings, {}
        with self.timed("load"):
            self.judges, self.encoder = open_judges(settings), open_encoder(settings)
            self.evaluator = load_evaluator(device)
            self.model = load_model(model, device)
            self.bounds = self._bounds()
            self.data: Data = open_data(dataset, settings, *self.bounds, self.evaluator.config.fps)
        self.digest = _model_digest(model, self.model)
        wanted = {"model": name, "weights": self.digest, "dataset": self.data.digest}
        self.work = Work(out / FOLDER, {**wanted, **settings.work()})
        self.notes: list[str] = []

    def _bounds(self) -> tuple[float, float]:
        """Shortest and longest motion that both networks take, seconds."""
        ours, theirs = self.evaluator.config, self.model.config
        if list(ours.channels) != list(theirs.motion_config.channels):
            raise ValueError(
                f"a model must have the channels of the evaluator ({ours.space}), "
                f"got those of {theirs.motion_config.space}"
            )
        return ours.min_seconds, min(ours.max_seconds, theirs.max_seconds)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Notes the seconds that a part of the work took."""
        start = time.perf_counter()
        yield
        self.timings[part] = round(time.perf_counter() - start, 1)

    def generate(self) -> Motions:
        with self.timed("generate"):
            return Motions(self.model, self.data.clips, self.settings, self.work)

    def describe(self) -> list[str]:
        with self.timed("describe"):
            return descriptions(self.model, self.data.clips, self.settings, self.work)

    def tokens(self) -> tuple[dict, dict, Measured]:
        """Tok, facts of the tokenizer, and the truth through it."""
        clips = self.data.clips
        with self.timed("tokenizer"):
            coded = code_motions(self.model, clips)
            hits = self.work.arrays(
                "token-hits",
                lambda: token_hits(self.model, clips, coded.codes, self.settings.batch_size),
            )
            measured = self.measure(CODED, 1, lambda draw: coded.decoded)
        tok = score_tokens(hits["hits"], hits["tokens"], self.settings)
        return tok, tokenizer_facts(self.model, coded), measured

    def measure(self, name: str, draws: int, motions) -> Measured:
        tools = (self.evaluator, self.surface, self.work)
        return measure_motions(name, draws, motions, self.data.clips, *tools)

    @property
    def surface(self) -> FaceSurface:
        if not hasattr(self, "_surface"):
            self._surface = FaceSurface(RIG)
        return self._surface

    def systems(self, made: Motions, texts: np.ndarray) -> dict[str, Measured]:
        """The model's motions, the truth and the guesses, measured."""
        clips, settings = self.data.clips, self.settings
        with self.timed("measure motions"):
            found = {
                "model": self.measure("model", settings.seeds, made.motions),
                TRUTH: self.measure(TRUTH, 1, lambda draw: [clip.motion for clip in clips]),
            }
        if self.data.training is None:
            self.notes.append("no training split beside the clips: nothing is taken from it")
            return found
        with self.timed("baselines"):
            limits = (self.evaluator.config.min_seconds, self.evaluator.config.max_seconds)
            tools = (self.evaluator, texts, settings.seeds, settings.seed, limits, self.work)
            guesses = guess(self.data, *tools)
            found[NEAREST] = self.measure(NEAREST, 1, lambda draw: guesses.nearest)
            found[RANDOM] = self.measure(RANDOM, settings.seeds, lambda draw: guesses.random[draw])
            found[STILL] = self.measure(STILL, 1, lambda draw: guesses.still(clips))
        self.notes.append(
            f"nearest in training: among {guesses.searched} training prompts; "
            "mean face: of the random motions' frames"
        )
        return found

    def many(self, made: Motions) -> np.ndarray:
        """Points (prompts, motions, features) that MultiModality is of."""
        with self.timed("multimodality"):
            points = [
                self.work.arrays(
                    f"measured/prompts-{k}",
                    lambda k=k: {"points": embed(self.evaluator, made.motions(k, True))},
                )["points"]
                for k in range(self.settings.motions_per_prompt)
            ]
        return np.stack(points, axis=1)

    def generation(self, made: Motions, systems: dict[str, Measured], texts: np.ndarray) -> dict:
        """Every figure of every system."""
        truth = systems[TRUTH].points[0]
        frames = np.array([clip.motion.valid.sum() for clip in self.data.clips])
        with self.timed("score motions"):
            scores = {
                name: score_motions(one, truth, texts, frames, self.settings)
                for name, one in systems.items()
            }
        scores["model"]["multimodality"] = score_multimodality(self.many(made), self.settings)
        few = scores["model"]["multimodality"].pop("notes")
        self.notes += [f"MultiModality: {note}" for note in few]
        if RANDOM in systems:
            any_motions = one_for_another(systems[RANDOM].points, made.prompts, self.settings)
            scores[RANDOM]["multimodality"] = score_multimodality(any_motions, self.settings)
            del scores[RANDOM]["multimodality"]["notes"]
        points = systems["model"].points[0]
        self.notes += [f"FD: {note}" for note in frechet_distance(points, truth).notes]
        self.notes += [f"Diversity: {note}" for note in diversity(points).notes]
        self.notes += [
            f"{name}: {one.resampled} motions of {one.points.shape[0] * one.points.shape[1]} "
            "resampled linearly to the true motion's length for L2, LVE, FVE, FDD and head pose"
            for name, one in systems.items()
            if one.resampled
        ]
        return scores

    def description(self, described: list[str]) -> dict:
        """Every figure of the descriptions and of what stands beside them."""
        clips, training = self.data.clips, self.data.training
        common = training.commonest_caption if training else None
        truths = [clip.attributes for clip in clips]
        known = all(truth is not None and truth.emotions for truth in truths)
        found, judged = {}, {}
        with self.timed("score descriptions"):
            for name, one in answers(described, clips, common, self.settings.seed).items():
                verdicts = [
                    judge_captions(judge, one.captions, truths, self.work, name)
                    for judge in self.judges
                    if known
                ]
                encoder = self.encoder[1] if self.encoder else None
                main = verdicts[-1] if verdicts else None
                found[name] = score_captions(
                    one.captions, one.references, self.settings, encoder, main
                )
                judged[name] = [verdict.summary() for verdict in verdicts]
                if one.note:
                    self.notes.append(one.note)
        return {"systems": found, "judged": judged, "judge": self._judge_name(known)}

    def _judge_name(self, known: bool) -> dict | None:
        if not known:
            self.notes.append("clips without attributes: descriptions are not judged")
            return None
        return self.judges[-1].info.to_dict()

    def time_sentences(self) -> dict:
        """AITS of this machine."""
        prompts = [clip.text for clip in self.data.clips[: self.settings.sentences]]

        def generate(prompt: str):
            return self.model.generate_motion(prompt, duration=TIMED_SECONDS, seed=0)

        with self.timed("one by one"):
            return self.work.value(
                "aits", lambda: asdict(average_inference_time(generate, prompts))
            )

    def examples(self, made: Motions, systems: dict, texts: np.ndarray, described: list) -> list:
        """Clips that are shown, as plain data with the places of their films."""
        distances = np.linalg.norm(systems["model"].points[0] - texts, axis=1)
        chosen = choose(distances, self.settings.examples)
        judge, shown = self.judges[0], []
        with self.timed("films"):
            motions = made.motions(0) if chosen else []
            for i, kind in chosen:
                clip, verdict = self.data.clips[i], None
                if clip.attributes and clip.attributes.emotions:
                    (found,) = judge.judge([described[i]], [clip.attributes]).verdicts
                    verdict = (found.emotion, found.motion, found.intensity)
                told = (float(distances[i]), made.plans[i], described[i], verdict)
                filmed = films(clip, motions[i], self.work)
                shown.append({**example(clip, kind, *told), "films": filmed})
        if any(one["films"] is None for one in shown):
            self.notes.append("no films: pip install 'tdmm-hf[render]'")
        return shown


def evaluate_model(
    model: str,
    name: str,
    dataset: str,
    out: str | Path,
    settings: ReportSettings,
    device: str = "cpu",
) -> dict:
    """Measure a model and write ``report.json``, ``report.md`` and ``report.html``.

    Args:
        model: folder of a checkpoint, or a Hub id.
        name: of the model in the report.
        dataset: corpus folder or Hub dataset.
        out: folder of the report; what it holds of this report already is not made again.
        settings: how to measure.
        device: of the networks, as torch names it.

    Returns:
        What ``report.json`` holds.

    Raises:
        ValueError: see ``Run``.
        OSError: a checkpoint cannot be read, or the report not be written.
    """
    out = Path(out)
    run = Run(model, name, dataset, out, settings, device)
    made, described = run.generate(), run.describe()
    texts = run.work.arrays(
        "texts", lambda: {"points": embed_texts(run.evaluator, [c.text for c in run.data.clips])}
    )["points"]
    tok, tokenizer, coded = run.tokens()
    systems = run.systems(made, texts) | {CODED: coded}
    report = {
        "model": name,
        "weights": run.digest,
        "dataset": _dataset(run.data),
        "evaluator": EVALUATOR,
        "settings": asdict(settings),
        "generation": run.generation(made, systems, texts),
        "tokens": tok,
        "tokenizer": tokenizer,
        "description": run.description(described),
        "encoder": run.encoder[0] if run.encoder else None,
    }
    timed = run.time_sentences()
    shown = run.examples(made, systems, texts, described)
    report["examples"] = [{k: v for k, v in one.items() if k != "films"} for one in shown]
    report["notes"] = run.notes
    report["timings"] = {"aits": timed, "seconds": run.timings}
    report["machine"] = machine()
    report = rounded(report)
    report["card"] = card_entries(report)
    plots = {name: one.points for name, one in systems.items()}
    write_pages(report, shown, _distances(plots, texts), out)
    return report


def _distances(points: dict[str, np.ndarray], texts: np.ndarray) -> dict[str, np.ndarray]:
    """Of each system, distances between motions and their texts, in all draws."""
    return {name: np.linalg.norm(p - texts, axis=-1).ravel() for name, p in points.items()}


def _dataset(data: Data) -> dict:
    return {
        "type": data.kind,
        "name": data.name,
        "split": data.split,
        "clips": len(data.clips),
        "with_text": data.available,
        "too_short_or_long": data.left_out,
        "references": "descriptions" if data.described else "prompts",
        "digest": data.digest,
    }


def load_model(model: str, device: str):
    """A TDMMForCausalLM from a folder or the Hub.

    Raises:
        ValueError: the folder holds another model, or none.
    """
    import torch

    from ...modeling import TDMMForCausalLM

    if Path(model).is_dir():
        config = Path(model) / "config.json"
        kind = json.loads(config.read_text("utf-8")).get("model_type") if config.is_file() else None
        if kind != MODEL_TYPE:
            raise ValueError(f"{model} must hold a model of type {MODEL_TYPE!r}, got {kind!r}")
    return TDMMForCausalLM.from_pretrained(model, dtype=torch.float32).to(device).eval()


def load_evaluator(device: str = "cpu"):
    """The evaluator inside the package."""
    from ...modeling import TDMMEvaluator

    folder = Path(str(resources.files("tdmm_hf"))) / "assets" / EVALUATOR
    return TDMMEvaluator.from_pretrained(folder).to(device).eval()


def _model_digest(model: str, loaded) -> str:
    folder = Path(model)
    if not folder.is_dir():
        return str(getattr(loaded.config, "_commit_hash", None))
    return fingerprint([folder / "config.json", *folder.glob("*.safetensors")])


def rounded(value, digits: int = 6):
    """Plain data with its floats at so many significant digits: noise of threads is below."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one, digits) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{digits}g}")
    return value
