"""Polished texts stand only where they say the same; real servers and models answer here."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.polish import Polisher
from tdmm_hf.prompts.rewriters import Endpoint, LocalModel
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.wording import captions

CLIPS = list(iter_attributes(seed=4, count=3))
ROWS = [captions(clip, np.random.default_rng(i), 2) for i, clip in enumerate(CLIPS)]
SAD = Attributes(
    5.0, "woman", (EmotionSpan("sad", "sad", 2, 0.0, 5.0),), head=HeadMotion("nod", count=2)
)
SAD_TEXT = "The woman looks slightly sad and nods twice."
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory) -> Path:
    """A one-layer Qwen2 with random weights and a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("tiny-qwen2")
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        [SAD_TEXT],
        trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, special_tokens=["<|end|>"]),
    )
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


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait_until_healthy(url: str, server: subprocess.Popen, seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url + "/health", timeout=2).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"transformers serve did not come up within {seconds:g} s")


@pytest.fixture(scope="module")
def served(tiny_model):
    """The address of `transformers serve` with the tiny model, and a function that stops it."""
    pytest.importorskip("openai", reason="transformers serve needs transformers[serving]")
    pytest.importorskip("uvicorn", reason="transformers serve needs transformers[serving]")
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the command transformers is not installed beside python")
    port = _free_port()
    server = subprocess.Popen(
        [command, "serve", str(tiny_model), "--device", "cpu", "--port", str(port)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop():
        server.terminate()
        server.wait(20)

    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}/v1", stop
    finally:
        if server.poll() is None:
            stop()


def test_a_real_server_answers_and_its_nonsense_is_dropped(served, tiny_model, tmp_path):
    url, stop = served
    cache = tmp_path / "polished.jsonl"
    endpoint = Endpoint(url, str(tiny_model), max_tokens=12, concurrency=2, retries=1)
    done = []
    polisher = Polisher(
        endpoint, cache, batch_size=4, progress=lambda now, total: done.append((now, total))
    )
    polished = polisher.polish_rows(ROWS, CLIPS)
    assert polished.texts == ROWS
    assert polished.kept == 0
    assert polished.dropped.total() == 6
    assert done == [(4, 6), (6, 6)]
    answers = [json.loads(line)["text"] for line in cache.read_text().splitlines()]
    assert len(answers) == 6
    assert any(answers)
    assert not any("Caption:" in text for text in answers)
    stop()
    again = Polisher(Endpoint(url, str(tiny_model), retries=0), cache).polish_rows(ROWS, CLIPS)
    assert again == polished
    with pytest.raises(ConnectionError, match=r"/chat/completions gave no answer"):
        Polisher(Endpoint(url, "other", retries=0)).polish_rows(ROWS, CLIPS)


@pytest.mark.parametrize("with_template", [True, False])
def test_a_local_model_answers_in_batches(tiny_model, tmp_path, with_template):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    if not with_template:
        (folder / "chat_template.jinja").unlink()
    model = LocalModel(str(folder), max_tokens=8, batch_size=4)
    assert (model.tokenizer.chat_template is not None) == with_template
    polished = Polisher(model).polish_rows(ROWS, CLIPS)
    assert polished.texts == ROWS
    assert polished.dropped.total() == 6
    talk = [[{"role": "user", "content": text}] for text in ROWS[0]]
    first = model.answer(talk)
    assert len(first) == 2
    assert first == model.answer(talk)
    assert not any(text in answer for text, answer in zip(ROWS[0], first, strict=True))


class _Stub(BaseHTTPRequestHandler):
    """Answers as `replies` say, first failing as often as `failures` says."""

    def do_POST(self):
        fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((fields, self.headers.get("Authorization")))
        if self.server.failures:
            self.send_error(self.server.failures.pop())
            return
        text = self.server.reply(fields["messages"][-1]["content"])
        body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def stub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stub)
    server.seen, server.failures = [], []
    server.reply = _retold
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _retold(request: str) -> str:
    """The caption of a request, a little changed."""
    caption = request.split("Caption: ")[1].split("\n")[0]
    return f'<think>What now?</think>\n"Well, {caption}"'


