import os
import time

import numpy as np
import pytest

import tdmm_hf
from tdmm_hf.formats import FORMATS
from tdmm_hf.spaces_demo import results
from tdmm_hf.spaces_demo.uploads import MOTIONS


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("She nods twice.", "she-nods-twice"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\x\x00<script>", "c-x-script"),
        ("笑う", "motion"),
        ("a" * 500, "a" * 32),
    ],
)
def test_a_stem_has_no_path_in_it(text, stem):
    assert results.stem(text) == stem


def test_a_shelf_clears_what_is_old(tmp_path):
    shelf = results.Shelf(tmp_path / "shelf")
    old, young = shelf.folder(), shelf.folder()
    (old / "x.csv").write_text("x")
    long_ago = time.time() - results.KEPT_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    new = shelf.folder()
    assert sorted(shelf.root.iterdir()) == sorted([young, new])


def test_every_format_is_written_and_what_can_be_read_is_the_motion(tmp_path, smile):
    pytest.importorskip("pxr", reason="usd-core is not installed")
    files = results.every_format(smile, tmp_path, "She smiles")
    suffixes = {path.suffix for path in files}
    assert suffixes == set(FORMATS) - set(results.TWINS)
    for path in files:
        if path.suffix in MOTIONS:
            assert np.allclose(tdmm_hf.load(path).values, smile.values, atol=1e-5)


@pytest.mark.parametrize(("count", "rows", "columns"), [(2, 1, 2), (3, 1, 3), (4, 2, 2)])
def test_films_stand_side_by_side(count, rows, columns):
    films = [iter(np.full((2, 64, 64, 3), 50 * i, np.uint8)) for i in range(count)]
    frames = list(results.side_by_side(films, [f"seed {i}" for i in range(count)]))
    assert len(frames) == 2
    height = 64 + results.LABEL_HEIGHT
    assert frames[0].shape == (rows * height, columns * 64, 3)
    last = frames[1][-64:, -64:]
    assert (last == 50 * (count - 1)).all()


def test_a_label_can_be_read():
    bar = results.label_bar("barely", 160)
    assert bar.shape == (results.LABEL_HEIGHT, 160, 3)
    assert np.ptp(bar.astype(int)) > 150
