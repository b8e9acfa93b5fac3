"""A language model as judge: real servers and a real tiny model answer here."""

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tdmm_hf.evaluation.judges.llm import LLMJudge, ask, endpoint_judge, local_judge, parse_reply
from tdmm_hf.evaluation.judges.verdicts import Verdict, load_rubric
from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion

SAD = Attributes(
    5.0, "woman", (EmotionSpan("sad", "sad", 2, 0.0, 5.0),), head=HeadMotion("nod", count=2)
)
CAPTIONS = ["She looks slightly sad and nods twice.", "He is very angry."]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GOOD = '{"emotion": 5, "motion": 4, "intensity": 3, "reason": "a count"}'


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"<think>motion: 1</think>\n```json\n{GOOD}\n```",
        f'First {{"emotion": 1, "motion": 1, "intensity": 1}}, no: {GOOD}. Done.',
        '{"CorE": "5/5", "CorM": 4.0, "CorI": "3"}',
        "Emotion: 5/5\n**Motion**: 4\n- intensity = 3 out of 5",
        "CorE 5, CorM 4, CorI 3",
        '{"emotion": 5, "motion": 4, "intensity": 3, }',
    ],
)
def test_scores_are_found_whatever_is_around_them(reply):
    assert parse_reply(reply) == Verdict(5, 4, 3)


def test_the_reason_is_kept():
    assert parse_reply(GOOD).reasons == ("a count",)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot say.",
        '{"emotion": 5, "motion": 4}',
        '{"emotion": 6, "motion": 4, "intensity": 3}',
        '{"emotion": 0, "motion": 4, "intensity": 3}',
        '{"emotion": 4.5, "motion": 4, "intensity": 3}',
        '{"emotion": true, "motion": 4, "intensity": 3}',
        "emotion: 10, motion: 4, intensity: 3",
        f"<think>{GOOD}",
    ],
)
def test_an_answer_without_scores_is_refused(reply):
    with pytest.raises(ValueError, match="must give emotion, motion and intensity from 1 to 5"):
        parse_reply(reply)


def test_a_server_that_repeats_the_question():
    question = ask(CAPTIONS[0], SAD)[1]["content"]
    with pytest.raises(ValueError, match="must give emotion"):
        parse_reply(question)
    assert parse_reply(f"{question}\n{GOOD}") == Verdict(5, 4, 3)
    assert parse_reply(f"{question}\nemotion: 5\nmotion: 4\nintensity: 3") == Verdict(5, 4, 3)


def test_the_question_has_the_rubric_the_facts_and_the_caption():
    two = dataclasses.replace(
        SAD, emotions=(*SAD.emotions, EmotionSpan("calm", "calm", 4, 2, 5)), transition="fade"
    )
    system, user = (message["content"] for message in ask(" A\nfox {x} ", two))
    assert "strict" in system
    assert "Caption: A fox {x}\n" in user
    assert "Strength, of 5: sad 2, calm 4. The second emotion: fade." in user
    assert "nod" in user
    levels = load_rubric()["levels"]
    assert all(words in user for steps in levels.values() for words in steps.values())


class _Server(BaseHTTPRequestHandler):
    """Answers what ``reply`` makes of the messages."""

    def do_POST(self):
        fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(fields)
        text = self.server.reply(fields["messages"])
        body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    found = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    found.seen = []
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def _judge(server, **options) -> LLMJudge:
    options = {"wait": 0.01} | options
    return endpoint_judge(f"http://127.0.0.1:{server.server_port}/v1", "stub", **options)


def _by_caption(messages: list[dict]) -> str:
    sad = "slightly sad" in messages[1]["content"].split("Caption: ")[1].split("\n")[0]
    return GOOD if sad else '{"emotion": 1, "motion": 1, "intensity": 3}'


def test_a_server_that_answers(server):
    server.reply = _by_caption
    judgement = _judge(server, concurrency=2).judge(CAPTIONS, [SAD, SAD])
    assert judgement.verdicts == (Verdict(5, 4, 3), Verdict(1, 1, 3))
    assert {fields["temperature"] for fields in server.seen} == {0.0}
    assert {fields["model"] for fields in server.seen} == {"stub"}
    summary = judgement.summary()
    assert summary["judge"]["name"] == "llm"
    assert summary["judge"]["model"].endswith("/v1 stub")
    assert summary["judge"]["rubric"] == load_rubric()["version"]
    assert summary["CorE"]["mean"] == 3.0


