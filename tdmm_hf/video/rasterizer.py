"""Compiled loops of the software renderer: which triangle each sample sees, and its light.

>>> import numpy as np
>>> from tdmm_hf.video.rasterizer import cover
>>> triangle = np.array([[0, 0, 0], [0, 8, 0], [8, 0, 0]], dtype=np.float32)
>>> owners = cover(triangle, np.array([[0, 1, 2]], dtype=np.int32), np.array([False]), 8)
>>> owners[0, 0].tolist(), owners[7, 7].tolist()
([0, 0, 0, 0], [-1, -1, -1, -1])
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Where the samples lie in a pixel: the standard pattern of four, as graphics hardware has it.
SAMPLES_X = np.array([0.375, 0.875, 0.125, 0.625], dtype=np.float32)
SAMPLES_Y = np.array([0.125, 0.375, 0.625, 0.875], dtype=np.float32)
NOBODY = -1
_compiled = njit(nogil=True, cache=True, fastmath=True)
_CREEP = (0.32, 0.16, 0.11)
_DIRECT_OCCLUSION = np.float32(0.80)
_REFLECTANCE = np.float32(0.028)
# What is shown of light: tone curve and gamma of head.frag, by the light's root, finer in the dark.
_STEPS = 4096
_BRIGHTEST = 6.0
_LIGHT = _BRIGHTEST * np.linspace(0, 1, _STEPS) ** 2
_TONES = np.rint(255 * (1 - np.exp(-_LIGHT)) ** (1 / 2.2)).astype(np.uint8)


@_compiled
def cover(screen, faces, two_sided, size):
    """The face that each sample sees, (size, size, 4) int32, ``NOBODY`` for none.

    Args:
        screen: (V, 3) float32 pixels right and down, depth.
        faces: (F, 3) int32, counter-clockwise seen from outside.
        two_sided: (F,) bool, whether the inside is seen too.
        size: of the picture.
    """
    owners = np.full((size, size, 4), NOBODY, dtype=np.int32)
    nearest = np.full((size, size, 4), np.float32(1.0), dtype=np.float32)
    for face in range(len(faces)):
        a, b, c = screen[faces[face, 0]], screen[faces[face, 1]], screen[faces[face, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0 or (area > 0 and not two_sided[face]):
            continue
        left = max(0, math.floor(min(a[0], b[0], c[0])))
        right = min(size - 1, math.floor(max(a[0], b[0], c[0])))
        top = max(0, math.floor(min(a[1], b[1], c[1])))
        bottom = min(size - 1, math.floor(max(a[1], b[1], c[1])))
        # Shares of b and c at a point: linear functions that rise by these to the right and down.
        b_right, b_down = (c[1] - a[1]) / area, -(c[0] - a[0]) / area
        c_right, c_down = -(b[1] - a[1]) / area, (b[0] - a[0]) / area
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                for sample in range(4):
                    right_of = x + SAMPLES_X[sample] - a[0]
                    below = y + SAMPLES_Y[sample] - a[1]
                    share_b = right_of * b_right + below * b_down
                    share_c = right_of * c_right + below * c_down
                    if share_b < 0 or share_c < 0 or share_b + share_c > 1:
                        continue
                    depth = a[2] + share_b * (b[2] - a[2]) + share_c * (c[2] - a[2])
                    if depth < nearest[y, x, sample]:
                        nearest[y, x, sample] = depth
                        owners[y, x, sample] = face
    return owners


@_compiled
def shade(owners, screen, faces, moving, surface, lights, backdrop):
    """The picture, (size, size, 3) uint8: each face in a pixel is lit once, at its samples' middle.

    Args:
        owners: (size, size, 4) from ``cover``.
        screen: (V, 3) as for ``cover``.
        faces: (F, 3) int32.
        moving: (V, 7) float32 position, normal, openness.
        surface: (V, 6) float32 linear colour, roughness, specular, subsurface.
        lights: (9, 3) float32: three directions, three colours, sky, ground, the camera's place.
        backdrop: (size, size, 3) uint8.
    """
    size = len(owners)
    picture = np.empty((size, size, 3), dtype=np.uint8)
    mixed = np.empty(13, dtype=np.float32)
    total = np.empty(3, dtype=np.float32)
    light = np.empty(3, dtype=np.float32)
    for y in range(size):
        for x in range(size):
            total[:] = 0
            for sample in range(4):
                face = owners[y, x, sample]
                if face == NOBODY:
                    for k in range(3):
                        total[k] += backdrop[y, x, k]
                    continue
                count = 0
                at_x = at_y = np.float32(0)
                for other in range(4):
                    if owners[y, x, other] == face:
                        if other < sample:
                            break  # lit already
                        count += 1
                        at_x += SAMPLES_X[other]
                        at_y += SAMPLES_Y[other]
                if count == 0:
                    continue
                _mix(
                    mixed, faces[face], screen, moving, surface, x + at_x / count, y + at_y / count
                )
                _lit(light, mixed, lights)
                for k in range(3):
                    step = np.int32(math.sqrt(light[k] / _BRIGHTEST) * (_STEPS - 1))
                    total[k] += count * _TONES[min(step, _STEPS - 1)]
            for k in range(3):
                picture[y, x, k] = np.uint8(total[k] * 0.25 + 0.5)
    return picture


@_compiled
def _mix(mixed, face, screen, moving, surface, x, y):
    """What a face's vertices carry, (13,), at a point of the screen; the normal is the viewer's."""
    i, j, k = face[0], face[1], face[2]
    a, b, c = screen[i], screen[j], screen[k]
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    share_b = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
    share_c = ((y - a[1]) * (b[0] - a[0]) - (x - a[0]) * (b[1] - a[1])) / area
    share_a = 1 - share_b - share_c
    for n in range(7):
        mixed[n] = share_a * moving[i, n] + share_b * moving[j, n] + share_c * moving[k, n]
    for n in range(6):
        mixed[7 + n] = share_a * surface[i, n] + share_b * surface[j, n] + share_c * surface[k, n]
    length = math.sqrt(mixed[3] ** 2 + mixed[4] ** 2 + mixed[5] ** 2)
    turn = -1 / max(length, np.float32(1e-6)) if area > 0 else 1 / max(length, np.float32(1e-6))
    for n in range(3, 6):
        mixed[n] *= turn


@_compiled
def _lit(light, mixed, lights):
    """Linear RGB (3,) that a point sends to the camera: head.frag, line for line."""
    nx, ny, nz, free = mixed[3], mixed[4], mixed[5], mixed[6]
    vx, vy, vz = lights[8, 0] - mixed[0], lights[8, 1] - mixed[1], lights[8, 2] - mixed[2]
    length = math.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx / length, vy / length, vz / length
    up = np.float32(0.5) + np.float32(0.5) * ny
    direct = 1 - _DIRECT_OCCLUSION * (1 - free)
    for k in range(3):
        color = mixed[7 + k]
        sky = lights[7, k] + up * (lights[6, k] - lights[7, k])
        light[k] = color * free / (1 - color * (1 - free)) * sky
    a2 = mixed[10] ** 4
    for i in range(3):
        lx, ly, lz = lights[i, 0], lights[i, 1], lights[i, 2]
        facing = nx * lx + ny * ly + nz * lz
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        length = max(math.sqrt(hx * hx + hy * hy + hz * hz), np.float32(1e-6))
        nh = max((nx * hx + ny * hy + nz * hz) / length, np.float32(0))
        lh = max((lx * hx + ly * hy + lz * hz) / length, np.float32(0.1))
        d = nh * nh * (a2 - 1) + 1
        away = 1 - lh
        fresnel = _REFLECTANCE + (1 - _REFLECTANCE) * away**5
        gloss = mixed[11] * fresnel * a2 / (4 * d * d * lh * lh) * max(facing, np.float32(0))
        for k in range(3):
            creep = np.float32(_CREEP[k]) * mixed[12]
            diffuse = max(facing + creep, np.float32(0)) / ((1 + creep) * (1 + creep))
            light[k] += lights[3 + i, k] * (mixed[7 + k] * diffuse + gloss) * direct
