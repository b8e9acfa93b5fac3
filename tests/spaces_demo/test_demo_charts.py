import numpy as np

from tdmm_hf.motion import FaceMotion
from tdmm_hf.spaces_demo import charts


def lines(figure):
    return {line.name: line for line in figure.data}


def test_curves_are_the_motion_against_time(smile):
    figure = charts.curves(smile)
    drawn = lines(figure)
    left = drawn["mouthSmile, left"]
    assert np.allclose(left.y, smile.channel("mouthSmileLeft"), atol=1e-3)
    assert np.allclose(left.x, (np.arange(50) + 0.5) / 25, atol=1e-3)
    assert np.allclose(drawn["headYaw"].y, np.degrees(smile.channel("headYaw")), atol=1e-3)
    assert figure.layout[f"xaxis{charts.ROWS + 1}"].title.text == "seconds"


def test_left_is_solid_and_right_is_dotted(smile):
    drawn = lines(charts.curves(smile))
    assert drawn["mouthSmile, left"].line.dash == "solid"
    assert drawn["mouthSmile, right"].line.dash == "dot"


def test_the_strongest_comes_first(smile):
    assert charts.curves(smile).data[0].name.startswith("mouthSmile")


def test_compared_motions_share_rows_and_keep_their_colours(smile):
    half = FaceMotion(np.array(smile.values) / 2)
    figure = charts.compared([smile, half], ["very", "slightly"])
    smiles = [line for line in figure.data if line.yaxis == "y"]
    assert [line.name for line in smiles] == ["very", "slightly"]
    assert np.allclose(smiles[1].y, np.array(smiles[0].y) / 2, atol=1e-3)
    assert smiles[0].line.color != smiles[1].line.color
    assert [line.name for line in figure.data if line.showlegend] == ["very", "slightly"]
    last = [line for line in figure.data if line.yaxis == f"y{charts.COMPARED_ROWS + 1}"]
    assert np.allclose(last[0].y, np.degrees(smile.channel("headYaw")), atol=1e-3)
