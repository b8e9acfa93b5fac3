"""How fast motion is generated, beside `generate` and beside bare decoding loops.

    python benchmarks/generation.py [MODEL] [--sentences 20] [--batches 8 64] [--rounds 3]
        [--device cpu] [--out result.json]

Motions of 5 s of hand-written prompts, by `generate_motion` ("ours") and by the contestants of
`decoding.py`, in turn within each round, beginning with another each time. A round is one prompt at
batch 1, and all of a batch above. Loading, and building the requests of the others, do not count.

- seconds: on average; for ours at batch 1 this is AITS (Chen et al. 2023).
- motion: seconds of motion per second. Bare loops make none; theirs is what their codes stand for.
- passes: forward passes per second, of as many rows as there are prompts. Ours decodes 4, 8, 16 or
  32 rows at once, so that a prompt's motion is the same alone and in company; batches of 1 and 64
  pay for that.
- ours to it: the contestant's seconds by ours, the median of all rounds (the least and the most are
  in the file). At least 0.95 of both `generate`; over 0.80 of the loop over a StaticCache is aimed
  at.
- first: until 0.5 s of motion can be shown. Nothing public gives motion away before all is done, so
  that it takes all of `generate_motion`. `codes` says when the codes of these 0.5 s stand and are
  decoded by themselves, `off` how far that is from the same frames of the whole: the decoder looks
  ahead.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from collections.abc import Callable, Sequence

import decoding
import numpy as np
import torch
from common import load_pipeline, load_yaml, parser, print_table, write_result
from tqdm import tqdm

DURATION = 5.0
FIRST_SECONDS = 0.5
FIRST_PROMPTS = 5
SAME_SEQUENCE, SAME_PASSES = "generate, same tokens", "generate, same passes"
STATIC, CEILING = "loop, StaticCache", "loop, written out"
CONTESTANTS = {
    SAME_SEQUENCE: decoding.SameSequence,
    SAME_PASSES: decoding.SamePasses,
    STATIC: decoding.StaticLoop,
    CEILING: decoding.WrittenOutLoop,
}
OURS = "ours"
AT_LEAST = {SAME_SEQUENCE: 0.95, SAME_PASSES: 0.95, STATIC: 0.80}


def in_turn(calls: dict[str, Callable[[], float]], rounds: int, first: int = 0) -> dict:
    """What calls give, (rounds,) for each name, each round beginning with another call."""
    names, found = list(calls), {name: [] for name in calls}
    for number in range(first, first + rounds):
        begin = number % len(names)
        for name in names[begin:] + names[:begin]:
            found[name].append(calls[name]())
    return found


def timed(call: Callable[[], object], prepare: Callable[[], object] | None = None) -> float:
    """Wall time of a call; the device has done its work before and after."""
    if prepare is not None:
        prepare()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def calls_of(model, work: decoding.Work) -> tuple[dict, dict]:
    """A call that takes the time of each contestant, and how many passes each makes."""
    calls = {OURS: lambda: timed(lambda: ours(model, work))}
    passes = {OURS: work.passes}
    for name, kind in CONTESTANTS.items():
        if kind is decoding.WrittenOutLoop and model.config.text_config.model_type != "llama":
            continue
        one = kind(model, work)
        calls[name] = lambda one=one: timed(one, getattr(one, "prepare", None))
        passes[name] = one.passes
    return calls, passes


def ours(model, work: decoding.Work):
    return model.generate_motion(work.prompts, duration=work.seconds, seed=decoding.SEED)


def measure(model, prompts: Sequence[str], size: int, rounds: int) -> dict:
    """All contestants on batches of one size; a batch of 1 has another prompt each round."""
    seconds: dict[str, list[float]] = {}
    passes: dict[str, int] = {}
    works = []
    for number in tqdm(range(rounds), desc=f"batch {size}", leave=False):
        if number == 0 or size == 1:
            first = number % len(prompts) if size == 1 else 0
            works.append(decoding.record(model, prompts[first : first + size], DURATION))
            calls, made = calls_of(model, works[-1])
        if number == 0:
            in_turn(calls, 1)  # warms up
        for name, taken in in_turn(calls, 1, number).items():
            seconds.setdefault(name, []).extend(taken)
            passes[name] = passes.get(name, 0) + made[name]
    return {
        "batch": size,
        "rounds": rounds,
        "runs": works[-1].runs,
        "contestants": figures(seconds, passes, size * DURATION),
    }


def figures(seconds: dict[str, list[float]], passes: dict[str, int], motion: float) -> dict:
    """Figures of each contestant.

    Args:
        seconds: (rounds,) of each.
        passes: of each, in all rounds.
        motion: seconds of motion in a round.
    """
    found = {}
    for name, taken in seconds.items():
        ratios = np.array(taken) / np.array(seconds[OURS])
        found[name] = {
            "seconds": float(np.mean(taken)),
            "motion_per_second": motion * len(taken) / sum(taken),
            "passes": passes[name] / len(taken),
            "passes_per_second": passes[name] / sum(taken),
            "ours_to_it": float(np.median(ratios)),
            "ours_to_it_least": float(ratios.min()),
            "ours_to_it_most": float(ratios.max()),
        }
    return found


def same_motion(model, work: decoding.Work) -> int:
    """How many prompts' codes are those that `generate` writes when it is held to the same."""
    firsts = np.array([first for first, _ in model.config.motion_slices])
    ids = decoding.SameSequence(model, work)().cpu().numpy()
    pairs = zip(ids, work.codes, strict=True)
    return sum(np.array_equal(one.reshape(-1, len(firsts)) - firsts, codes) for one, codes in pairs)


