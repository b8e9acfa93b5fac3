"""Captions by clip: tables in every form, names in every form, records that break a rule."""

import json

import pytest

from tdmm_hf.corpus.importers.captions import Captions, CaptionTable, closest, find_captions


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "file_name,caption\nday/a.mp4,She smiles.\nday/a.mp4,A smile.\nb,He waits.\n"),
        ("t.csv", '\ufeffID,Text\na,"She smiles."\na,"A  smile."\nb,"He\nwaits."\n'),
        ("t.json", json.dumps({"a": ["She smiles.", "A smile."], "b.mp4": "He waits."})),
        (
            "t.json",
            json.dumps(
                [
                    {"video": "./a.mp4", "prompt": "She smiles.", "captions": ["A smile."]},
                    {"id": "b", "text": "He waits."},
                ]
            ),
        ),
        (
            "t.jsonl",
            '{"path": "x\\\\a.pkl", "texts": ["She smiles.", "A smile."]}\n\n'
            '{"key": "b", "text": "He waits."}\n',
        ),
    ],
)
def test_tables_of_every_form(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    table = CaptionTable.read(tmp_path / name)
    assert table.of("a") == Captions(("She smiles.", "A smile."))
    assert table.of("any/b") == Captions(("He waits.",))
    assert table.of("c") == Captions()
    assert table.bad == []


def test_folders_tell_files_of_one_name_apart():
    names = ["one/x", "two/x", "y"]
    assert closest("coeff/two/x", names) == "two/x"
    assert closest("x", names) is None
    assert closest("coeff/y", names) == "y"
    assert closest("coeff/y", names, least=2) is None


def test_records_that_break_a_rule_are_told(tmp_path):
    records = [
        {"file": "a", "text": "She smiles."},
        {"text": "Who?"},
        {"file": "b", "text": ""},
        {"file": "c", "text": 3},
        "d",
        {"file": "e", "description": "The brows rise."},
    ]
    (tmp_path / "captions.json").write_text(json.dumps(records))
    table = find_captions(tmp_path, (".json",))
    assert {bad.row: bad.rule.partition(" under")[0] for bad in table.bad} == {
        2: "a record must name its clip",
        3: "a record must have a text",
        4: "text must be a text or a list of texts",
        5: "a record must be an object, got str",
    }
    assert table.of("e") == Captions(("The brows rise.",), ("The brows rise.",))


def test_files_that_are_no_tables_are_told(tmp_path):
    (tmp_path / "settings.json").write_text('{"fps": 25}')
    (tmp_path / "cut.jsonl").write_text('{"file": ')
    (tmp_path / "clip.csv").write_text("a,b\n")
    (tmp_path / "splits.json").write_text("{}")
    table = find_captions(tmp_path, (".csv",), lists=("split*.json",))
    assert [bad.file for bad in table.bad] == ["cut.jsonl", "settings.json"]
    assert all(bad.rule.startswith("not used as captions: ") for bad in table.bad)
    with pytest.raises(ValueError, match=r"^cut\.jsonl: no readable table of captions"):
        CaptionTable.read(tmp_path / "cut.jsonl")
