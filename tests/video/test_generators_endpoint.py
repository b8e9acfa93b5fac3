"""A local server that answers as servers do, and as they should not."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tdmm_hf.prompts.video_prompts import VideoPrompt
from tdmm_hf.video import write_video
from tdmm_hf.video.generators import GenerationError, get_generator

PROMPT = VideoPrompt("She smiles.", "text", 0.5)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "made.mp4"
    write_video((np.full((32, 48, 3), 9 * i, np.uint8) for i in range(5)), path, 10.0)
    return path.read_bytes()


@pytest.fixture(scope="module")
def server(clip):
    """A server whose paths are ways to answer; ``seen`` holds what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.seen.append((self.path, dict(self.headers), json.loads(body)))
            self.answer()

        def do_GET(self):
            server.seen.append((self.path, dict(self.headers), None))
            self.answer()

        def answer(self):
            way = self.path.strip("/").replace("-", "_")
            try:
                getattr(self, way, self.refuse)()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def send(self, body, status=200, length=None, **headers):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def refuse(self):
            self.send(b'{"error": "out of\nmemory"}', 503)

        def video(self):
            self.send(clip)

        def json_url(self):
            self.send(json.dumps({"data": [{"url": f"{server.url}/video"}]}).encode())

        def json_base64(self):
            text = base64.b64encode(clip).decode()
            self.send(json.dumps({"data": [{"url": f"data:video/mp4;base64,{text}"}]}).encode())

        def json_file(self):
            self.send(json.dumps({"data": [{"url": "file:///etc/passwd"}]}).encode())

        def json_words(self):
            self.send(json.dumps({"data": [{"url": "no video today"}]}).encode())

        def json_number(self):
            self.send(json.dumps({"data": [{"url": 7}]}).encode())

        def json_else(self):
            self.send(json.dumps({"status": "queued"}).encode())

        def json_deep(self):
            self.send(b"[" * 100_000)

        def moved(self):
            self.send(b"", 303, Location="/video")

        def moved_away(self):
            other = server.url.replace("127.0.0.1", "localhost")
            self.send(b"", 303, Location=f"{other}/video")

        def to_file(self):
            self.send(b"", 302, Location="file:///etc/passwd")

        def to_ftp(self):
            self.send(b"", 302, Location="ftp://localhost/clip.mp4")

        def in_circles(self):
            self.send(b"", 302, Location="/in-circles")

        def html(self):
            self.send(b"<html>Please log in</html>")

        def nothing(self):
            self.send(b"")

        def cut(self):
            self.close_connection = True
            self.send(clip[:100], length=len(clip))

        def endless(self):
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)

        def silent(self):
            server.stop.wait(20)

        def dripping(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x")
                if server.stop.wait(0.05):
                    break

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.seen, server.stop = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()


def ask(server, way, out, **settings):
    server.seen.clear()
    return get_generator("endpoint", url=f"{server.url}/{way}", **settings).generate(
        PROMPT, 7, out / "clip.mp4"
    )


def test_a_server_gets_what_was_asked_and_its_video_is_kept(server, clip, tmp_path):
    made = ask(server, "video", tmp_path, options={"steps": 4})
    asked = {"prompt": "She smiles.", "negative_prompt": "text", "duration": 0.5}
    assert server.seen[0][2] == {**asked, "seed": 7, "steps": 4}
    assert (made.frames, made.fps, made.generator) == (5, 10.0, "endpoint")
    assert made.path.read_bytes() == clip
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("way", ["json-url", "json-base64"])
def test_a_json_answer_leads_to_the_video(server, clip, tmp_path, way):
    assert ask(server, way, tmp_path, answer="data.0.url").path.read_bytes() == clip


def test_a_redirect_is_followed(server, clip, tmp_path):
    assert ask(server, "moved", tmp_path).path.read_bytes() == clip


def test_the_key_goes_to_its_host_only(server, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEO_KEY", "secret")
    ask(server, "moved-away", tmp_path, key_variable="VIDEO_KEY")
    sent = [
        (headers["Host"].split(":")[0], headers.get("Authorization"))
        for _, headers, _ in server.seen
    ]
    assert sent == [("127.0.0.1", "Bearer secret"), ("localhost", None)]


BAD = {
    "html": "not an MP4 video",
    "nothing": "must have 1 to",
    "cut": "broke off after 100 of",
    "no-such": 'answered 503: {"error": "out of memory"}',
    "to-file": "redirect must begin with http:// or https://, got 'file:///etc/passwd'",
    "to-ftp": "redirect must begin with http:// or https://, got 'ftp:",
    "in-circles": "infinite loop",
    "endless": "has more than 100000 bytes",
}


@pytest.mark.parametrize(("way", "said"), BAD.items(), ids=BAD)
def test_an_answer_that_is_no_video_is_one_line(server, tmp_path, way, said):
    fails(server, way, tmp_path, said, max_bytes=100_000)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("json-file", "address must begin with http:// or https://, got 'file:///etc/passwd'"),
        ("json-words", "no address and no base64: no video today"),
        ("json-number", "data.0.url must be text, got 7"),
        ("json-else", 'no data.0.url in its answer: {"status": "queued"}'),
        ("json-deep", "no data.0.url in its answer"),
        ("html", "no data.0.url in its answer: <html>Please"),
    ],
)
def test_json_that_leads_nowhere_is_one_line(server, tmp_path, way, said):
    fails(server, way, tmp_path, said, answer="data.0.url")


@pytest.mark.parametrize("way", ["silent", "dripping"])
def test_a_server_that_takes_too_long_is_left(server, tmp_path, way):
    start = time.monotonic()
    fails(server, way, tmp_path, "took longer than 0.5 s", timeout=0.5)
    assert time.monotonic() - start < 5


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    generator = get_generator("endpoint", url="http://127.0.0.1:9/video")
    with pytest.raises(GenerationError, match=r"gave no video: .*refused"):
        generator.generate(PROMPT, 7, tmp_path / "clip.mp4")


def fails(server, way, folder, said, **settings):
    with pytest.raises(GenerationError) as caught:
        ask(server, way, folder, **settings)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "file:///etc/passwd"}, "url must begin with http://"),
        ({"url": "http://"}, "url must begin with http://"),
        ({"url": "http://x", "timeout": 0}, "timeout must be positive"),
        ({"url": "http://x", "max_bytes": 0}, "max_bytes must be in 1.."),
        ({"url": "http://x", "key_variable": "NOT_SET"}, "NOT_SET must hold the key"),
    ],
)
def test_settings_that_break_a_rule_are_one_line(settings, said):
    with pytest.raises(ValueError, match=said):
        get_generator("endpoint", **settings)
