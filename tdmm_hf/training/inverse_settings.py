"""Settings of the fit's training, apart from it: reading them needs no torch."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class InverseSettings:
    """How the solver is trained.

    Args:
        steps: of the optimizer.
        clips: in a step.
        frames: in a clip.
        components: shape components that a frame is described by.
        hidden: units of the network.
        learning_rate: peak of one cycle.
        moved_shapes: how far the shape of a clip's resting face is moved, in standard deviations of
            people.
        moved_scores: the same of its scores.
        reach: how far each channel's answer is stretched.
        noise: of shape components, in their standard deviations; scores have less by
            ``SCORE_NOISE``.
        active: how much more an error counts where a channel is at 1.
        seed: of everything.
    """

    steps: int = 4000
    clips: int = 48
    frames: int = 16
    components: int = 120
    hidden: int = 384
    learning_rate: float = 1.5e-3
    moved_shapes: float = 1.0
    moved_scores: float = 0.6
    reach: float = 0.15
    noise: float = 0.2
    active: float = 3.0
    seed: int = 0
