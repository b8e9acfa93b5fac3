"""The evaluator's own retrieval: does it know which text tells which motion, and what disturbs it?

    python benchmarks/evaluator.py [MODEL] [--count 500] [--tokenizer FOLDER] [--out result.json]

On clips of the performed corpus that no training split holds:

- retrieval in batches of 32, both ways, 20 repetitions (mean and 95 % interval), and among all
  clips at once; beside it chance and the same network untrained;
- motions that were changed: how far their Frechet distance moves, beside that of two halves of the
  unchanged ones, and whether their texts still find them;
- one performance at all five intensities: whether a text finds its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from common import parser, print_table, write_result
from tqdm import tqdm

from tdmm_hf.corpus.rows import performed_row
from tdmm_hf.evaluation.metrics import frechet_distance, repeat, retrieval
from tdmm_hf.modeling import MotionTokenizer, TDMMEvaluator
from tdmm_hf.performer import perform
from tdmm_hf.prompts.attributes import INTENSITIES, Attributes
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.prompts.wording import prompt
from tdmm_hf.settings import CorpusSettings

EMBEDDED = Path(__file__).parents[1] / "tdmm_hf" / "assets" / "tdmm-evaluator"
SPLITS = ("test", "test_wording")
SEED = 9_207
FIGURES = ("r_at_1", "r_at_2", "r_at_3")
LADDERS = 40
SMOOTHED_FRAMES = 13

Change = Callable[[np.ndarray], np.ndarray]


def clips(split: str, count: int) -> tuple[list[str], list[np.ndarray]]:
    """Texts and motions of a split's first performances."""
    settings = CorpusSettings(seed=SEED, captions=1, descriptions=1)
    rows = [performed_row(settings, split, i) for i in tqdm(range(count), split, leave=False)]
    return [row["text"] for row in rows], [np.asarray(row["motion"]) for row in rows]


def untrained(model: TDMMEvaluator) -> TDMMEvaluator:
    """The same network with the same word table and nothing learned."""
    torch.manual_seed(SEED)
    fresh = TDMMEvaluator(model.config).eval()
    fresh.tokenizer = model.tokenizer
    for name in ("mean", "std", "text.words.weight"):
        fresh.state_dict()[name].copy_(model.state_dict()[name])
    return fresh


def retrieved(texts: np.ndarray, motions: np.ndarray) -> dict:
    """Percent found of each direction in batches of 32, and among all at once."""
    found = {}
    for way, query, sought in (("text", texts, motions), ("motion", motions, texts)):
        intervals = repeat(lambda seed, q=query, s=sought: retrieval(q, s, seed=seed), seed=SEED)
        found[f"{way} to {'motion' if way == 'text' else 'text'}"] = {
            **{name: percents(intervals[name]) for name in FIGURES},
            "r_at_1_of_all": round(100 * retrieval(query, sought, len(query)).r_at_1, 1),
            "mm_dist": round(intervals["mm_dist"].mean, 3),
        }
    return found


def percents(interval) -> list[float]:
    """Mean and half width of a share, in percent."""
    return [round(100 * interval.mean, 1), round(100 * interval.half_width, 2)]


def changes(motions: Sequence[np.ndarray], codec: MotionTokenizer | None) -> dict[str, Change]:
    """What is done to a motion (frames, channels), by name."""
    rng = np.random.default_rng(SEED)
    mean_face = np.concatenate(motions).mean(axis=0)
    found: dict[str, Change] = {
        f"noise of {size:g}": lambda m, size=size: m + size * rng.standard_normal(m.shape)
        for size in (0.01, 0.03, 0.1)
    }
    found |= {f"{share:g} as strong": lambda m, share=share: share * m for share in (0.8, 0.6, 0.4)}
    found["smoothed over half a second"] = smoothed
    found["backwards"] = lambda m: m[::-1]
    found["its mean face, held"] = lambda m: np.broadcast_to(m.mean(axis=0), m.shape)
    found["the mean face of all"] = lambda m: np.broadcast_to(mean_face, m.shape)
    return found | ({} if codec is None else {"through the motion tokenizer": coded(codec)})


