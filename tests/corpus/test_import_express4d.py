"""Express4D: arrays without names, whose columns other files name."""

import json

import numpy as np
import pytest
from import_samples import (
    Calls,
    face,
    motions_of,
    rows_of,
    rules,
    run,
    shuffled,
    splits_of,
    weights_of,
    write_take,
)

from tdmm_hf.corpus.importers.express4d import COLUMNS
from tdmm_hf.formats.livelink import VALUE_COLUMNS


def write_array(path, values, names=COLUMNS, frames=120):
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.array([values[name] for name in names], dtype=np.float32)
    np.save(path, np.tile(row, (frames, 1)))


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "Express4D"
    (folder / "texts").mkdir(parents=True)
    for number in (1, 2, 3):
        name = f"MySlate_{number}_iPhone_cal"
        write_array(folder / "data" / f"{name}.npy", face(number, HeadYaw=0.1 * number))
        (folder / "texts" / f"{name}.txt").write_text(
            f"a person blinks {number} times#a/DET person/NOUN blink/VERB\nblinking#blink/VERB\n"
        )
    (folder / "train.txt").write_text("MySlate_1_iPhone_cal\nMySlate_3_iPhone_cal")
    (folder / "test.txt").write_text("MySlate_2_iPhone_cal")
    split = {"train": ["1"], "test": ["2"]}
    (folder / "Express4D_data_train_test_split.json").write_text(json.dumps(split))
    return folder


def test_the_release_comes_with_captions_and_splits(release, tmp_path):
    report = run("express4d", release, tmp_path / "out")
    assert (report.imported, report.rates) == (3, {"60": 3})
    assert splits_of(tmp_path / "out", tmp_path / "cache") == {
        f"MySlate_{n}_iPhone_cal": split for n, split in ((1, "train"), (2, "test"), (3, "train"))
    }
    row = rows_of(tmp_path / "out", tmp_path / "cache")["MySlate_2_iPhone_cal"]
    assert (row["text"], row["paraphrases"]) == ("a person blinks 2 times", ["blinking"])
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["MySlate_2_iPhone_cal"]
    assert (motion.num_frames, motion.fps) == (50, 25)
    np.testing.assert_allclose(motion.values[0, :52], weights_of(face(2)), atol=2e-4)
    np.testing.assert_allclose(motion.values[0, 52:], [0, 0.2, 0], atol=2e-4)


def test_the_table_beside_an_array_names_its_columns(release, tmp_path):
    order = shuffled(VALUE_COLUMNS, seed=7)
    name = "MySlate_1_iPhone_cal"
    write_array(release / "data" / f"{name}.npy", face(9), names=order)
    write_take(release / "data" / f"{name}.csv", face(9), names=order)
    for other in (2, 3):
        write_array(release / "data" / f"MySlate_{other}_iPhone_cal.npy", face(other), names=order)
    run("express4d", release, tmp_path / "out")
    motions = motions_of(tmp_path / "out", tmp_path / "cache")
    assert len(motions) == 3
    for stem, seed in ((name, 9), ("MySlate_2_iPhone_cal", 2)):
        np.testing.assert_allclose(motions[stem].values[0, :52], weights_of(face(seed)), atol=2e-4)


def test_a_file_of_names_says_the_columns(release, tmp_path):
    order = shuffled([name.upper() for name in VALUE_COLUMNS], seed=3)
    values = {name.upper(): value for name, value in face(4).items()}
    write_array(release / "data" / "MySlate_1_iPhone_cal.npy", values, names=order)
    (tmp_path / "columns.txt").write_text("\n".join(order))
    columns = str(tmp_path / "columns.txt")
    run("express4d", release, tmp_path / "out", columns=columns)
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["MySlate_1_iPhone_cal"]
    np.testing.assert_allclose(motion.values[0, :52], weights_of(face(4)), atol=2e-4)


def test_bad_arrays_are_listed(release, tmp_path):
    data = release / "data"
    np.save(data / "narrow.npy", np.zeros((10, 60), np.float32))
    np.save(data / "objects.npy", np.array([Calls(print, "run")], dtype=object), allow_pickle=True)
    broken = np.zeros((10, 61), np.float32)
    broken[4, COLUMNS.index("JawOpen")] = np.nan
    np.save(data / "nan.npy", broken)
    (data / "cut.npy").write_bytes((data / "nan.npy").read_bytes()[:-100])
    (data / "huge.npy").write_bytes(_header((10**9, 61)))
    report = run("express4d", release, tmp_path / "out")
    found = rules(report)
    assert found["data/narrow.npy"] == (None, "must hold frames of 61 numbers, got shape (10, 60)")
    assert "Object arrays cannot be loaded" in found["data/objects.npy"][1]
    assert found["data/nan.npy"] == (
        4,
        "column 'JawOpen' must be a finite number, got nan in row 4",
    )
    assert found["data/cut.npy"][1].startswith("no readable array of numbers")
    assert found["data/huge.npy"][1].startswith("no readable array of numbers")
    assert (len(found), report.imported) == (5, 3)


def _header(shape):
    """The start of an array that claims to be larger than any memory."""
    import io

    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    return file.getvalue()
