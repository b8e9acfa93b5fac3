"""USD: an animated head for usdview, Blender, Unreal, Houdini, Maya and Apple's Quick Look.

    >>> from tdmm_hf.formats import usd
    >>> usd.write(motion, "smile.usdz", identity=3)              # doctest: +SKIP
    >>> usd.read("smile.usdz") == motion                         # doctest: +SKIP

``.usda`` is text, ``.usd`` and ``.usdc`` are binary, ``.usdz`` is a package of one binary. A
UsdSkel root holds one mesh, in whose subsets the materials are, its blend shapes with ARKit's
names, a skeleton (``Neck``, ``Head``, ``LeftEye``, ``RightEye``) and one SkelAnimation: weights
and joint rotations at time codes 0, 1, 2 and so on, ``timeCodesPerSecond`` of them a second.
UsdSkel's own evaluation of a file gives ``rig.vertices(motion, identity)``.

Lengths are centimetres, which programs that do not ask for ``metersPerUnit`` assume; +y is up and
the face looks along +z. Nothing of an ``arkit`` motion is lost: both masks are in the animation's
``customData``. Needs the extra ``usd``.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..files import one_line, replacing
from ..import_utils import require_package
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, get_space
from ..rigs.mesh import MeshRig
from .scene import HEAD, INFLUENCES, Joint, Scene, joint_rotations, mesh_rig, scene
from .timing import spread_evenly

logger = logging.getLogger(__name__)

CENTIMETRES = 0.1  # per millimetre
SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")
ROOT = "/Face"
# The animation's customData.
CUSTOM, VERSION = "tdmm", 1


def write(
    motion: FaceMotion,
    path: str | os.PathLike,
    rig: str | MeshRig = "tdmm",
    identity: int | np.ndarray | None = None,
    look: str | None = None,
) -> None:
    """Write a head and its motion.

    Args:
        motion: in space ``arkit``.
        path: the file; its suffix chooses text, binary or package.
        rig: whose head: a rig with a surface, or the name of one.
        identity: of which person: a seed, a vector of the rig's, or the neutral head.
        look: a name of materials.yaml; by default a seed picks one, else the first.

    Raises:
        ValueError: another space, a rig without surface, an unknown look.
        ImportError: the extra ``usd`` is not installed.
    """
    require_package("pxr", "usd")
    head = mesh_rig(rig, motion)
    suffix = Path(path).suffix.lower()
    parts = scene(head, identity, look)
    with tempfile.TemporaryDirectory() as scratch, replacing(path) as beside:
        # USD takes the format from the suffix, which a file that is not finished yet must not have.
        name = Path(scratch) / f"face{'.usdc' if suffix == '.usdz' else suffix}"
        _write_stage(name, parts, motion, joint_rotations(motion, head))
        if suffix == ".usdz":
            name = _package(name)
        shutil.copyfile(name, beside)


def _package(layer: Path) -> Path:
    from pxr import UsdUtils

    package = layer.with_suffix(".usdz")
    if not UsdUtils.CreateNewUsdzPackage(str(layer), str(package)):
        raise OSError(f"usd-core could not make {package.name}")
    return package


def _write_stage(
    path: Path, parts: Scene, motion: FaceMotion, rotations: dict[str, np.ndarray]
) -> None:
    from pxr import Kind, Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    stage.SetTimeCodesPerSecond(motion.fps)
    stage.SetFramesPerSecond(motion.fps)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(motion.num_frames - 1)
    root = UsdSkel.Root.Define(stage, ROOT)
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    root.CreateExtentAttr(_vectors(_bounds(parts, motion, rotations[HEAD])))
    skeleton = _skeleton(stage, parts.joints)
    _animation(stage, skeleton, parts, motion, rotations)
    mesh = _mesh(stage, parts)
    _bind(mesh, skeleton, parts)
    _blend_shapes(stage, mesh, parts)
    _materials(stage, mesh, parts)
    stage.Save()


def _vectors(millimetres: np.ndarray):
    """(n, 3) lengths as USD holds them."""
    from pxr import Vt

    return Vt.Vec3fArray.FromNumpy((millimetres * CENTIMETRES).astype(np.float32))


def _bounds(parts: Scene, motion: FaceMotion, turns: np.ndarray) -> np.ndarray:
    """(2, 3) least and greatest corner of a box that no frame leaves.

    UsdSkel would compute one from the joints alone, which a turned head leaves. Every vertex lies
    between where it is with the head at rest and where it is with the head turned; with the head at
    rest, its blend shapes move it at most by their least and greatest weights.
    """
    low, high = parts.points.copy(), parts.points.copy()
    for channel, shape in parts.blend_shapes.items():
        weights = motion.channel(channel)
        moved = np.stack([shape.offsets * weight for weight in (0, weights.min(), weights.max())])
        low[shape.vertices] += moved.min(axis=0)
        high[shape.vertices] += moved.max(axis=0)
    box = np.stack([low.min(axis=0), high.max(axis=0)])
    corners = np.stack(np.meshgrid(*box.T, indexing="ij"), axis=-1).reshape(-1, 3)
    pivot = next(joint.position for joint in parts.joints if joint.name == HEAD)
    matrices = Rotation.from_quat(turns).as_matrix()  # (frames, 3, 3)
    turned = (corners - pivot) @ matrices.transpose(0, 2, 1) + pivot
    everywhere = np.concatenate([corners, turned.reshape(-1, 3)])
    return np.stack([everywhere.min(axis=0), everywhere.max(axis=0)])


def _joint_paths(joints: tuple[Joint, ...]) -> list[str]:
    """``Neck``, ``Neck/Head``, ``Neck/Head/LeftEye`` and so on."""
    paths: list[str] = []
    for joint in joints:
        paths.append(joint.name if joint.parent < 0 else f"{paths[joint.parent]}/{joint.name}")
    return paths


def _locals(joints: tuple[Joint, ...]) -> np.ndarray:
    """(joints, 3) millimetres from each joint's parent."""
    return np.stack(
        [
            joint.position - (joints[joint.parent].position if joint.parent >= 0 else 0)
            for joint in joints
        ]
    )


