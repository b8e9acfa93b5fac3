"""Muon and AdamW as one optimizer: every parameter is trained once, and state survives saving."""

import torch

from tdmm_hf.training.optimizer import MuonAdamW, split_parameters


def _with_gradients(model, seed: int):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
    return model


def test_each_trainable_parameter_belongs_to_one_part(small_model):
    parts = split_parameters(small_model)
    ids = [id(parameter) for part in parts for parameter in part]
    assert sorted(ids) == sorted(id(p) for p in small_model.parameters() if p.requires_grad)
    matrices, embeddings, gains = parts
    assert matrices
    assert all(parameter.ndim == 2 for parameter in matrices)
    assert id(small_model.get_input_embeddings().weight) in map(id, embeddings)
    assert gains
    assert all(parameter.ndim == 1 for parameter in gains)


def test_matrices_step_along_orthogonal_directions():
    torch.manual_seed(0)
    model = _TwoLayers()
    before = model.inner.weight.detach().clone()
    MuonAdamW(_with_gradients(model, 1), lr=0.1, weight_decay=0.0).step()
    singular = torch.linalg.svdvals(before - model.inner.weight.detach())
    assert singular.max() / singular.min() < 2.5  # a gradient's own spread is far over that
    assert singular.min() > 0


def test_state_goes_on_where_it_was_saved():
    models = []
    for saved in (False, True):
        torch.manual_seed(0)
        model = _TwoLayers()
        optimizer = MuonAdamW(_with_gradients(model, 1), lr=0.1, weight_decay=0.01)
        optimizer.step()
        if saved:
            state = optimizer.state_dict()
            optimizer = MuonAdamW(model, lr=0.1, weight_decay=0.01)
            optimizer.load_state_dict(state)
        _with_gradients(model, 2)
        optimizer.step()
        models.append(model)
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


class _TwoLayers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(7, 12)
        self.inner = torch.nn.Linear(12, 12)
        self.head = torch.nn.Linear(12, 7)

    def get_output_embeddings(self):
        return self.head
