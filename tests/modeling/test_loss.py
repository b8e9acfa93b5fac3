import pytest
import torch
from torch.nn import functional as F

from tdmm_hf.modeling.loss_tdmm import FULL_EVERY, sliced_loss

TEXT, CODES = 11, 4
SLICES = [(TEXT, TEXT + CODES), (TEXT + CODES, TEXT + 2 * CODES)]


@pytest.fixture
def parts():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(3, 20, 8, generator=generator)
    weight = torch.randn(TEXT + 2 * CODES, 8, generator=generator)
    labels = torch.randint(0, TEXT + 2 * CODES, (3, 20), generator=generator)
    labels[:, :5] = -100
    return hidden, labels, weight


def slice_of(label):
    return next(((a, b) for a, b in SLICES if a <= label < b), (0, TEXT))


def test_each_answer_is_scored_over_its_slice_and_some_over_everything(parts):
    hidden, labels, weight = parts
    expected, count = 0.0, 0
    for row in range(3):
        for place in range(1, 20):
            label = int(labels[row, place])
            if label == -100:
                continue
            first, end = (0, len(weight)) if count % FULL_EVERY == 0 else slice_of(label)
            logits = weight[first:end] @ hidden[row, place - 1]
            expected += F.cross_entropy(logits[None], torch.tensor([label - first])).item()
            count += 1
    loss = sliced_loss(hidden, labels, weight, SLICES)
    assert loss.item() == pytest.approx(expected / count, rel=1e-5)
    total = sliced_loss(hidden, labels, weight, SLICES, num_items_in_batch=1)
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_words_may_count_more(parts):
    hidden, labels, weight = parts
    once, twice, thrice = (sliced_loss(hidden, labels, weight, SLICES, w) for w in (1.0, 2.0, 3.0))
    assert (twice - once).item() == pytest.approx((thrice - twice).item(), rel=1e-4)
    assert twice > once
    motion = labels.where(labels >= TEXT, -100)
    alone, weighed = (sliced_loss(hidden, motion, weight, SLICES, w) for w in (1.0, 3.0))
    assert alone == weighed


def test_it_is_never_above_the_full_softmax(parts):
    hidden, labels, weight = parts
    full = F.cross_entropy((hidden[:, :-1] @ weight.T).flatten(0, 1), labels[:, 1:].flatten())
    assert sliced_loss(hidden, labels, weight, SLICES) < full


def test_nothing_to_learn_is_no_loss(parts):
    hidden, _, weight = parts
    nothing = torch.full((3, 20), -100)
    assert sliced_loss(hidden, nothing, weight, SLICES, num_items_in_batch=1).item() == 0