def test_a_malformed_answer_is_asked_for_again(server):
    server.reply = lambda messages: GOOD if len(messages) == 4 else "Well, quite good!"
    judgement = _judge(server).judge(CAPTIONS[:1], [SAD])
    assert judgement.verdicts == (Verdict(5, 4, 3),)
    first, second = (fields["messages"] for fields in server.seen)
    assert second[:2] == first
    assert second[2] == {"role": "assistant", "content": "Well, quite good!"}
    assert "cannot be read" in second[3]["content"]


def test_answers_that_stay_malformed(server):
    server.reply = lambda messages: "?" if "angry" in messages[1]["content"] else GOOD
    with pytest.raises(ValueError, match=r"must give emotion, motion .* got '\?'"):
        _judge(server, attempts=2).judge(CAPTIONS, [SAD, SAD])


def test_a_share_of_them_may_be_tolerated(server):
    server.reply = lambda messages: "?" if "angry" in messages[1]["content"] else GOOD
    judgement = _judge(server, attempts=2, tolerated=0.5).judge(CAPTIONS, [SAD, SAD])
    assert judgement.verdicts == (Verdict(5, 4, 3), None)
    assert judgement.summary()["unreadable"] == 1
    assert len(server.seen) == 3


def test_a_server_that_is_gone(server):
    server.reply = _by_caption
    judge = _judge(server, retries=0)
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match="gave no answer"):
        judge.judge(CAPTIONS[:1], [SAD])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attempts": 0}, "attempts must be at least 1, got 0"),
        ({"tolerated": 1.5}, "tolerated must be a share of 0 to 1, got 1.5"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        LLMJudge(None, **options)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory) -> Path:
    """A one-layer Qwen2 with random weights and a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("tiny-judge")
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=280, initial_alphabet=alphabet, special_tokens=["<|end|>"]
    )
    raw.train_from_iterator([GOOD], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|end|>", chat_template=CHAT_TEMPLATE
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = Qwen2Config(
            vocab_size=len(tokenizer) + 8, hidden_size=32, intermediate_size=64,
            num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
            eos_token_id=0, bos_token_id=None,
        )  # fmt: skip
        Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_local_model_that_talks_nonsense(tiny_model):
    judge = local_judge(str(tiny_model), max_tokens=8, attempts=2)
    assert judge.info.model == str(tiny_model)
    with pytest.raises(ValueError, match="must give emotion"):
        judge.judge(CAPTIONS, [SAD, SAD])
    lenient = local_judge(str(tiny_model), max_tokens=8, attempts=1, tolerated=1.0)
    judgement = lenient.judge(CAPTIONS, [SAD, SAD])
    assert judgement.verdicts == (None, None)
    talk = [ask(CAPTIONS[0], SAD)]
    assert judge.model.answer(talk) == judge.model.answer(talk)


def _wait_until_healthy(url: str, process: subprocess.Popen, seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url + "/health", timeout=2).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"transformers serve did not come up within {seconds:g} s")


@pytest.fixture(scope="module")
def served(tiny_model):
    """The address of `transformers serve` with the tiny model."""
    pytest.importorskip("openai", reason="transformers serve needs transformers[serving]")
    pytest.importorskip("uvicorn", reason="transformers serve needs transformers[serving]")
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the command transformers is not installed beside python")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [command, "serve", str(tiny_model), "--device", "cpu", "--port", str(port)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def test_a_real_server_with_a_model_that_talks_nonsense(served, tiny_model):
    judge = endpoint_judge(served, str(tiny_model), max_tokens=8, retries=1, attempts=2)
    with pytest.raises(ValueError, match="must give emotion, motion and intensity"):
        judge.judge(CAPTIONS[:1], [SAD])
    lenient = endpoint_judge(
        served, str(tiny_model), max_tokens=8, retries=1, attempts=1, tolerated=1.0
    )
    assert lenient.judge(CAPTIONS, [SAD, SAD]).summary()["unreadable"] == 2