def first_motion(model, prompts: Sequence[str]) -> dict:
    """How long until the first half second of motion can be shown, in seconds, on average."""
    config = model.config.motion_config
    steps = math.ceil(FIRST_SECONDS * config.fps / config.downsample)
    wanted = steps * config.num_codebooks
    found = []
    for prompt in prompts:
        work = decoding.record(model, [prompt], DURATION)
        *times, done = token_times(model, functools.partial(ours, model, work))
        codes = times[work.passes - work.num_codes + wanted - 1]
        decode, off = early_decoding(model, work.codes[0], steps)
        found.append((done, codes + decode, off.mean(), off.max()))
    names = ("all", "codes", "off_mean", "off_most")
    return dict(zip(names, map(float, np.mean(found, axis=0)), strict=True))


@torch.no_grad()
def early_decoding(model, codes: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
    """Seconds to decode the first steps of codes (steps, codebooks) by themselves, and how far the
    first half second (frames, channels) of that is from the same of the whole."""
    codes = torch.as_tensor(codes, device=model.device)[None]
    frames = round(FIRST_SECONDS * model.config.motion_config.fps)
    whole = model.motion_tokenizer.decode(codes)[0, :frames]
    early = model.motion_tokenizer.decode(codes[:, :steps])[0, :frames]
    seconds = timed(lambda: model.motion_tokenizer.decode(codes[:, :steps]))
    return seconds, (early - whole).abs().cpu().numpy()


def token_times(model, call: Callable[[], object]) -> list[float]:
    """Seconds until each token's logits were there, and until the call was done."""
    times = [time.perf_counter()]
    with decoding.watching(model, "_logits", lambda _: times.append(time.perf_counter())):
        call()
    times.append(time.perf_counter())
    return [later - times[0] for later in times[1:]]


def rows_of(result: dict) -> list[tuple]:
    """A batch's lines of the table."""
    return [
        (
            result["batch"],
            name,
            one["seconds"],
            one["motion_per_second"],
            one["passes_per_second"],
            one["ours_to_it"] if name != OURS else None,
            AT_LEAST.get(name),
        )
        for name, one in result["contestants"].items()
    ]


def arguments() -> argparse.Namespace:
    found = parser(__doc__, "generation")
    found.add_argument("--sentences", type=int, default=20, help="rounds at batch 1")
    found.add_argument("--batches", type=int, nargs="*", default=[8, 64])
    found.add_argument("--rounds", type=int, default=3, help="at each larger batch")
    chosen = found.parse_args()
    if min(chosen.sentences, chosen.rounds, *chosen.batches) < 1:
        found.error("sentences, rounds and batches must be at least 1")
    return chosen


def main() -> None:
    chosen = arguments()
    model = load_pipeline("text-to-face-motion", chosen.model, chosen.device).model
    prompts = [entry["prompt"] for entry in load_yaml("prompts")]
    batches = [measure(model, prompts, 1, chosen.sentences)]
    batches += [measure(model, prompts, size, chosen.rounds) for size in chosen.batches]
    work = decoding.record(model, prompts[:8], DURATION)
    same = same_motion(model, work)
    first = first_motion(model, prompts[:FIRST_PROMPTS])
    print_table(
        ("batch", "contestant", "seconds", "motion", "passes", "ours to it", "at least"),
        [row for result in batches for row in rows_of(result)],
    )
    print(f"`generate` writes the same codes for {same} of {len(work.prompts)} prompts")
    print(f"first {FIRST_SECONDS:g} s of motion: after {first['all']:.3f} s, with all the rest;")
    print(f"its codes stand and are decoded after {first['codes']:.3f} s\n")
    result = {
        "model": chosen.model or "embedded",
        "device": chosen.device,
        "duration": DURATION,
        "batches": batches,
        "same_motion": {"same": same, "of": len(work.prompts)},
        "first_motion": {"seconds_of_motion": FIRST_SECONDS, "prompts": FIRST_PROMPTS, **first},
        "at_least": AT_LEAST,
        "met": {name: is_met(batches, name) for name in AT_LEAST},
    }
    write_result(chosen.out, result)


def is_met(batches: list[dict], name: str) -> bool:
    """Whether ours reaches its share of a contestant at every batch."""
    return all(result["contestants"][name]["ours_to_it"] >= AT_LEAST[name] for result in batches)


if __name__ == "__main__":
    main()
