"""The folder of the Space: what is in it, and that it starts."""

import sys
import time
import zipfile

import pytest

from tdmm_hf.publishing import server, space
from tdmm_hf.spaces_demo.app import unpack_package

METADATA = """Metadata-Version: 2.4
Name: tdmm-hf
Version: 0.1.0
Requires-Dist: torch>=2.9
Requires-Dist: gradio>=6.0; extra == "demo"
Requires-Dist: nltk; extra == "train"
Provides-Extra: demo
"""
# A page as gradio serves it, of a package that only this wheel knows.
PAGE = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"components": ["a prompt"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def build():
    return Page

def launch(page):
    address = os.environ["GRADIO_SERVER_NAME"], int(os.environ["GRADIO_SERVER_PORT"])
    HTTPServer(address, page).serve_forever()
"""
PACKAGES = ("tdmm_hf/__init__.py", "tdmm_hf/spaces_demo/__init__.py")


@pytest.fixture
def make_wheel(tmp_path):
    """A function of its metadata, files and page to a small wheel."""

    def make(metadata=METADATA, names=space.IN_WHEEL, page=PAGE):
        path = tmp_path / "tdmm_hf-0.1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            contents = {name: page if name.endswith("page.py") else "" for name in names}
            contents |= {
                **dict.fromkeys(PACKAGES, ""),
                "tdmm_hf-0.1.0.dist-info/METADATA": metadata,
            }
            for name, text in contents.items():
                archive.writestr(zipfile.ZipInfo(name), text)  # the same bytes at any time
        return path

    return make


@pytest.fixture
def started(monkeypatch):
    """The app is taken to start, in tests of anything else."""
    monkeypatch.setattr(space, "start_space", lambda folder: 1.0)


@pytest.fixture
def prepared(make_wheel, tmp_path, started):
    return space.prepare_space(tmp_path / "space", make_wheel(), repo="me/face")


def test_a_space_is_prepared_from_a_wheel(prepared, make_wheel):
    wheel = make_wheel()
    assert set(prepared.files()) == {*space.FILES, wheel.name}
    assert prepared.files()[wheel.name].read_bytes() == wheel.read_bytes()


def test_the_card_says_whose_it_is_and_where(prepared):
    card = prepared.files()["README.md"].read_text(encoding="utf-8")
    assert "- tdmm-hf\n" in card
    assert 'Client("me/face")' in card
    assert "emoji: 🎭" in card


def test_a_folder_with_something_in_it_is_left_alone(make_wheel, tmp_path):
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="new or empty"):
        space.prepare_space(tmp_path / "space", make_wheel())


@pytest.mark.parametrize(
    ("metadata", "names", "rule"),
    [
        (METADATA + 'Requires-Dist: unheard-of; extra == "usd"\n', space.IN_WHEEL, "unheard-of"),
        (METADATA, (), "lacks tdmm_hf/spaces_demo"),
    ],
)
def test_a_wheel_that_would_not_run_is_named(make_wheel, tmp_path, metadata, names, rule):
    with pytest.raises(ValueError, match=rule):
        space.prepare_space(tmp_path / "space", make_wheel(metadata, names))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("sdk: gradio", "sdk: docker", "sdk must be gradio, got 'docker'"),
        ("colorFrom: green", "colorFrom: teal", "colorFrom must be one of"),
        ("app_file: app.py", "app_file: main.py", "got 'main.py'"),
        ("license: apache-2.0\n", "", "header needs license"),
        ("license: apache-2.0", "license: Apache 2.0", "license must be an identifier"),
        ("sdk_version: 6.31.0", "sdk_version: six", "got 'six'"),
        ("short_description: ", "short_description: " + "very " * 12, "at most 60"),
    ],
)
def test_an_unsound_header_is_named(prepared, old, new, rule):
    readme = prepared.files()["README.md"]
    text = readme.read_text(encoding="utf-8")
    assert old in text
    readme.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=rule):
        space.check_space(prepared.folder)


def test_the_app_starts_from_the_wheel_alone(make_wheel, tmp_path):
    begun = time.monotonic()
    prepared = space.prepare_space(tmp_path / "space", make_wheel())
    assert "the page is served" in prepared.checks[-1]
    assert time.monotonic() - begun > 0.1  # a process was there


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        ("raise RuntimeError('no head')", "does not start: RuntimeError: no head"),
        ("import time\ndef build(): pass\ndef launch(page): time.sleep(60)", "within 2 s"),
    ],
)
def test_an_app_that_does_not_start_is_told(make_wheel, tmp_path, started, page, rule):
    prepared = space.prepare_space(tmp_path / "space", make_wheel(page=page))
    patience = 2.0 if "within" in rule else server.PATIENCE
    with pytest.raises(ValueError, match=rule):
        server.start_space(prepared.folder, patience)


def test_the_same_source_is_the_same_wheel(tmp_path, monkeypatch):
    """What a push sends does not change with the clock."""
    seen = []

    def build(command, env, **options):
        seen.append(env["SOURCE_DATE_EPOCH"])
        (tmp_path / "tdmm_hf-0.1.0-py3-none-any.whl").write_text("")
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr(space.subprocess, "run", build)
    assert space.build_wheel(tmp_path).name.startswith("tdmm_hf-")
    assert seen == ["315532800"]


def test_the_command_prepares_and_lists_the_folder(make_wheel, tmp_path, tdmm, started):
    status, out, _ = tdmm("push", "space", "--out", tmp_path / "space", "--wheel", make_wheel())
    assert status == 0
    assert all(name in out for name in (*space.FILES, "tdmm_hf-0.1.0"))
    assert (tmp_path / "space" / "app.py").is_file()


def test_the_command_does_nothing_where_it_could_not_upload(
    make_wheel, tmp_path, tdmm, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    out = tmp_path / "space"
    status, _, said = tdmm(
        "push", "space", "--out", out, "--wheel", make_wheel(), "--repo", "me/face"
    )
    assert (status, said.count("\n")) == (2, 1)
    assert "needs a token" in said
    assert not out.exists()


def test_a_space_that_was_cut_off_is_pushed_by_the_same_command(
    hub, make_wheel, tmp_path, tdmm, started
):
    wheel = make_wheel()
    command = ("push", "space", "--wheel", wheel, "--repo", "user/face", "--out", tmp_path / "out")
    hub.repos["spaces/user/face"] = {
        "README.md": b"---\ntags: [tdmm-hf]\n---\n",
        "tdmm_hf-0.0.9-py3-none-any.whl": b"of an earlier push",
    }
    hub.break_at("POST .*/commit/")
    status, _, said = tdmm(*command)
    assert status == 2
    assert "run the same command again" in said.splitlines()[-1]  # after the bar of the upload
    assert not (tmp_path / "out").exists()
    hub.mend()
    assert tdmm(*command)[0] == 0
    assert set(hub.repos["spaces/user/face"]) == {*space.FILES, wheel.name}
    assert set(hub.sent.values()) == {1}


def test_the_wheel_beside_the_app_is_what_it_runs(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "tdmm_hf-9.0-py3-none-any.whl", "w") as archive:
        archive.writestr("from_the_wheel.py", "VALUE = 9")
    monkeypatch.setattr(sys, "path", list(sys.path))
    unpack_package(tmp_path)
    import from_the_wheel

    assert from_the_wheel.VALUE == 9
