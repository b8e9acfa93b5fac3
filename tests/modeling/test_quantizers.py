"""Quantizers: codes and latents agree, codebooks learn, gradients pass."""

import pytest
import torch

from tdmm_hf.modeling.quantizers import (
    FiniteScalarQuantizer,
    ResidualQuantizer,
    VectorQuantizer,
)

DIM = 6
MAKERS = {
    "vq": lambda: VectorQuantizer(DIM, 16),
    "fsq": lambda: FiniteScalarQuantizer(DIM, [4, 3, 3]),
}


def _trained(kind: str, stages: int, dropout: float = 0.0) -> ResidualQuantizer:
    torch.manual_seed(0)
    quantizer = ResidualQuantizer([MAKERS[kind]() for _ in range(stages)], dropout).train()
    for _ in range(30):
        quantizer(torch.randn(4, 32, DIM))
    return quantizer.eval()


@pytest.mark.parametrize("kind", MAKERS)
def test_forward_encode_and_decode_agree(kind):
    quantizer = _trained(kind, stages=3)
    latents = torch.randn(2, 9, DIM)
    output = quantizer(latents)
    assert output.codes.shape == (2, 9, 3)
    torch.testing.assert_close(quantizer.encode(latents), output.codes)
    torch.testing.assert_close(quantizer.decode(output.codes), output.quantized)


def test_search_leaves_less_over_than_taking_the_nearest_at_each_stage():
    quantizer = _trained("vq", stages=3)
    latents = torch.randn(400, 1, DIM)
    residual, greedy = latents, 0
    for stage in quantizer.stages:
        part = stage.decode(stage.encode(residual))
        residual, greedy = residual - part, greedy + part
    searched = (quantizer.decode(quantizer.encode(latents)) - latents).pow(2).sum(-1)
    assert searched.mean() < 0.9 * (greedy - latents).pow(2).sum(-1).mean()


def test_search_finds_what_the_nearest_first_code_hides():
    quantizer = ResidualQuantizer([VectorQuantizer(1, 2), VectorQuantizer(1, 2)]).eval()
    quantizer.stages[0].codebook.copy_(torch.tensor([[0.0], [1.0]]))
    quantizer.stages[1].codebook.copy_(torch.tensor([[-0.6], [5.0]]))
    assert quantizer.encode(torch.tensor([[[0.4]]])).tolist() == [[[1, 0]]]


def test_training_fills_every_stage_from_the_first_batch():
    torch.manual_seed(0)
    quantizer = ResidualQuantizer([VectorQuantizer(DIM, 32) for _ in range(3)]).train()
    latents = torch.randn(4, 32, DIM)
    codes = quantizer(latents).codes
    assert all(len(codes[..., i].unique()) > 8 for i in range(3))


def test_where_few_stages_count_each_takes_its_nearest_code():
    quantizer = _trained("vq", stages=3, dropout=1.0).train()
    latents = torch.randn(64, 4, DIM)
    codes = quantizer._found(latents, torch.ones(64), None)
    assert torch.equal(codes[..., 0], quantizer.stages[0].encode(latents))


def test_fsq_codes_are_a_bijection():
    quantizer = FiniteScalarQuantizer(DIM, [4, 3, 3])
    codes = torch.arange(36)[None]
    digits = [(codes // place) % level for place, level in ((1, 4), (4, 3), (12, 3))]
    torch.testing.assert_close(quantizer._digits_to_codes(torch.stack(digits, -1)), codes)


def test_vq_takes_the_nearest_code():
    quantizer = VectorQuantizer(2, 3).eval()
    quantizer.codebook.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    latents = torch.tensor([[[0.9, 0.2], [0.1, 0.7], [0.1, -3.0]]])
    assert quantizer.encode(latents).tolist() == [[1, 2, 0]]


def test_vq_follows_the_mean_of_what_it_codes():
    torch.manual_seed(0)
    centres = torch.tensor([[4.0, 0.0], [-4.0, 0.0]])
    quantizer = VectorQuantizer(2, 2, decay=0.9).train()
    quantizer.codebook.copy_(centres / 2)
    quantizer.usage.fill_(1.0)
    for _ in range(100):
        picks = torch.randint(2, (1, 64))
        quantizer(centres[picks] + 0.1 * torch.randn(1, 64, 2))
    torch.testing.assert_close(quantizer.codebook, centres, atol=0.1, rtol=0)


def test_dead_codes_are_put_among_the_latents():
    quantizer = VectorQuantizer(2, 3).train()
    quantizer.codebook.copy_(torch.tensor([[1.0, 1.0], [99.0, 99.0], [-99.0, 0.0]]))
    quantizer.usage.copy_(torch.tensor([1.0, 0.0, 0.0]))
    quantizer(1 + 0.1 * torch.rand(1, 50, 2))
    assert (quantizer.codebook - 1).abs().max() < 0.2


def test_masked_steps_teach_the_codebook_nothing():
    torch.manual_seed(0)
    plain, padded = VectorQuantizer(DIM, 4).train(), VectorQuantizer(DIM, 4).train()
    latents = torch.randn(1, 10, DIM)
    junk = torch.cat([latents, torch.full((1, 5, DIM), 99.0)], dim=1)
    mask = torch.arange(15)[None] < 10
    torch.manual_seed(1)
    plain(latents)
    torch.manual_seed(1)
    padded(junk, mask)
    torch.testing.assert_close(plain.codebook, padded.codebook)


@pytest.mark.parametrize("kind", MAKERS)
def test_gradient_reaches_the_latents(kind):
    quantizer = _trained(kind, stages=2).train()
    latents = torch.randn(1, 5, DIM, requires_grad=True)
    quantizer(latents).quantized.sum().backward()
    assert latents.grad.abs().sum() > 0


def test_each_stage_takes_away_error():
    quantizer = _trained("vq", stages=4, dropout=0.5)
    latents = torch.randn(8, 32, DIM)
    codes = quantizer.encode(latents)
    parts = [stage.decode(codes[..., i]) for i, stage in enumerate(quantizer.stages)]
    errors = [(latents - sum(parts[: n + 1])).pow(2).mean() for n in range(4)]
    assert errors == sorted(errors, reverse=True)
