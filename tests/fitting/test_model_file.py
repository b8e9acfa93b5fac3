"""Where the Face Landmarker model comes from."""

import hashlib
import io
import urllib.error
import urllib.request

import pytest

from tdmm_hf.fitting import model_file
from tdmm_hf.fitting.model_file import landmarker_path


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.delenv(model_file.MODEL_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def serve(monkeypatch, data):
    calls = []

    def urlopen(url, timeout):
        calls.append(url)
        return io.BytesIO(data)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return calls


def test_order_explicit_environment_cache(monkeypatch, tmp_path):
    given, named = tmp_path / "given.task", tmp_path / "named.task"
    cached = model_file.cache_path()
    cached.parent.mkdir(parents=True)
    for path in (given, named, cached):
        path.write_bytes(b"model")
    assert landmarker_path() == cached
    monkeypatch.setenv(model_file.MODEL_VARIABLE, str(named))
    assert landmarker_path() == named
    assert landmarker_path(given) == given


def test_absent_files_are_named(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"^model must be a Face Landmarker file, none at .*gone"):
        landmarker_path(tmp_path / "gone.task")
    monkeypatch.setenv(model_file.MODEL_VARIABLE, "nowhere.task")
    with pytest.raises(ValueError, match=r"^TDMM_FACE_LANDMARKER must be .*nowhere\.task"):
        landmarker_path()


def test_downloaded_once_and_checked(monkeypatch):
    monkeypatch.setattr(model_file, "MODEL_SHA256", hashlib.sha256(b"model").hexdigest())
    calls = serve(monkeypatch, b"model")
    assert landmarker_path().read_bytes() == b"model"
    assert landmarker_path() == model_file.cache_path()
    assert calls == [model_file.MODEL_URL]


def test_damaged_download_is_refused_and_not_kept(monkeypatch):
    serve(monkeypatch, b"something else")
    with pytest.raises(OSError, match="must have sha256 64184e22"):
        landmarker_path()
    assert not model_file.cache_path().exists()


def test_offline_says_so(monkeypatch):
    def urlopen(url, timeout):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(OSError, match=r"cannot be had .*--model or TDMM_FACE_LANDMARKER") as e:
        landmarker_path()
    assert "\n" not in str(e.value)
