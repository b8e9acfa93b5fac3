"""ICT FaceKit where its release is at hand: installed once into a cache of the tests' own."""

from pathlib import Path

import pytest

RELEASE = Path(__file__).parents[2].parent / "shared" / "data" / "ict_facekit_subset.tar.xz"


@pytest.fixture(scope="session")
def ict_release():
    if not RELEASE.exists():
        pytest.skip("no ../shared/data/ict_facekit_subset.tar.xz")
    return RELEASE


@pytest.fixture(scope="session")
def packed_ict(ict_release, tmp_path_factory):
    """ICT FaceKit as packed by ``install``."""
    from tdmm_hf.rigs import ict

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return ict.install(ict_release)


@pytest.fixture(scope="session")
def ict_rig(packed_ict):
    from tdmm_hf.rigs import get_rig, ict

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ict.ICT_VARIABLE, str(packed_ict))
        return get_rig("ict")
