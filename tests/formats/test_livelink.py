"""Live Link Face CSV: columns by name, units and sides explicit, frame rate from timecodes."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tdmm_hf.formats import livelink, losses
from tdmm_hf.formats.livelink import Convention
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")
DATA = Path(__file__).parent / "data"


@pytest.fixture
def motion():
    rng = np.random.default_rng(0)
    values = rng.random((70, 55))
    values[:, 52:] = rng.uniform(-1, 1, (70, 3))
    return FaceMotion(values, fps=60)


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def write_rows(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def rows(motion, tmp_path):
    """Header and rows of a good file, to be changed and written again."""
    livelink.write(motion, tmp_path / "good.csv")
    return rows_of(tmp_path / "good.csv")


def column(rows, name):
    at = rows[0].index(name)
    return np.array([float(row[at]) for row in rows[1:]])


def one_channel(**channels):
    values = np.zeros((3, 55))
    for name, value in channels.items():
        values[:, ARKIT.index(name)] = value
    return FaceMotion(values, fps=25)


def golden_motion():
    """What the golden files show, from a table of their own: angles there are in degrees."""
    curves = json.loads((DATA / "golden.json").read_text())
    values = np.zeros((5, 55))
    for name, curve in curves.items():
        values[:, ARKIT.index(name)] = np.radians(curve) if name.startswith("head") else curve
    return FaceMotion(values, fps=60)


@pytest.mark.parametrize("name", sorted(livelink.CONVENTIONS))
def test_golden_files_show_the_same_motion(name, caplog):
    """The app's columns, Unreal's order, and right before left in another case."""
    back = livelink.read(DATA / f"{name}.csv", convention=name)
    # unreal.csv has six decimals of half a turn
    np.testing.assert_allclose(back.values, golden_motion().values, atol=2e-6)
    assert (back.fps, back.num_frames) == (60, 5)
    assert back.valid.all()
    assert not caplog.text


@pytest.mark.parametrize("name", sorted(livelink.CONVENTIONS))
def test_files_are_written_as_the_golden_ones(tmp_path, name):
    livelink.write(golden_motion(), tmp_path / "m.csv", name)
    ours, golden = rows_of(tmp_path / "m.csv"), rows_of(DATA / f"{name}.csv")
    golden[0] = [column[0].upper() + column[1:] for column in golden[0]]
    for label in livelink.VALUE_COLUMNS:
        np.testing.assert_allclose(column(ours, label), column(golden, label), atol=2e-6)


@pytest.mark.parametrize(
    ("file", "convention", "times"),
    [
        ("degrees", "app", "57"),
        ("unreal", "app", "0.32"),
        ("app", "unreal", "3.1"),
        ("app", Convention(signs=(-1, -1, 1)), "-1"),
    ],
)
def test_a_wrong_convention_is_noticed(caplog, file, convention, times):
    livelink.read(DATA / f"{file}.csv", convention=convention)
    assert f"{file}.csv: eyes turn {times} times as far as their eyeLook weights" in caplog.text


def test_conventions_have_names():
    assert livelink.get_convention("unreal") == Convention("unit", mirrored=True)
    with pytest.raises(ValueError, match="unknown convention 'maya': choose from app, unreal"):
        livelink.read(DATA / "app.csv", convention="maya")


@settings(max_examples=25)
@given(data=st.data(), fps=st.sampled_from([24, 25, 29.97, 30, 50, 60, 120]))
def test_round_trip_of_any_values(tmp_path_factory, data, fps):
    frames = data.draw(st.integers(2, 5))
    weights = hnp.arrays(np.float32, (frames, 52), elements=st.floats(0, 1, width=32))
    angles = hnp.arrays(np.float32, (frames, 3), elements=st.floats(-1.5, 1.5, width=32))
    values = np.concatenate([data.draw(weights), data.draw(angles)], axis=1)
    convention = data.draw(st.sampled_from(sorted(livelink.CONVENTIONS)))
    path = tmp_path_factory.getbasetemp() / "motion.csv"
    livelink.write(FaceMotion(values, fps=fps), path, convention)
    back = livelink.read(path, convention=convention)
    assert back.fps == fps
    np.testing.assert_allclose(back.values, values, atol=1e-6)


def test_what_is_lost_is_listed(motion):
    assert losses(motion, "m.csv") == []
    lossy = FaceMotion(
        motion.values, 30000 / 1001, valid=np.arange(70) > 1, observed=np.arange(55) != 51
    )
    assert losses(lossy, "m.csv") == [
        "2 frames without a face become frames with one",
        "1 unobserved channel become observed",
        "29.97002997002997 frames a second become 29.97003",
    ]


@pytest.mark.parametrize("angles", ["radians", "degrees", "unit"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_round_trip(motion, tmp_path, angles, mirrored, signs):
    convention = Convention(angles, mirrored, signs)
    livelink.write(motion, tmp_path / "m.csv", convention)
    back = livelink.read(tmp_path / "m.csv", convention=convention)
    assert back.fps == 60
    np.testing.assert_allclose(back.values, motion.values, atol=1e-6)


@pytest.mark.parametrize("fps", [25, 60, 24, 30, 50, 12.5, 15, 29.97, 23.976, 120, 1, 0.5])
@pytest.mark.parametrize("frames", [2, 3, 25, 400])
def test_frame_rate_survives(tmp_path, fps, frames):
    livelink.write(FaceMotion(np.zeros((frames, 55)), fps=fps), tmp_path / "m.csv")
    back = livelink.read(tmp_path / "m.csv")
    assert back.fps == fps
    assert back.num_frames == frames


@pytest.mark.parametrize("fps", [25, 60])
def test_one_frame_tells_its_rate(tmp_path, fps):
    livelink.write(FaceMotion(np.zeros((1, 55)), fps=fps), tmp_path / "m.csv")
    assert livelink.read(tmp_path / "m.csv").fps == fps


def test_header_and_timecodes(rows):
    assert len(rows[0]) == 63
    assert rows[0][:3] == ["Timecode", "BlendShapeCount", "BrowDownLeft"]
    assert rows[0][-9:-6] == ["HeadYaw", "HeadPitch", "HeadRoll"]
    assert [row[0] for row in rows[1:3]] == ["00:59:59:59.000", "01:00:00:00.000"]
    assert all(row[1] == "61" for row in rows[1:])


def test_units_and_directions(tmp_path):
    turned = one_channel(headYaw=math.radians(30), headPitch=math.radians(10), jawLeft=0.5)
    livelink.write(turned, tmp_path / "m.csv", Convention("degrees"))
    rows = rows_of(tmp_path / "m.csv")
    np.testing.assert_allclose(column(rows, "HeadYaw"), 30, atol=1e-5)
    np.testing.assert_allclose(column(rows, "HeadPitch"), 10, atol=1e-5)
    livelink.write(turned, tmp_path / "m.csv", Convention("unit", mirrored=True))
    rows = rows_of(tmp_path / "m.csv")
    np.testing.assert_allclose(column(rows, "HeadYaw"), -30 / 180, atol=1e-6)
    np.testing.assert_allclose(column(rows, "HeadPitch"), 10 / 180, atol=1e-6)
    np.testing.assert_allclose(column(rows, "JawRight"), 0.5)
    np.testing.assert_allclose(column(rows, "JawLeft"), 0)


def test_eyes_turn_with_the_gaze(tmp_path):
    looking = one_channel(eyeLookOutLeft=1, eyeLookInRight=1, eyeLookDownLeft=1, eyeLookUpRight=1)
    livelink.write(looking, tmp_path / "m.csv", Convention("degrees"))
    rows = rows_of(tmp_path / "m.csv")
    expected = {"LeftEyeYaw": 30, "RightEyeYaw": 30, "LeftEyePitch": 25, "RightEyePitch": -25}
    for name, degrees in expected.items():
        np.testing.assert_allclose(column(rows, name), degrees, atol=1e-5)


def test_columns_match_by_name_in_any_order_and_case(motion, rows, tmp_path):
    order = np.random.default_rng(1).permutation(63)
    shuffled = [[row[i] for i in order] for row in rows]
    shuffled[0] = [name.upper() for name in shuffled[0]]
    path = write_rows(tmp_path / "m.csv", shuffled)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_allclose(livelink.read(path).values, motion.values, atol=1e-6)


def test_lost_face_rows_are_invalid_and_filled(motion, rows, tmp_path):
    for i in (1, 11, 12):
        rows[i] = [rows[i][0], "0"]
    back = livelink.read(write_rows(tmp_path / "m.csv", rows))
    assert np.flatnonzero(~back.valid).tolist() == [0, 10, 11]
    np.testing.assert_allclose(back.values[0], motion.values[1], atol=1e-6)
    between = motion.values[9] * 2 / 3 + motion.values[12] / 3
    np.testing.assert_allclose(back.values[10], between, atol=1e-6)


def test_invalid_frames_are_written(motion, tmp_path):
    hidden = FaceMotion(motion.values, motion.fps, valid=np.arange(70) > 5)
    livelink.write(hidden, tmp_path / "m.csv")
    assert livelink.read(tmp_path / "m.csv") == FaceMotion(motion.values, motion.fps)


def _without(rows, name):
    at = rows[0].index(name)
    return [row[:at] + row[at + 1 :] for row in rows]


def _with_cell(rows, row, name, cell):
    rows[row - 1][rows[0].index(name)] = cell
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: _without(r, "MouthPucker"), "columns are missing: 'MouthPucker'"),
        (lambda r: _without(r, "Timecode"), "columns are missing: 'Timecode'"),
        (lambda r: [r[0] + ["jawopen"], *r[1:]], "column 'jawopen' is doubled"),
        (lambda r: [[*row, "x"] for row in r], "columns are unknown: 'x'"),
        (lambda r: _with_cell(r, 4, "JawOpen", "wide"), "'JawOpen' .*got 'wide' in row 4"),
        (lambda r: _with_cell(r, 2, "HeadYaw", "nan"), "'HeadYaw' .*got 'nan' in row 2"),
        (lambda r: _with_cell(r, 5, "TongueOut", ""), "'TongueOut' .*got '' in row 5"),
        (lambda r: _with_cell(r, 3, "Timecode", "12"), "'Timecode' .*got '12' in row 3: give fps"),
        (lambda r: [*r[:2], r[2][:-1]], "row 3 must have 63 cells, got 62"),
        (lambda r: r[:1], "at least one frame"),
        (lambda r: [], "at least one frame"),
        (lambda r: r[:1] + r[2:12], "within one second do not tell the frame rate: give fps"),
        (lambda r: r[:1] + r[:0:-1], "must rise"),
        (lambda r: [r[0], *([row[0], "0"] for row in r[1:])], "no row has a face"),
    ],
)
def test_unfit_files_name_the_rule(rows, tmp_path, change, message):
    path = write_rows(tmp_path / "bad.csv", change(rows))
    with pytest.raises(ValueError, match=message) as caught:
        livelink.read(path)
    assert re.match(r"bad\.csv: [^\n]+$", str(caught.value))


def test_binary_file(tmp_path):
    (tmp_path / "bad.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"^bad\.csv: "):
        livelink.read(tmp_path / "bad.csv")


def test_fps_given_needs_no_timecodes(rows, tmp_path):
    for i, row in enumerate(rows[1:]):
        row[0] = str(i)
    assert livelink.read(write_rows(tmp_path / "m.csv", rows), fps=30).fps == 30


def _app_rows(rows, positions, nominal):
    """Rows stamped as the app does: any start of day, clock-driven sub-frames."""
    stamped = [rows[0]]
    for row, position in zip(rows[1:], positions, strict=True):
        second, frame = divmod(position, nominal)
        clock = (
            f"{int(second) // 3600 % 24:02d}:{int(second) // 60 % 60:02d}:{int(second) % 60:02d}"
        )
        stamped.append([f"{clock}:{frame:06.3f}", *row[1:]])
    return stamped


@pytest.mark.parametrize("nominal", [60, 30, 25, 24])
def test_clock_stamped_rows_mean_the_nominal_rate(rows, tmp_path, nominal):
    wavering = 86400 * nominal - 20 + np.arange(70) + np.random.default_rng(0).uniform(0, 0.9, 70)
    path = write_rows(tmp_path / "m.csv", _app_rows(rows, wavering, nominal))
    back = livelink.read(path)
    assert back.fps == nominal
    assert back.num_frames == 70


def test_dropped_rows_keep_the_time_line(rows, tmp_path, caplog):
    kept = np.r_[0:30, 36:76]
    path = write_rows(tmp_path / "m.csv", _app_rows(rows, 100000 + kept, 60))
    back = livelink.read(path)
    assert back.duration == pytest.approx(76 / 60, abs=1.5 / 60)
    assert "m.csv: 70 rows became" in caplog.text


def test_times_far_apart_are_no_recording(rows, tmp_path):
    rows = [rows[0], ["00:00:00:00.000", *rows[1][1:]], ["23:59:59:59.000", *rows[2][1:]]]
    with pytest.raises(ValueError, match=r"^m\.csv: .*(must follow each other|must rise)"):
        livelink.read(write_rows(tmp_path / "m.csv", rows))


@pytest.mark.parametrize("wrong", [{"angles": "turns"}, {"signs": (1, 0, 1)}, {"signs": (1, 1)}])
def test_conventions_are_checked(wrong):
    with pytest.raises(ValueError, match="must be"):
        Convention(**wrong)
