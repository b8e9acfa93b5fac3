"""USD: UsdSkel evaluates a file as the rig does, and usd-core's validators find no fault."""

import numpy as np
import pytest

from tdmm_hf.formats import load, save, usd
from tdmm_hf.motion import FaceMotion
from tdmm_hf.rigs import get_rig

pxr = pytest.importorskip("pxr", reason="usd-core is not installed")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade, UsdSkel, UsdValidation  # noqa: E402

IDENTITY = np.array([1.5, -1.0])


@pytest.fixture(scope="module")
def files(small_head, lively, tmp_path_factory):
    """The same motion in each kind of file."""
    folder = tmp_path_factory.mktemp("usd")
    for suffix in usd.SUFFIXES:
        usd.write(lively, folder / f"m{suffix}", rig=small_head, identity=IDENTITY)
    return folder


@pytest.fixture
def stage(files):
    return Usd.Stage.Open(str(files / "m.usdc"))


def mesh_of(stage):
    return UsdGeom.Mesh(stage.GetPrimAtPath("/Face/Surface"))


def skinned(stage, frames):
    """(frames, V, 3) millimetres, as UsdSkel bakes them."""
    root = UsdSkel.Root(stage.GetPrimAtPath("/Face"))
    assert UsdSkel.BakeSkinning(root, Gf.Interval(min(frames), max(frames)))
    points = mesh_of(stage).GetPointsAttr()
    return np.array([np.array(points.Get(frame)) for frame in frames]) * 10


def complaints(path):
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    context = UsdValidation.ValidationContext(validators)
    errors = context.Validate(Usd.Stage.Open(str(path)))
    return [f"{error.GetName()}: {error.GetMessage()}" for error in errors]


@pytest.mark.parametrize("suffix", usd.SUFFIXES)
def test_usd_core_finds_no_fault(files, suffix):
    assert complaints(files / f"m{suffix}") == []


def test_the_check_can_fail(files, tmp_path):
    text = (files / "m.usda").read_text()
    (tmp_path / "bad.usda").write_text(text.replace("SkelBindingAPI", "MaterialBindingAPI"))
    assert any("SkelBindingAPI" in complaint for complaint in complaints(tmp_path / "bad.usda"))


def test_baked_points_are_the_rigs(stage, small_head, lively):
    frames = [0, 7, 19]
    expected = small_head.vertices(lively, IDENTITY)[frames]
    np.testing.assert_allclose(skinned(stage, frames), expected, atol=0.001)


def test_baked_points_of_our_own_head(tmp_path, lively):
    rig = get_rig("tdmm")
    usd.write(lively, tmp_path / "m.usdz", identity=3, look="umber")
    assert complaints(tmp_path / "m.usdz") == []
    stage = Usd.Stage.Open(str(tmp_path / "m.usdz"))
    stage = Usd.Stage.Open(stage.Flatten())
    found = skinned(stage, [2, 11])
    expected = rig.vertices(lively, rig.random_identity(3))[[2, 11]]
    assert np.abs(found - expected).max() < 0.05
    assert (tmp_path / "m.usdz").stat().st_size < 6e6


@pytest.mark.parametrize("suffix", usd.SUFFIXES)
def test_the_motion_comes_back(files, lively, suffix):
    back = usd.read(files / f"m{suffix}")
    np.testing.assert_allclose(back.values, lively.values, atol=1e-6)
    assert (back.fps, back.space.name) == (lively.fps, "arkit")
    np.testing.assert_array_equal(back.valid, lively.valid)
    np.testing.assert_array_equal(back.observed, lively.observed)


def test_load_and_save_know_usd(small_head, lively, tmp_path):
    save(lively, tmp_path / "m.USDZ", rig=small_head, look="sand")
    assert load(tmp_path / "m.USDZ", fps=25).fps == 25
    assert [file.name for file in tmp_path.iterdir()] == ["m.USDZ"]


def test_one_frame(small_head, tmp_path):
    still = FaceMotion(np.zeros((1, 55)))
    usd.write(still, tmp_path / "m.usdc", rig=small_head)
    assert usd.read(tmp_path / "m.usdc") == still


def test_stage_metadata(stage, lively):
    assert UsdGeom.GetStageMetersPerUnit(stage) == 0.01
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert stage.GetTimeCodesPerSecond() == lively.fps
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0, lively.num_frames - 1)
    assert stage.GetDefaultPrim().IsA(UsdSkel.Root)


def test_blend_shapes_are_sparse_and_animated_by_arkits_names(stage):
    animation = UsdSkel.Animation(stage.GetPrimAtPath("/Face/Skeleton/Animation"))
    names = list(animation.GetBlendShapesAttr().Get())
    assert len(names) == 52
    assert {"jawOpen", "tongueOut"} <= set(names)
    targets = UsdSkel.BindingAPI(mesh_of(stage)).GetBlendShapesAttr().Get()
    assert set(targets) == {"jawOpen", "mouthSmileLeft", "mouthSmileRight"}
    smile = UsdSkel.BlendShape(stage.GetPrimAtPath("/Face/Surface/mouthSmileLeft"))
    points = np.array(mesh_of(stage).GetPointsAttr().Get())
    moved = points[list(smile.GetPointIndicesAttr().Get())]
    assert 0 < len(moved) < len(points) / 2
    assert (moved[:, 0] > 0).all()  # the subject's left


