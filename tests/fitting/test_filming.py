"""Filming people to learn from, resumable."""

import numpy as np
import pytest

from tdmm_hf.training.filming import film_people, load_people


def test_filming_goes_on_where_it_stopped(landmarker, tmp_path, monkeypatch):
    pytest.importorskip("moderngl", reason="moderngl is not installed")
    monkeypatch.setattr("tdmm_hf.training.filming.POSES", 4)
    film_people(tmp_path, 2, landmarker, progress=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "tdmm-0001.npz").unlink()
    film_people(tmp_path, 2, landmarker, progress=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    straight, mirror, *_ = load_people(tmp_path)
    assert straight.person == mirror.person == 0
    np.testing.assert_allclose(straight.truth[:, 53], -mirror.truth[:, 53])