def _skeleton(stage, joints: tuple[Joint, ...]):
    from pxr import Gf, UsdGeom, UsdSkel

    def places(millimetres: np.ndarray) -> list:
        return [
            Gf.Matrix4d(1).SetTranslateOnly(Gf.Vec3d(*map(float, place * CENTIMETRES)))
            for place in millimetres
        ]

    skeleton = UsdSkel.Skeleton.Define(stage, f"{ROOT}/Skeleton")
    skeleton.CreateJointsAttr(_joint_paths(joints))
    world = np.stack([joint.position for joint in joints])
    skeleton.CreateBindTransformsAttr(places(world))
    skeleton.CreateRestTransformsAttr(places(_locals(joints)))
    skeleton.CreatePurposeAttr(UsdGeom.Tokens.guide)
    return skeleton


def _animation(
    stage, skeleton, parts: Scene, motion: FaceMotion, rotations: dict[str, np.ndarray]
) -> None:
    """Weights and turns of every frame, and what of the motion USD has no place for."""
    from pxr import Gf, UsdGeom, UsdSkel, Vt

    animation = UsdSkel.Animation.Define(stage, f"{ROOT}/Skeleton/Animation")
    animation.CreateJointsAttr(_joint_paths(parts.joints))
    animation.CreateTranslationsAttr(_vectors(_locals(parts.joints)))
    animation.CreateScalesAttr([Gf.Vec3h(1)] * len(parts.joints))
    animation.CreateBlendShapesAttr(list(parts.blend_shapes))
    weights = animation.CreateBlendShapeWeightsAttr()
    turns = animation.CreateRotationsAttr()
    values = motion.values[:, motion.space.indices(parts.blend_shapes)]
    quaternions = np.stack([rotations[joint.name] for joint in parts.joints], axis=1)
    for frame in range(motion.num_frames):
        weights.Set(Vt.FloatArray.FromNumpy(np.ascontiguousarray(values[frame])), frame)
        turns.Set([Gf.Quatf(w, x, y, z) for x, y, z, w in quaternions[frame].tolist()], frame)
    animation.GetPrim().SetCustomDataByKey(CUSTOM, _custom(motion))
    binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
    binding.CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    extent = skeleton.CreateExtentAttr()
    for frame in range(motion.num_frames):
        extent.Set(UsdGeom.Boundable.ComputeExtentFromPlugins(skeleton, frame), frame)


def _custom(motion: FaceMotion) -> dict:
    from pxr import Vt

    return {
        "version": VERSION,
        "space": motion.space.name,
        "spaceVersion": motion.space.version,
        "valid": Vt.BoolArray(motion.valid.tolist()),
        "observed": Vt.BoolArray(motion.observed.tolist()),
    }