def smoothed(motion: np.ndarray) -> np.ndarray:
    window = np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES
    padded = np.pad(motion, ((SMOOTHED_FRAMES // 2,) * 2, (0, 0)), mode="edge")
    return np.stack([np.convolve(c, window, mode="valid") for c in padded.T], axis=1)


def coded(codec: MotionTokenizer) -> Change:
    """A motion encoded and decoded."""

    @torch.no_grad()
    def change(motion: np.ndarray) -> np.ndarray:
        values = torch.tensor(motion, dtype=torch.float32)[None]
        return codec.decode(codec.encode(values).codes)[0, : len(motion)].numpy()

    return change


def disturbed(model: TDMMEvaluator, texts: np.ndarray, motions: list, codec) -> dict:
    """Frechet distance to the unchanged motions, and retrieval, of each change."""
    plain = model.embed_motions(motions).numpy()
    half = len(plain) // 2
    rows = {"unchanged, half beside half": (frechet_distance(plain[:half], plain[half:]), plain)}
    table = changes(motions, codec)
    for name, change in tqdm(table.items(), "changes", leave=False):
        points = model.embed_motions([change(motion) for motion in motions]).numpy()
        rows[name] = (frechet_distance(points, plain), points)
    return {
        name: {
            "fid": round(distance.fid, 4),
            "r_at_1": percents(
                repeat(lambda seed, p=points: retrieval(texts, p, seed=seed))["r_at_1"]
            )[0],
        }
        for name, (distance, points) in rows.items()
    }


def ladder(index: int) -> tuple[list[str], list[np.ndarray]]:
    """Texts and motions of one performance at the five intensities, all else the same."""
    rng = np.random.default_rng([SEED, index])
    drawn = sample_attributes(rng, duration=4.0)
    while len(drawn.emotions) > 1 or drawn.emotions[0].category == "neutral":
        drawn = sample_attributes(rng, duration=4.0)
    rungs = [at_intensity(drawn, grade) for grade in INTENSITIES]
    texts = [prompt(rung, np.random.default_rng([SEED, index]), style="plain") for rung in rungs]
    return texts, [perform(rung, seed=index).values for rung in rungs]


def at_intensity(attributes: Attributes, grade: int) -> Attributes:
    (span,) = attributes.emotions
    return replace(attributes, emotions=(replace(span, intensity=grade),))


def graded(model: TDMMEvaluator, count: int = LADDERS) -> dict[str, float]:
    """How often a text finds its own intensity among five (chance: 20 %), or one beside it."""
    picked = []
    for index in tqdm(range(count), "intensities", leave=False):
        texts, motions = ladder(index)
        distances = torch.cdist(model.embed_texts(texts), model.embed_motions(motions))
        picked.append(distances.argmin(dim=1).numpy())
    off = np.abs(np.array(picked) - np.arange(len(INTENSITIES)))  # (ladders, grades)
    return {
        "own_percent": round(100 * (off == 0).mean(), 1),
        "within_one_percent": round(100 * (off <= 1).mean(), 1),
        "mean_grades_off": round(float(off.mean()), 2),
    }


def measure(model: TDMMEvaluator, count: int, codec: MotionTokenizer | None) -> dict:
    """All figures of a model."""
    result: dict = {"count": count, "chance_percent": [round(100 * k / 32, 1) for k in (1, 2, 3)]}
    models = {"trained": model, "untrained": untrained(model)}
    for split in SPLITS:
        texts, motions = clips(split, count)
        points = {
            name: (one.embed_texts(texts).numpy(), one.embed_motions(motions).numpy())
            for name, one in models.items()
        }
        result[split] = {name: retrieved(*pair) for name, pair in points.items()}
        if split == "test":
            result["changes"] = disturbed(model, points["trained"][0], motions, codec)
    return result | {"intensity": graded(model)}


def show(result: dict) -> None:
    rows = [
        (split, name, way, *(f"{m:.1f} ± {h:.1f}" for m, h in map(found.get, FIGURES)),
         found["r_at_1_of_all"], found["mm_dist"])
        for split in SPLITS
        for name, ways in result[split].items()
        for way, found in ways.items()
    ]  # fmt: skip
    headers = ("split", "model", "way", "R@1, %", "R@2, %", "R@3, %", "R@1 of all", "MM-Dist")
    print_table(headers, rows)
    print(f"chance: {result['chance_percent']} %\n")
    rows = [(name, row["fid"], row["r_at_1"]) for name, row in result["changes"].items()]
    print_table(("motions of test", "FD", "R@1, %"), rows)
    print("intensity:", {name: float(value) for name, value in result["intensity"].items()})


def main() -> None:
    arguments = parser(__doc__, "evaluator")
    arguments.add_argument("--count", type=int, default=500)
    arguments.add_argument("--tokenizer", help="folder of a MotionTokenizer to code motions with")
    chosen = arguments.parse_args()
    model = TDMMEvaluator.from_pretrained(chosen.model or EMBEDDED).to(chosen.device).eval()
    codec = chosen.tokenizer and MotionTokenizer.from_pretrained(chosen.tokenizer).eval()
    result = {
        "model": chosen.model or "embedded",
        "parameters": sum(p.numel() for p in model.parameters()),
        **measure(model, chosen.count, codec),
    }
    show(result)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
