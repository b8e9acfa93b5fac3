"""What a report is of, and what of that its cached work depends on.

>>> from tdmm_hf.evaluation.report.settings import ReportSettings
>>> ReportSettings(clips=64).motions_per_prompt
10
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..metrics.distribution import MOTIONS_PER_PROMPT, PROMPTS
from ..metrics.intervals import REPETITIONS
from ..metrics.matching import BATCH

CLIPS = 500
FEW_MOTIONS_PER_PROMPT = 10
WORK_VERSION = 1  # a new number with any change of what is generated or how it is kept


@dataclass(frozen=True)
class ReportSettings:
    """How a model is measured.

    Args:
        split: of the dataset.
        clips: drawn from the split; as many as it has, up to 500, where none are asked for.
        seeds: motions generated for each clip.
        repetitions: of every drawn figure.
        seed: of all that is drawn.
        batch_size: motions or descriptions made at once.
        full: 30 motions a prompt for MultiModality, as the protocol has it, in place of 10.
        judge: a language model that judges captions beside the offline judge: "URL MODEL", or the
            folder or name of a causal LM; empty for none.
        judge_key: environment variable that holds the endpoint's key; empty for none.
        encoder: folder of a text encoder for BERTScore; empty for the installed one, if any.
        examples: clips that the page shows.
        sentences: prompts that are timed one by one.

    Raises:
        ValueError: naming the rule and the value.
    """

    split: str = "test"
    clips: int | None = None
    seeds: int = 3
    repetitions: int = REPETITIONS
    seed: int = 0
    batch_size: int = 32
    full: bool = False
    judge: str = ""
    judge_key: str = ""
    encoder: str = ""
    examples: int = 6
    sentences: int = 50

    def __post_init__(self):
        least = {"seeds": 1, "repetitions": 2, "seed": 0, "batch_size": 1, "sentences": 1}
        for name, smallest in {**least, "examples": 0}.items():
            if getattr(self, name) < smallest:
                raise ValueError(f"{name} must be at least {smallest}, got {getattr(self, name)}")
        if self.clips is not None and self.clips < BATCH:
            raise ValueError(f"clips must fill a batch of {BATCH}, got {self.clips}")
        if self.seeds > self.motions_per_prompt:
            raise ValueError(f"seeds must be at most {self.motions_per_prompt}, got {self.seeds}")

    @property
    def motions_per_prompt(self) -> int:
        """Motions of each of MultiModality's prompts."""
        return MOTIONS_PER_PROMPT if self.full else FEW_MOTIONS_PER_PROMPT

    @property
    def prompts(self) -> int:
        """Prompts of MultiModality, where there are as many clips."""
        return PROMPTS

    def work(self) -> dict:
        """What generated motions and captions depend on."""
        names = ("split", "clips", "seeds", "seed", "batch_size", "full")
        return {"version": WORK_VERSION, **{n: v for n, v in asdict(self).items() if n in names}}