def _mesh(stage, parts: Scene):
    from pxr import Sdf, UsdGeom, Vt

    mesh = UsdGeom.Mesh.Define(stage, f"{ROOT}/Surface")
    points = _vectors(parts.points)
    mesh.CreatePointsAttr(points)
    mesh.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
    mesh.CreateFaceVertexCountsAttr([3] * len(parts.triangles))
    triangles = np.ascontiguousarray(parts.triangles.reshape(-1), dtype=np.int32)
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(triangles))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDoubleSidedAttr(any(material.two_sided for material in parts.materials))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(parts.normals.astype(np.float32)))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    colors = Vt.Vec3fArray.FromNumpy(parts.colors.astype(np.float32))
    mesh.CreateDisplayColorPrimvar(UsdGeom.Tokens.vertex).Set(colors)
    coordinates = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
    )
    coordinates.Set(Vt.Vec2fArray.FromNumpy(parts.uv.astype(np.float32)))
    return mesh


def _bind(mesh, skeleton, parts: Scene) -> None:
    from pxr import Gf, UsdSkel, Vt

    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    indices = np.ascontiguousarray(parts.joint_indices.reshape(-1), dtype=np.int32)
    weights = np.ascontiguousarray(parts.joint_weights.reshape(-1), dtype=np.float32)
    binding.CreateJointIndicesPrimvar(False, INFLUENCES).Set(Vt.IntArray.FromNumpy(indices))
    binding.CreateJointWeightsPrimvar(False, INFLUENCES).Set(Vt.FloatArray.FromNumpy(weights))


def _blend_shapes(stage, mesh, parts: Scene) -> None:
    """Those that move anything; UsdSkel leaves the weights of others alone."""
    from pxr import UsdSkel, Vt

    names, targets = [], []
    for channel, moved in parts.blend_shapes.items():
        if not len(moved.vertices):
            continue
        shape = UsdSkel.BlendShape.Define(stage, mesh.GetPath().AppendChild(channel))
        shape.CreateOffsetsAttr(_vectors(moved.offsets))
        shape.CreateNormalOffsetsAttr(Vt.Vec3fArray.FromNumpy(moved.normals.astype(np.float32)))
        shape.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(moved.vertices.astype(np.int32)))
        names.append(channel)
        targets.append(shape.GetPath())
    binding = UsdSkel.BindingAPI(mesh)
    binding.CreateBlendShapesAttr(names)
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def _materials(stage, mesh, parts: Scene) -> None:
    """One preview surface for each material, bound to its subset of the triangles."""
    from pxr import Gf, Sdf, UsdGeom, UsdShade, Vt

    UsdGeom.Scope.Define(stage, f"{ROOT}/Materials")
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim())
    family = UsdShade.Tokens.materialBind
    for at, look in enumerate(parts.materials):
        faces = np.flatnonzero(parts.face_materials == at).astype(np.int32)
        if not len(faces):
            continue
        material = UsdShade.Material.Define(stage, f"{ROOT}/Materials/{look.name}")
        shader = UsdShade.Shader.Define(stage, f"{ROOT}/Materials/{look.name}/Surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        color = Gf.Vec3f(*map(float, look.color))
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(color)
        shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(look.roughness)
        shader.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        subset = UsdGeom.Subset.CreateGeomSubset(
            mesh, look.name, UsdGeom.Tokens.face, Vt.IntArray.FromNumpy(faces), family
        )
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)
    UsdGeom.Subset.SetFamilyType(mesh, family, UsdGeom.Tokens.partition)


