"""Small folders in the layouts of other people's corpora."""

import csv
import pickle

import numpy as np
from datasets import load_dataset

from tdmm_hf.corpus.importers import Options, import_folder
from tdmm_hf.corpus.schema import row_motion
from tdmm_hf.formats.livelink import VALUE_COLUMNS
from tdmm_hf.parameters import ARKIT_BLENDSHAPES


def column_of(channel):
    """ARKit's name as Live Link Face writes it."""
    return channel[0].upper() + channel[1:]


def face(seed=0, **angles):
    """{Live Link column: value}: all weights differ; angles as given, else zero."""
    weights = np.linspace(0.05, 0.95, 52)[np.random.default_rng(seed).permutation(52)]
    values = {
        column_of(name): round(float(w), 4)
        for name, w in zip(ARKIT_BLENDSHAPES, weights, strict=True)
    }
    return {**values, **dict.fromkeys(VALUE_COLUMNS[52:], 0.0), **angles}


def shuffled(names, seed=1):
    return [str(name) for name in np.random.default_rng(seed).permutation(list(names))]


def write_take(
    path, values, frames=None, fps=60, names=None, header=("Timecode", "BlendshapeCount")
):
    """A Live Link Face ``.csv`` of a face that holds still; columns in the order of ``names``."""
    names = names or shuffled(VALUE_COLUMNS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, *names])
        for frame in range(frames or 2 * fps):
            seconds, rest = divmod(frame, fps)
            timecode = f"00:00:{seconds:02d}:{rest:02d}.000"
            writer.writerow([timecode, 61, *(values[name] for name in names)])
    return path


def weights_of(values):
    """The 52 weights in the space's order."""
    return np.array([values[column_of(name)] for name in ARKIT_BLENDSHAPES])


def smirk_entries(frames=20, seed=0):
    """A dictionary as TDMM-LM's tools pickle it."""
    rng = np.random.default_rng(seed)
    widths = {"expression": 50, "pose": 3, "eyelid": 2, "jaw": 3, "identity": 300, "camera_pose": 3}
    entries = {}
    for name, width in widths.items():
        held = rng.random(width).astype(np.float32) * 0.5
        entries[name] = [held.copy() for _ in range(frames)]
    return entries


def write_pickle(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
    return path


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def run(source, folder, out, running=None, **options):
    return import_folder(source, folder, out, Options(**options), progress=False, **(running or {}))


def rows_of(out, cache):
    """{clip: row} of all splits of a corpus, opened as anyone would."""
    splits = load_dataset(str(out), cache_dir=str(cache))
    return {row["id"].partition("/")[2]: row for split in splits.values() for row in split}


def splits_of(out, cache):
    """{clip: split}."""
    splits = load_dataset(str(out), cache_dir=str(cache))
    return {row["id"].partition("/")[2]: name for name, split in splits.items() for row in split}


def motions_of(out, cache):
    return {clip: row_motion(row) for clip, row in rows_of(out, cache).items()}


def rules(report):
    """{file: (row, rule)} of what was not imported."""
    return {failure.file: (failure.row, failure.rule) for failure in report.failures}
