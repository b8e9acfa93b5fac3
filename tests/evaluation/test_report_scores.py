"""What repetitions draw, and that figures over all clips are those of the metrics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import random_motion

from tdmm_hf.evaluation.judges import OfflineJudge
from tdmm_hf.evaluation.metrics import (
    FaceSurface,
    cider,
    frechet_distance,
    retrieval,
    rouge_l,
)
from tdmm_hf.evaluation.metrics import bleu as metric_bleu
from tdmm_hf.evaluation.metrics.intervals import confidence_interval
from tdmm_hf.evaluation.report.captions import answers, bleu, caption_table
from tdmm_hf.evaluation.report.clips import Clip
from tdmm_hf.evaluation.report.examples import choose
from tdmm_hf.evaluation.report.judging import judge_captions, open_judges, remembering
from tdmm_hf.evaluation.report.scores import (
    draw_batches,
    one_for_another,
    score_motions,
    score_tokens,
    summed_up,
)
from tdmm_hf.evaluation.report.settings import ReportSettings
from tdmm_hf.evaluation.report.systems import ERRORS, Measured, errors
from tdmm_hf.evaluation.report.tokens import code_motions, token_hits
from tdmm_hf.evaluation.report.work import Work
from tdmm_hf.prompts.attributes import Attributes, EmotionSpan

SETTINGS = ReportSettings(repetitions=4)
WORDS = ("he", "she", "nods", "smiles", "twice", "slowly", ".", "He", "it's")
sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
sets = st.lists(st.tuples(sentences, st.lists(sentences, min_size=1, max_size=3)), min_size=2,
                max_size=6)  # fmt: skip


@given(sets)
def test_scores_of_each_caption_add_up_to_those_of_all(pairs):
    captions, references = zip(*pairs, strict=True)
    table = caption_table(captions, references, encoder=None)
    for order in (1, 4):
        expected, _ = metric_bleu(captions, references, order)
        assert bleu(table["matches"], order) == pytest.approx(expected)
    assert table["rouge_l"].mean() == pytest.approx(rouge_l(captions, references))
    assert table["cider"].mean() == pytest.approx(cider(captions, references))


def measured(points, draws=1):
    shape = (draws, points.shape[1])
    return Measured(points, {name: np.zeros(shape) for name in ERRORS}, 0)


def test_one_motion_a_clip_and_whole_batches_score_as_the_metrics():
    rng = np.random.default_rng(0)
    texts, truth = rng.normal(size=(2, 32, 5))
    points = truth + 0.1
    found = score_motions(measured(points[None]), truth, texts, np.ones(32), SETTINGS)
    assert found["fid"]["mean"] == pytest.approx(frechet_distance(points, truth).fid)
    assert found["fid"]["half_width"] == 0
    expected = retrieval(texts, points)
    for name in ("r_at_1", "r_at_3", "mm_dist"):  # the one batch is all clips
        assert found[name]["mean"] == pytest.approx(getattr(expected, name))


def test_each_repetition_draws_a_motion_of_each_clip():
    rng = np.random.default_rng(0)
    system = measured(rng.normal(size=(3, 64, 4)), draws=3)
    system.errors["lve"][:] = np.array([1.0, 2.0, 6.0])[:, None]
    texts, truth = rng.normal(size=(2, 64, 4))
    found = score_motions(system, truth, texts, np.ones(64), SETTINGS)
    assert 1 < found["lve"]["mean"] < 6
    assert found["lve"]["mean"] == pytest.approx(3, abs=0.8)
    assert found["fid"]["half_width"] > 0


def test_errors_are_means_over_frames():
    system = measured(np.random.default_rng(0).normal(size=(1, 32, 4)))
    system.errors["lve"][0] = system.errors["fdd"][0] = np.arange(32.0)
    frames = np.arange(32) + 1.0
    found = score_motions(system, system.points[0], system.points[0], frames, SETTINGS)
    assert found["lve"]["mean"] == pytest.approx(np.average(np.arange(32), weights=frames))
    assert found["fdd"]["mean"] == pytest.approx(15.5)


@given(st.integers(32, 100), st.integers(0, 2**32 - 1))
def test_batches_hold_different_clips(clips, seed):
    batches = draw_batches(np.random.default_rng(seed), clips)
    assert batches.shape == (clips // 32, 32)
    assert all(len(set(batch)) == 32 for batch in batches.tolist())
    assert batches.max() < clips


def test_the_deviation_is_that_of_repetitions():
    values = [1.0, 2.0, 4.0, 4.0]
    found = summed_up({"x": confidence_interval(values)})["x"]
    assert found["deviation"] == pytest.approx(np.std(values, ddof=1))


def test_rounding_is_no_interval():
    found = summed_up({"x": confidence_interval([0.7, 0.7 + 1e-16, 0.7 - 2e-16])})["x"]
    assert (found["half_width"], found["deviation"]) == (0.0, 0.0)


def test_tokens_count_alike():
    hits, tokens = np.array([3] + [0] * 31), np.array([3] + [1] * 31)
    found = score_tokens(hits, tokens, SETTINGS)
    assert found["mean"] == pytest.approx(3 / 34)
    assert found["tokens"] == 34


def test_motions_of_other_prompts_are_different_ones():
    points = np.arange(40.0).reshape(1, 40, 1)
    found = one_for_another(points, 5, SETTINGS)
    assert found.shape == (5, 10, 1)
    assert all(len(set(row.ravel())) == 10 for row in found)


def test_examples_are_the_ends_and_the_middle():
    distances = np.array([0.9, 0.1, 0.5, 0.7, 0.3])
    assert [i for i, _ in choose(distances, 3)] == [1, 2, 0]
    assert len(choose(distances, 4)) == 4
    assert choose(distances, 0) == []


def clip(seed=0, seconds=0.8, text="She nods."):
    motion = random_motion(np.random.default_rng(seed), seconds)
    return Clip(f"clip-{seed}", text, ("She nods.", "A nod."), motion, None)


def test_a_motion_is_at_no_distance_from_itself_and_others_are_resampled():
    clips = [clip(0), clip(1)]
    longer = random_motion(np.random.default_rng(2), 1.2)
    found = errors([clips[0].motion, longer], clips, FaceSurface("tdmm"), "x")
    assert found["resampled"] == 1
    assert all(found[name][0] == 0 for name in ERRORS)
    assert all(found[name][1] > 0 for name in ("l2", "lve", "fve", "head_pose"))


def test_teacher_forcing_is_the_same_alone_and_in_a_batch(small_model):
    clips = [clip(0, 0.8), clip(1, 2.0, "The man laughs."), clip(2, 1.2)]
    coded = code_motions(small_model, clips)
    together = token_hits(small_model, clips, coded.codes, batch_size=3)
    alone = token_hits(small_model, clips, coded.codes, batch_size=1)
    assert together["tokens"].tolist() == [codes.size for codes in coded.codes]
    assert together["hits"].tolist() == alone["hits"].tolist()
    assert [m.num_frames for m in coded.decoded] == [c.motion.num_frames for c in clips]


def test_answers_beside_the_models_are_of_other_clips():
    clips = [clip(i) for i in range(5)]
    described = [f"answer {i}" for i in range(5)]
    found = answers(described, clips, "The person nods.", seed=0)
    shuffled = found["shuffled answers"].captions
    assert sorted(shuffled) == described
    assert not any(a == b for a, b in zip(shuffled, described, strict=True))
    assert set(found["commonest caption"].captions) == {"The person nods."}
    assert found["ground truth"].references[0] == ("A nod.",)
    assert "commonest caption" not in answers(described, clips, None, seed=0)


def test_a_judge_is_asked_once(tmp_path):
    asked = []

    class Counting(OfflineJudge):
        def judge(self, captions, truths, progress=False):
            asked.extend(captions)
            return super().judge(captions, truths, progress)

    truth = Attributes(2.0, "man", (EmotionSpan("angry", "angry", 3, 0.0, 2.0),))
    work = Work(tmp_path, {})
    captions = ["He is angry.", "He smiles."]
    first, again = (judge_captions(Counting(), captions, [truth] * 2, work, "x") for _ in "ab")
    assert first == again
    assert asked == captions


def test_the_judge_that_is_named_judges_beside_the_offline_one():
    assert [judge.info.name for judge in open_judges(ReportSettings())] == ["offline"]
    offline, llm = open_judges(ReportSettings(judge="http://localhost:1/v1 small"))
    assert (offline.info.name, llm.info.name) == ("offline", "llm")
    assert llm.info.model == "http://localhost:1/v1 small"


def test_no_text_is_encoded_twice():
    asked = []

    def encoder(texts):
        asked.extend(texts)
        return [np.eye(3)[: len(text)] for text in texts]

    encode = remembering(encoder)
    assert [len(rows) for rows in encode(["ab", "a", "ab"])] == [2, 1, 2]
    assert [len(rows) for rows in encode(["a", "abc"])] == [1, 3]
    assert asked == ["ab", "a", "abc"]