def read(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """Read the motion of a file of ours, or the ARKit weights of another's SkelAnimation.

    Only the file itself is read: nothing that it refers to. In a foreign file the head is not
    observed, since its joints may turn about other axes, and blend shapes that ARKit does not have
    are left out, with a warning.

    Args:
        path: the file.
        fps: frames per second, taken in place of what the file says.

    Raises:
        ValueError: not USD, or without an animation of ARKit's blend shapes; names the file.
        OSError: the file cannot be opened.
        ImportError: the extra ``usd`` is not installed.
    """
    require_package("pxr", "usd")
    from pxr import Tf

    name = Path(path).name
    layer = _layer(path)
    try:
        return _motion(layer, _find_animation(layer), fps, name)
    except Tf.ErrorException as error:  # values are unpacked when they are asked for
        raise ValueError(f"{name}: not a readable USD file") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def _layer(path: str | os.PathLike):
    from pxr import Sdf, Tf

    with open(path, "rb"):  # an OSError of Python's where it cannot be opened
        pass
    try:
        layer = Sdf.Layer.OpenAsAnonymous(str(path))
    except Tf.ErrorException as error:
        raise ValueError(f"{Path(path).name}: not a readable USD file") from error
    if layer is None:
        raise ValueError(f"{Path(path).name}: not a readable USD file")
    return layer


def _find_animation(layer):
    """The first SkelAnimation with blend shapes that ARKit knows."""
    known = {name.lower() for name in get_space("arkit").channels}
    found = []

    def visit(path) -> None:
        prim = layer.GetPrimAtPath(path) if path.IsPrimPath() else None
        if prim and prim.typeName == "SkelAnimation":
            names = _default(layer, path, "blendShapes") or []
            if known & {str(name).lower() for name in names}:
                found.append(path)

    layer.Traverse(layer.pseudoRoot.path, visit)
    if not found:
        raise ValueError("needs a SkelAnimation with the names of ARKit's blend shapes")
    return found[0]


def _default(layer, prim, attribute: str):
    spec = layer.GetAttributeAtPath(prim.AppendProperty(attribute))
    return spec.default if spec else None


def _motion(layer, animation, fps: float | None, name: str) -> FaceMotion:
    custom = dict(layer.GetPrimAtPath(animation).customData).get(CUSTOM)
    rate = layer.timeCodesPerSecond if fps is None else fps
    if custom is None:
        return _foreign(layer, animation, rate, name)
    space = get_space(custom["space"])
    if (custom["version"], custom["spaceVersion"]) != (VERSION, space.version):
        raise ValueError(f"written by another version: {custom['version']}")
    values = np.zeros((len(custom["valid"]), len(space.channels)))
    columns = space.indices([str(n) for n in _default(layer, animation, "blendShapes")])
    times = range(len(values))
    values[:, columns] = _samples(layer, animation, "blendShapeWeights", times)
    values[:, space.indices(HEAD_CHANNELS)] = _head(layer, animation, times)
    return FaceMotion(
        values, rate, space, valid=np.array(custom["valid"]), observed=np.array(custom["observed"])
    )


def _foreign(layer, animation, fps: float, name: str) -> FaceMotion:
    """A motion of the ARKit weights alone, a frame at every whole time code."""
    space = get_space("arkit")
    known = {channel.lower(): i for i, channel in enumerate(space.channels)}
    names = [str(n).lower() for n in _default(layer, animation, "blendShapes")]
    kept = [i for i, n in enumerate(names) if n in known]
    if len(kept) < len(names):
        logger.warning("%s: %d blend shapes are not ARKit's", name, len(names) - len(kept))
    path = animation.AppendProperty("blendShapeWeights")
    times = np.array(sorted(layer.ListTimeSamplesForPath(path)) or [0.0])
    samples = np.array(_samples(layer, animation, "blendShapeWeights", times.tolist()))
    seen = np.ones(len(times), dtype=bool)
    frames = spread_evenly(times, samples, seen, fps=1.0).values  # a time code is one frame
    columns = [known[names[i]] for i in kept]
    values = np.zeros((len(frames), len(space.channels)))
    for column, i in zip(columns, kept, strict=True):
        values[:, column] = frames[:, i]
    observed = np.isin(np.arange(len(space.channels)), columns)
    return FaceMotion(values, fps, space, observed=observed)


def _samples(layer, animation, attribute: str, times) -> list:
    """The value of an attribute at each time, or the one that it has for all."""
    path = animation.AppendProperty(attribute)
    constant = _default(layer, animation, attribute)
    found = [layer.QueryTimeSample(path, time) for time in times]
    found = [constant if sample is None else sample for sample in found]
    if None in found:
        raise ValueError(f"{attribute} must have a sample at time code {found.index(None)}")
    return found


def _head(layer, animation, times) -> np.ndarray:
    """(frames, 3) pitch, yaw and roll of the head joint."""
    joints = [str(joint).split("/")[-1] for joint in _default(layer, animation, "joints")]
    at = joints.index(HEAD)
    turns = [sample[at] for sample in _samples(layer, animation, "rotations", times)]
    quaternions = [[*turn.imaginary, turn.real] for turn in turns]
    yaw, pitch, roll = Rotation.from_quat(quaternions).as_euler("YXZ").T
    return np.column_stack([pitch, yaw, roll])