def _endpoint(stub, **options) -> Endpoint:
    return Endpoint(f"http://127.0.0.1:{stub.server_port}/v1", "stub", wait=0.01, **options)


def test_what_says_the_same_is_kept(stub, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "secret")
    stub.failures = [503, 429]
    endpoint = _endpoint(stub, key_variable="SOME_KEY", concurrency=1)
    polished = Polisher(endpoint).polish_rows(ROWS, CLIPS)
    assert polished.texts == [[f"Well, {text}" for text in row] for row in ROWS]
    assert polished.kept == 6
    assert not polished.dropped
    assert len(stub.seen) == 8
    fields, authorization = stub.seen[-1]
    assert authorization == "Bearer secret"
    assert fields["model"] == "stub"
    assert [message["role"] for message in fields["messages"]] == ["system", "user"]


def test_a_refusal_is_not_tried_again(stub):
    stub.failures = [401] * 5
    with pytest.raises(ConnectionError, match="401"):
        Polisher(_endpoint(stub, concurrency=1)).polish_rows([[SAD_TEXT]], [SAD])
    assert len(stub.seen) == 1


class _Fixed:
    """Answers with the same text, and fails from the n-th request on."""

    name = "fixed"

    def __init__(self, text, lasts=99):
        self.text = text
        self.lasts = lasts
        self.asked = 0

    def answer(self, conversations):
        if self.asked >= self.lasts:
            raise ConnectionError("gone")
        self.asked += len(conversations)
        return [self.text] * len(conversations)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty"),
        ("<think>hmm", "empty"),
        ("She looks slightly sad and nods twice. " * 9, "too long"),
        ("He looks slightly sad and nods twice.", "untrue"),
        ("She looks very sad and nods twice.", "untrue"),
        ("She looks slightly sad and nods three times.", "untrue"),
        ("She looks slightly sad, nods twice and winks her left eye.", "untrue"),
        ("She nods twice.", "untrue"),
        ("She looks slightly sad.", "untrue"),
        ("She looks slightly sad and nods twice after three seconds.", "untrue"),
        ("Caption: She's slightly sad, she nods twice.\n\nHope this helps!", None),
        (SAD_TEXT, "repeated"),
    ],
)
def test_the_guard(answer, reason):
    polished = Polisher(_Fixed(answer)).polish_rows([[SAD_TEXT]], [SAD])
    if reason is None:
        assert polished.texts == [["She's slightly sad, she nods twice."]]
        assert polished.kept == 1
    else:
        assert polished.texts == [[SAD_TEXT]]
        assert polished.dropped == Counter({reason: 1})


def test_a_text_is_not_taken_twice_in_a_clip():
    other = "The woman is slightly sad; she nods twice."
    answer = "She looks slightly sad as she nods twice."
    polished = Polisher(_Fixed(answer)).polish_rows([[SAD_TEXT, other]], [SAD])
    assert polished == ([[answer, other]], 1, {"repeated": 1})


def test_a_run_goes_on_where_it_was_killed(tmp_path):
    cache = tmp_path / "deep" / "polished.jsonl"
    with pytest.raises(ConnectionError):
        Polisher(_Fixed("x", lasts=4), cache, batch_size=2).polish_rows(ROWS, CLIPS)
    with cache.open("a") as file:
        file.write('{"key": "torn')
    rest = _Fixed("x")
    polished = Polisher(rest, cache, batch_size=2).polish_rows(ROWS, CLIPS)
    assert rest.asked == 2
    assert polished.dropped.total() == 6
    lines = cache.read_text().splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines) == 6


def test_bad_arguments():
    with pytest.raises(ValueError, match="got 1 and 0"):
        Polisher(_Fixed("x")).polish_rows([["a"]], [])
    with pytest.raises(ValueError, match="base_url must begin with http"):
        Endpoint("localhost:8000", "m")
    with pytest.raises(ValueError, match="environment variable NO_SUCH_KEY"):
        Endpoint("http://localhost:8000", "m", key_variable="NO_SUCH_KEY")
