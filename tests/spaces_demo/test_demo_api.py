"""The page's API, as ``gradio_client`` and plain HTTP use it."""

import json
import time
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import tdmm_hf

PROMPT = "A happy woman nods."
SECRET = "/etc/hostname"


@pytest.fixture
def client(address, tmp_path):
    return Client(address, verbose=False, download_files=tmp_path / "down", analytics_enabled=False)


@pytest.fixture(scope="module")
def smile_file(smile, tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "my smile.csv"
    tdmm_hf.save(smile, path)
    return path


def left_of(path, scratch):
    """Files below ``scratch`` with the contents of ``path``."""
    contents = Path(path).read_bytes()
    return [f for f in scratch.rglob("*") if f.is_file() and f.read_bytes() == contents]


def refusal(client, *arguments, api_name):
    with pytest.raises(AppError) as caught:
        client.predict(*arguments, api_name=api_name)
    sentence = str(caught.value)
    assert "Traceback" not in sentence
    assert "\n" not in sentence
    return sentence


def test_a_prompt_becomes_a_moving_head_words_and_files(client):
    head, plan, words, curves = client.predict(PROMPT, 1, 3, 0.85, api_name="/text_to_motion")
    assert tdmm_hf.load(head).num_frames == 25
    assert "happy" in plan
    assert len(words.split()) >= 3
    assert json.loads(curves["plot"])["data"]
    video, files = client.predict(api_name="/downloads")
    assert Path(video).read_bytes()[4:8] == b"ftyp"
    assert {".csv", ".npz", ".glb"} <= {Path(file).suffix for file in files}
    csv = next(file for file in files if file.endswith(".csv"))
    assert Path(csv).name == "a-happy-woman-nods.csv"
    assert tdmm_hf.load(csv).num_frames == 25


def test_the_same_seed_gives_the_same_motion(client):
    first, again = (
        client.predict(PROMPT, 1, 3, 0.85, api_name="/text_to_motion")[0] for _ in range(2)
    )
    assert Path(first).read_bytes() == Path(again).read_bytes()


def test_a_file_is_read_described_asked_and_gone(client, smile_file, scratch):
    head, summary, answer, _ = client.predict(
        handle_file(smile_file), "Describe this face.", api_name="/motion_to_text"
    )
    assert tdmm_hf.load(head).num_frames == 50
    assert summary.startswith("my smile.csv: 2.0 s")
    assert len(answer.split()) >= 3
    assert not left_of(smile_file, scratch)
    assert len(client.predict("What is this face doing?", api_name="/ask").split()) >= 3
    files = client.predict(api_name="/every_format")
    assert {".csv", ".npz", ".glb"} <= {Path(file).suffix for file in files}


def test_two_visitors_send_the_same_file(address, smile_file):
    jobs = [
        Client(address, verbose=False, analytics_enabled=False).submit(
            handle_file(smile_file), "", api_name="/motion_to_text"
        )
        for _ in range(2)
    ]
    answers = [job.result(timeout=120)[2] for job in jobs]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("way", "labels"), [("seeds", 2), ("intensities", 3)])
def test_motions_stand_side_by_side(client, way, labels):
    video, rows, cards, _ = client.predict(PROMPT, way, labels, 1, 0, api_name="/compare")
    assert Path(video).read_bytes()[4:8] == b"ftyp"
    assert len({row["label"] for row in rows}) == labels
    assert all(row["asked"] in cards and row["says"] for row in rows)


def test_without_a_motion_there_is_nothing_to_ask_or_download(client):
    assert "motion first" in refusal(client, "What?", api_name="/ask")
    assert "motion first" in refusal(client, api_name="/downloads")


