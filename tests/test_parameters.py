import numpy as np
import pytest

from tdmm_hf.parameters import ARKIT_BLENDSHAPES, GROUPS, get_space


@pytest.mark.parametrize(("name", "width"), [("arkit", 55), ("flame", 58), ("flame_mmhead", 56)])
def test_every_space_has_its_width_and_consistent_columns(name, width):
    space = get_space(name)
    assert len(space.channels) == len(set(space.channels)) == width
    assert len(space.units) == len(space.lower) == len(space.upper) == width
    assert set(space.groups) <= set(GROUPS)


def test_arkit_is_apples_52_in_alphabetical_order_then_the_head():
    assert len(ARKIT_BLENDSHAPES) == 52
    assert list(ARKIT_BLENDSHAPES) == sorted(ARKIT_BLENDSHAPES)
    assert get_space("arkit").channels[52:] == ("headPitch", "headYaw", "headRoll")


def test_arkit_groups_cover_every_channel_once():
    members = [i for group in get_space("arkit").groups.values() for i in group]
    assert sorted(members) == list(range(55))


def test_mirror_is_an_involution_that_exchanges_sides():
    space = get_space("arkit")
    order = np.array(space.mirror_index)
    assert (order[order] == np.arange(55)).all()
    assert space.channels[order[space.index("eyeBlinkLeft")]] == "eyeBlinkRight"
    assert space.channels[order[space.index("jawLeft")]] == "jawRight"
    assert space.mirror_sign[space.index("headYaw")] == -1
    assert space.mirror_sign[space.index("headPitch")] == 1


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="'brow'"):
        get_space("arkit").index("brow")
    with pytest.raises(ValueError, match="'smplx'"):
        get_space("smplx")
