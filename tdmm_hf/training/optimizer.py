"""Muon for the matrices of the blocks, AdamW for everything else, as one optimizer.

    optimizer = MuonAdamW(model, lr=2e-3, weight_decay=0.05)

Muon (https://kellerjordan.github.io/posts/muon, torch.optim.Muon) steps along the nearest
orthogonal matrix to the momentum; with the scale of Liu et al. 2025
(https://arxiv.org/abs/2502.16982) one learning rate serves both. Embeddings and gains are no such
matrices and stay with AdamW.
"""

from __future__ import annotations

import torch
from torch import nn

MOMENTUM = 0.95
BETAS = (0.9, 0.98)


class MuonAdamW(torch.optim.Optimizer):
    """Two optimizers behind one interface, so that schedulers and trainers need not know.

    Args:
        model: its trainable parameters are shared out.
        lr: peak learning rate of both.
        weight_decay: of matrices; gains and biases have none.
    """

    def __init__(self, model: nn.Module, lr: float, weight_decay: float):
        matrices, embeddings, gains = split_parameters(model)
        self.parts = [
            torch.optim.Muon(
                matrices,
                lr=lr,
                weight_decay=weight_decay,
                momentum=MOMENTUM,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                [
                    {"params": embeddings, "weight_decay": weight_decay},
                    {"params": gains, "weight_decay": 0.0},
                ],
                lr=lr,
                betas=BETAS,
            ),
        ]
        self.defaults = {"lr": lr, "weight_decay": weight_decay}

    @property
    def param_groups(self):
        """The parts' own groups: what a scheduler writes there is what they read."""
        return [group for part in self.parts for group in part.param_groups]

    @property
    def state(self):
        return {key: value for part in self.parts for key, value in part.state.items()}

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else closure()
        for part in self.parts:
            part.step()
        return loss

    def zero_grad(self, set_to_none: bool = True):
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self):
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict):
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)


def split_parameters(model: nn.Module) -> tuple[list, list, list]:
    """Trainable parameters: matrices of linear layers, embeddings with heads, the rest."""
    embedded = {
        id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()
    }
    embedded |= {id(p) for p in model.get_output_embeddings().parameters()}
    matrices, embeddings, gains = [], [], []
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) in embedded:
            embeddings.append(parameter)
        else:
            (matrices if parameter.ndim == 2 else gains).append(parameter)
    return matrices, embeddings, gains
