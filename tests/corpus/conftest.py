import pytest

from tdmm_hf.corpus.build import build
from tdmm_hf.settings import CorpusSettings

SETTINGS = CorpusSettings(clips=24, held_out=4, seed=5, shard_clips=8, long_share=0.1, long_max=12)


@pytest.fixture(scope="session")
def settings():
    return SETTINGS


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A small corpus, built by two processes; tests must not change it."""
    return build(SETTINGS, tmp_path_factory.mktemp("small"), workers=2, progress=False)
