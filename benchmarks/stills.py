"""Do people see the emotion? Numbered stills to be named blind, and the score of the answers.

    python benchmarks/stills.py FOLDER                        # writes sheet1.png ... and key.json
    python benchmarks/stills.py FOLDER --answers answers.txt  # one emotion a line, in order

Thirty performances, five of each of the six basic emotions at intensity 4 or 5, each a frame of the
held expression on a head of its own: identity and colouring are drawn apart from the emotion. Who
judges must see the sheets only.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from common import RESULTS, print_table, write_result

EMOTIONS = ("happy", "sad", "angry", "afraid", "surprised", "disgusted")
EACH = 5
SIZE, ACROSS, DOWN = 360, 3, 2
SECONDS, AT = 3.0, 2.0


def draw(folder: Path, seed: int) -> None:
    """The sheets and their key."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed)
    wanted = rng.permutation(np.repeat(EMOTIONS, EACH)).tolist()
    stills = [still(emotion, rng) for emotion in wanted]
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(stills), ACROSS * DOWN):
        sheet = Image.new("RGB", (ACROSS * SIZE, DOWN * SIZE))
        for place, picture in enumerate(stills[first : first + ACROSS * DOWN]):
            tile = Image.fromarray(picture)
            ImageDraw.Draw(tile).text((8, 8), str(first + place + 1), fill="white")
            sheet.paste(tile, (place % ACROSS * SIZE, place // ACROSS * SIZE))
        sheet.save(folder / f"sheet{first // (ACROSS * DOWN) + 1}.png")
    (folder / "key.json").write_text(json.dumps(wanted))


def still(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """A picture of somebody who shows it, (SIZE, SIZE, 3)."""
    from tdmm_hf.motion import FaceMotion
    from tdmm_hf.performer import perform
    from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
    from tdmm_hf.rigs.looks import look_names
    from tdmm_hf.video import render

    span = EmotionSpan(emotion, emotion, int(rng.integers(4, 6)), 0.0, SECONDS)
    motion = perform(Attributes(SECONDS, "person", (span,)), seed=int(rng.integers(10**6)))
    frame = FaceMotion(motion.values[[round(AT * motion.fps)]])
    person = {"identity": int(rng.integers(10**6)), "look": str(rng.choice(look_names()))}
    return next(iter(render(frame, size=SIZE, **person)))


def score(wanted: list[str], answers: list[str]) -> dict:
    """How many are right, and what was named in place of what.

    Raises:
        ValueError: not one answer a still, or one that is no emotion asked for.
    """
    if len(answers) != len(wanted):
        raise ValueError(f"there must be {len(wanted)} answers, got {len(answers)}")
    if unknown := sorted(set(answers) - set(EMOTIONS)):
        raise ValueError(f"answers must be among {', '.join(EMOTIONS)}, got {unknown[0]!r}")
    pairs = list(zip(wanted, answers, strict=True))
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    return {"count": len(pairs), "right": len(pairs) - len(wrong), "wrong": wrong}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--answers", type=Path)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--out", type=Path, default=RESULTS / "stills.json")
    chosen = arguments.parse_args()
    if chosen.answers is None:
        draw(chosen.folder, chosen.seed)
        print(f"sheets and key: {chosen.folder}")
        return
    wanted = json.loads((chosen.folder / "key.json").read_text())
    result = score(wanted, chosen.answers.read_text().split())
    print_table(("shown", "named"), result["wrong"] or [("-", "-")])
    print(f"{result['right']} of {result['count']} right")
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