def test_the_extent_holds_every_frame(stage, small_head, lively):
    low, high = (np.array(c) for c in stage.GetPrimAtPath("/Face").GetAttribute("extent").Get())
    points = small_head.vertices(lively, IDENTITY).reshape(-1, 3) / 10
    assert (low <= points.min(axis=0) + 1e-4).all()
    assert (high >= points.max(axis=0) - 1e-4).all()
    assert (high - low < 2 * np.ptp(points, axis=0)).all()


def test_every_triangle_has_the_colour_of_its_material(stage, small_head):
    subsets = UsdShade.MaterialBindingAPI(mesh_of(stage)).GetMaterialBindSubsets()
    for at, name in enumerate(small_head.materials):
        subset = next(s for s in subsets if s.GetPrim().GetName() == name)
        faces = np.flatnonzero(small_head.face_materials == at)
        np.testing.assert_array_equal(subset.GetIndicesAttr().Get(), faces)
        material, _ = UsdShade.MaterialBindingAPI(subset).ComputeBoundMaterial()
        color = np.array(material.ComputeSurfaceSource()[0].GetInput("diffuseColor").Get())
        assert material.GetPrim().GetName() == name
        assert color.max() <= 1
    lips = stage.GetPrimAtPath("/Face/Materials/lips/Surface")
    red = UsdShade.Shader(lips).GetInput("diffuseColor").Get()[0]
    assert red == pytest.approx(((0xB2 / 255 + 0.055) / 1.055) ** 2.4, abs=1e-6)


def foreign(path, names, times, joints=False):
    stage = Usd.Stage.CreateNew(str(path))
    stage.SetTimeCodesPerSecond(24)
    animation = UsdSkel.Animation.Define(stage, "/Rig/Anim")
    animation.CreateBlendShapesAttr(names)
    weights = animation.CreateBlendShapeWeightsAttr()
    for time in times:
        weights.Set([time / 10] * len(names), time)
    stage.Save()


def test_weights_of_foreign_files(tmp_path, caplog):
    foreign(tmp_path / "m.usda", ["JawOpen", "mouthPucker", "Bulge"], [1, 2, 4])
    back = usd.read(tmp_path / "m.usda")
    np.testing.assert_allclose(back.channel("jawOpen"), [0.1, 0.2, 0.3, 0.4], atol=1e-6)
    assert back.fps == 24
    seen = [name for name, known in zip(back.channels, back.observed, strict=True) if known]
    assert seen == ["jawOpen", "mouthPucker"]
    assert "1 blend shapes are not ARKit's" in caplog.text


def test_foreign_times_that_are_no_animation(tmp_path):
    foreign(tmp_path / "m.usda", ["jawOpen"], [0, 1e9])
    with pytest.raises(ValueError, match=r"m\.usda: frames must follow each other closely"):
        usd.read(tmp_path / "m.usda")


def test_nothing_that_a_file_refers_to_is_read(files, tmp_path):
    layer = Sdf.Layer.CreateNew(str(tmp_path / "outer.usda"))
    layer.subLayerPaths.append(str(files / "m.usdc"))
    layer.Save()
    with pytest.raises(ValueError, match="needs a SkelAnimation"):
        usd.read(tmp_path / "outer.usda")


@pytest.mark.parametrize("suffix", usd.SUFFIXES)
@pytest.mark.parametrize(
    "contents",
    [b"", b"#usda 1.0\n(", b"PXR-USDC" + b"x" * 90, b"PK\3\4"],
    ids=["empty", "text", "crate", "package"],
)
def test_damaged_files(tmp_path, suffix, contents):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"^bad\.[^\n]*(not a readable USD|needs a SkelAnimation)"):
        usd.read(path)


def test_truncated_files(files, tmp_path):
    for suffix in (".usdc", ".usdz", ".usda"):
        whole = (files / f"m{suffix}").read_bytes()
        path = tmp_path / f"bad{suffix}"
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ValueError, match=r"^bad\."):
            usd.read(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        usd.read(tmp_path / "absent.usdz")


def test_unfit_requests_write_nothing(small_head, lively, tmp_path):
    flame = FaceMotion(np.zeros((2, 58)), space="flame")
    requests = [
        (flame, {"rig": small_head}, "space 'arkit', got 'flame'"),
        (lively, {"rig": "sparse"}, "rig with a surface, got rig 'sparse'"),
        (lively, {"rig": small_head, "look": "green"}, "look must be one of"),
        (lively, {"rig": small_head, "identity": np.zeros(5)}, "identity must have shape"),
    ]
    for motion, options, message in requests:
        with pytest.raises(ValueError, match=message):
            usd.write(motion, tmp_path / "m.usdz", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int version = 1", "int version = 2"),
        ('string space = "arkit"', 'string space = "flesh"'),
        ('string space = "arkit"', 'string place = "arkit"'),
        ("quatf[] rotations", "quatf[] spins"),
        ("Neck/Head", "Neck/Skull"),
    ],
)
def test_unfit_contents(files, tmp_path, old, new):
    text = (files / "m.usda").read_text()
    assert old in text
    (tmp_path / "bad.usda").write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=r"^bad\.usda: [^\n]+$"):
        usd.read(tmp_path / "bad.usda")
