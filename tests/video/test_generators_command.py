"""Programs that make videos, and programs that do not."""

import json
import os
import shlex
import sys
import textwrap
import time

import numpy as np
import pytest

from tdmm_hf.prompts.video_prompts import VideoPrompt
from tdmm_hf.video import write_video
from tdmm_hf.video.generators import GenerationError, command, get_generator
from tdmm_hf.video.generators.checking import inspect_video

PROMPT = VideoPrompt("She says \"hi\"; $(touch gone) {seed} `id`\n'x'", "text, hats", 0.5)
PYTHON = shlex.quote(sys.executable)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "made.mp4"
    write_video((np.full((32, 48, 3), 9 * i, np.uint8) for i in range(5)), path, 10.0)
    return path


@pytest.fixture
def program(tmp_path):
    """A function of a program's text to a command that runs it; its working folder is empty."""

    def make(text, arguments="{prompt} {out}"):
        script = tmp_path / "program.py"
        script.write_text("import json, sys, time, pathlib, shutil\n" + textwrap.dedent(text))
        return f"{PYTHON} {shlex.quote(str(script))} {arguments}"

    return make


def generate(tmp_path, line, prompt=PROMPT, **settings):
    (tmp_path / "out").mkdir()
    generator = get_generator("command", command=line, **settings)
    return generator.generate(prompt, 7, tmp_path / "out" / "clip.mp4")


def left(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


def test_a_program_gets_what_was_asked_each_as_one_argument(tmp_path, program, clip):
    text = f"""
    pathlib.Path('asked').write_text(json.dumps(sys.argv[1:]))
    shutil.copy({str(clip)!r}, sys.argv[-1])
    """
    asked = "--seed={seed} --not {negative_prompt} '{duration} s' {prompt} {{}} {out}"
    made = generate(tmp_path, program(text, asked), directory=str(tmp_path), label="mine")
    words = json.loads((tmp_path / "asked").read_text())
    assert words[:-1] == ["--seed=7", "--not", "text, hats", "0.5 s", PROMPT.prompt, "{}"]
    assert (made.frames, made.fps, made.generator) == (5, 10.0, "mine")
    assert made.path.read_bytes() == clip.read_bytes()
    assert left(tmp_path) == ["clip.mp4"]


def test_a_program_may_pick_the_name(tmp_path, program, clip):
    text = f"""
    folder = pathlib.Path(sys.argv[2]) / 'video_256px'
    folder.mkdir()
    (folder / 'notes.txt').write_text('x')
    shutil.copy({str(clip)!r}, folder / 'prompt_0000.mp4')
    """
    assert generate(tmp_path, program(text, "{prompt} {folder}")).frames == 5
    assert left(tmp_path) == ["clip.mp4"]


BAD = {
    "fails": ("print('x')\nsys.exit('out of\\x1b[31m memory')", r"status 1: out of \[31m memory"),
    "writes nothing": ("print('done')", "must write one .mp4 file, it wrote 0; it said: done"),
    "writes text": ("pathlib.Path(sys.argv[2]).write_text('video')", "not an MP4 video"),
    "writes nothing into it": ("open(sys.argv[2], 'w')", "1 to 536870912 bytes, got 0"),
    "links": ("pathlib.Path(sys.argv[2]).symlink_to('/etc/passwd')", "it wrote 0"),
    "writes two": (
        "for n in 'ab': pathlib.Path(sys.argv[2]).with_name(n + '.mp4').touch()",
        "it wrote 2",
    ),
    "writes a playlist": (
        "pathlib.Path(sys.argv[2]).write_text('#EXTM3U\\n#EXTINF:1,\\n/etc/passwd\\n')",
        "not an MP4 video",
    ),
    "is killed": ("import os\nos.kill(os.getpid(), 9)", "status -9: nothing"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_a_program_that_makes_no_video_is_one_line(tmp_path, program, text, said):
    with pytest.raises(GenerationError, match=said) as caught:
        generate(tmp_path, program(text))
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert left(tmp_path) == []


def test_a_program_that_takes_too_long_ends_with_all_it_started(tmp_path):
    line = "sh -c 'sleep 60 & echo $! > child; wait' {prompt} {out}"
    start = time.monotonic()
    with pytest.raises(GenerationError, match=r"sh took longer than 1.5 s"):
        generate(tmp_path, line, timeout=1.5, directory=str(tmp_path))
    assert time.monotonic() - start < 15
    child = int((tmp_path / "child").read_text())
    for _ in range(50):
        if not running(child):
            break
        time.sleep(0.1)
    assert not running(child)
    assert left(tmp_path) == []


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("where", ["sys.stdout.write", "open(sys.argv[2], 'w').write"])
def test_a_program_that_writes_without_end_is_stopped(tmp_path, program, monkeypatch, where):
    monkeypatch.setattr(command, "MAX_BYTES", 10**5)
    monkeypatch.setattr(command, "_MAX_LOG", 10**5)
    text = f"write = {where}\nfor i in range(10**4): write('x' * 1000); time.sleep(0.001)"
    with pytest.raises(GenerationError, match="more than 100000 bytes"):
        generate(tmp_path, program(text))
    assert left(tmp_path) == []


def test_a_program_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(GenerationError, match="no-such: cannot be started"):
        generate(tmp_path, "no-such {prompt} {out}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("t2v {out}", "must hold {prompt}"),
        ("t2v {prompt}", "and {out} or {folder}"),
        ("t2v {prompt} {out} {model}", "placeholders must be among .* got 'model'"),
        ("t2v '{prompt} {out}", "must be a command line"),
        ("t2v {prompt {out}", "must be a command line|placeholders"),
        ("t2v {prompt.__class__} {out}", "placeholders must be among"),
    ],
)
def test_a_command_that_breaks_a_rule_is_one_line(line, said):
    with pytest.raises(ValueError, match=said) as caught:
        get_generator("command", command=line)
    assert "\n" not in str(caught.value)


def test_a_prompt_cannot_be_an_option(tmp_path):
    with pytest.raises(ValueError, match="must not begin with '-'"):
        generate(tmp_path, "t2v {prompt} {out}", VideoPrompt("--help", "", 1.0))


def test_facts_are_those_of_the_file(clip, tmp_path):
    assert inspect_video(clip) == (5, 10.0, 48, 32)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[: clip.stat().st_size // 3])
    with pytest.raises(GenerationError):
        inspect_video(broken)
    assert os.listdir(tmp_path) == ["broken.mp4"]
