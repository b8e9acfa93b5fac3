import sys
import zipfile

import pytest
import typer

from tdmm_hf import space
from tdmm_hf.cli import push
from tdmm_hf.spaces_demo.app import unpack_package

METADATA = """Metadata-Version: 2.4
Name: tdmm-hf
Version: 0.1.0
Requires-Dist: torch>=2.9
Requires-Dist: gradio>=6.0; extra == "demo"
Requires-Dist: nltk; extra == "train"
Provides-Extra: demo
"""


@pytest.fixture
def make_wheel(tmp_path):
    """A function of its metadata and files to a small wheel."""

    def make(metadata=METADATA, names=space.IN_WHEEL):
        path = tmp_path / "tdmm_hf-0.1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tdmm_hf-0.1.0.dist-info/METADATA", metadata)
            for name in names:
                archive.writestr(name, "")
        return path

    return make


def test_a_space_is_prepared_from_a_wheel(make_wheel, tmp_path):
    wheel = make_wheel()
    out = space.prepare_space(tmp_path / "space", wheel)
    assert {path.name for path in out.iterdir()} == {*space.FILES, wheel.name}
    assert (out / wheel.name).read_bytes() == wheel.read_bytes()


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
        ("sdk_version: 6.31.0", "sdk_version: six", "got 'six'"),
        ("short_description: ", "short_description: " + "very " * 12, "at most 60"),
    ],
)
def test_an_unsound_header_is_named(make_wheel, tmp_path, old, new, rule):
    out = space.prepare_space(tmp_path / "space", make_wheel())
    readme = out / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert old in text
    readme.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=rule):
        space.check_space(out)


def test_without_a_token_nothing_is_uploaded(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(ValueError, match="needs a token"):
        space.check_token()


def run(*argv):
    """``tdmm push space`` with these arguments."""
    app = typer.Typer()
    app.command()(push.space)
    app([str(word) for word in argv], standalone_mode=False)


def test_the_command_prepares_and_lists_the_folder(make_wheel, tmp_path, capsys):
    run("--out", tmp_path / "space", "--wheel", make_wheel())
    listed = capsys.readouterr().out
    assert all(name in listed for name in (*space.FILES, "tdmm_hf-0.1.0"))


def test_the_command_does_nothing_where_it_could_not_upload(make_wheel, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(ValueError, match="needs a token"):
        run("--out", tmp_path / "space", "--wheel", make_wheel(), "--repo", "me/face")
    assert not (tmp_path / "space").exists()


def test_the_wheel_beside_the_app_is_what_it_runs(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "tdmm_hf-9.0-py3-none-any.whl", "w") as archive:
        archive.writestr("from_the_wheel.py", "VALUE = 9")
    monkeypatch.setattr(sys, "path", list(sys.path))
    unpack_package(tmp_path)
    import from_the_wheel

    assert from_the_wheel.VALUE == 9