@pytest.mark.parametrize(
    ("arguments", "api_name", "rule"),
    [
        (("a" * 100_000, 5, 0, 0.8), "/text_to_motion", "at most 1000 characters, got 100000"),
        ((" ", 5, 0, 0.8), "/text_to_motion", "a word at least"),
        ((PROMPT, "seeds", 2, 30, 0), "/compare", "30"),
        ((PROMPT, 1, 0, -3), "/text_to_motion", "-3"),
    ],
)
def test_what_is_too_much_is_refused_with_a_sentence(client, arguments, api_name, rule):
    assert rule in refusal(client, *arguments, api_name=api_name)


@pytest.mark.parametrize("name", ["broken.csv", "broken.glb", "broken.npz"])
def test_a_broken_file_is_refused_and_gone(client, scratch, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"glTF" + bytes(range(256)) * 30)
    assert name in refusal(client, handle_file(path), "", api_name="/motion_to_text")
    assert not left_of(path, scratch)


def test_a_broken_video_is_refused_and_gone(client, landmarker, scratch, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(5000))
    said = refusal(client, handle_file(path), "", api_name="/motion_to_text")
    assert "broken.mp4: not a video" in said
    assert not left_of(path, scratch)


def upload(address, name, contents):
    """The answer to a plain upload."""
    return httpx.post(f"{address}gradio_api/upload", files={"files": (name, contents)}, timeout=120)


def call(address, *data):
    """What ``/motion_to_text`` answers to raw data: the last event's name and data."""
    root = f"{address}gradio_api/call/motion_to_text"
    event = httpx.post(root, json={"data": data}, timeout=60).json()["event_id"]
    *_, name, text = httpx.get(f"{root}/{event}", timeout=120).text.strip().splitlines()
    return name.removeprefix("event: "), text.removeprefix("data: ")


def test_a_large_upload_is_refused_and_leaves_nothing(address, scratch):
    contents = bytes(200 * 2**20)
    answer = upload(address, "large.mp4", contents)
    assert answer.status_code == 413
    assert "maximum allowed size" in answer.text
    assert all(f.stat().st_size < len(contents) / 10 for f in scratch.rglob("*") if f.is_file())


@pytest.mark.parametrize("name", ["../../evil.csv", "/tmp/evil.csv", "..\\..\\evil.csv"])
def test_a_path_in_a_file_name_leads_nowhere(address, scratch, name):
    (place,) = upload(address, name, b"Timecode\n").json()
    place = Path(place)
    assert place.resolve().is_relative_to(scratch)
    assert place.parent.parent == scratch
    file = {"path": str(place), "meta": {"_type": "gradio.FileData"}}
    event, said = call(address, file, "")
    assert event == "error"
    assert "Traceback" not in said
    assert not place.exists()


def test_files_of_the_server_stay_where_they_are(address):
    before = Path(SECRET).read_bytes()
    file = {"path": SECRET, "meta": {"_type": "gradio.FileData"}}
    event, said = call(address, file, "")
    assert event == "error"
    assert "Traceback" not in said
    assert Path(SECRET).read_bytes() == before
    assert httpx.get(f"{address}gradio_api/file={SECRET}").status_code in (403, 404)


def test_a_video_is_read_and_gone(client, landmarker, face_video, scratch):
    head, summary, answer, _ = client.predict(
        handle_file(face_video), "", api_name="/motion_to_text"
    )
    assert summary.startswith("face.mp4: 0.5 s, 12 frames")
    assert len(answer.split()) >= 3
    assert tdmm_hf.load(head).num_frames == 12
    assert not left_of(face_video, scratch)


def test_the_queue_says_where_one_stands(address):
    clients = [Client(address, verbose=False, analytics_enabled=False) for _ in range(3)]
    jobs = [one.submit(PROMPT, 2, 0, 0.85, api_name="/text_to_motion") for one in clients]
    ranks = set()
    while not all(job.done() for job in jobs):
        ranks |= {job.status().rank for job in jobs}
        time.sleep(0.02)
    assert all(job.result()[2] for job in jobs)
    assert {0, 1} <= ranks
