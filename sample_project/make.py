"""Makes the sample project's stacks and masks: `python sample_project/make.py`.

Twelve screws in bone, drawn from formulas and fixed seeds, so that the same files come out
each time. Lengths are pixels, which are as long in z as in y and x; grey values are 0..1
until the last step turns them into 16-bit numbers.
"""

import argparse
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import tifffile

Floats = npt.NDArray[np.float64]
Layout = Literal["deflate", "plain", "bigtiff", "folder"]

BACKGROUND, BONE, LAYER, IMPLANT = range(4)
ANGLES = 360  # samples round the screw of everything that varies over its surface


class Patch(NamedTuple):
    """A stretch of the screw that corrodes: about slice `z`, fading over `reach` slices."""

    z: float
    reach: float
    depth: float  # of the layer at its thickest


class Cortex(NamedTuple):
    """A shell of dense bone; soft tissue lies beyond it, sponge-like bone before it.

    The shell's outer face is at `distance` from the stack's centre along `normal` (z, y, x).
    """

    normal: tuple[float, float, float]
    distance: float
    thickness: float


@dataclass(frozen=True)
class Screw:
    """One sample: what is in it and how it was imaged."""

    name: str
    shape: tuple[int, int, int]
    # The implant. Position and tilt are (y, x): from the centre, and drift a slice.
    core: float
    thread: float
    pitch: float
    starts: int = 1
    position: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    head_below: float | None = None
    head_radius: float = 0.0
    end_above: float | None = None
    # What surrounds it.
    patches: tuple[Patch, ...] = ()
    bone: float = 0.5  # half width of the band of the noise that is bone; more is denser
    spacing: float = 4.6
    cortex: Cortex | None = None
    gas: float = 0.0
    # How it was imaged.
    grey: tuple[float, float] = (500.0, 600.0)  # 16-bit value of 0, and of 1 above that
    bone_grey: float = 0.53
    layer_grey: float = 0.67
    blur: float = 0.75
    noise: float = 0.04
    rings: float = 0.015
    streaks: float = 0.04
    layout: Layout = "deflate"


# Middle slices are mostly plain shaft: heads, ends, cortex and thick corrosion sit to one side
# of most stacks, so that which slices are labelled matters. Deflated stacks have few grey levels,
# to stay small; the two plain ones use the wide range that others never reach.
SCREWS = (
    Screw(
        "screw01", (28, 128, 128), core=15, thread=7, pitch=15, tilt=(0.15, 0.2),
        patches=(Patch(3, 5, 5.5), Patch(25, 3, 4.5)), bone=0.52, grey=(480, 300),
    ),
    Screw(
        "screw02", (24, 120, 128), core=19, thread=6, pitch=22, starts=2, position=(4, -9),
        tilt=(-0.2, 0.3), patches=(Patch(21, 5, 6.0), Patch(2, 3, 4.0)), bone=0.65,
        cortex=Cortex((-1.0, 0.15, 0.2), 2, 14), grey=(1900, 24000), noise=0.035, layout="plain",
    ),
    Screw(
        "screw03", (32, 132, 116), core=12, thread=7, pitch=17, position=(-8, 5), tilt=(0.3, -0.1),
        end_above=24, patches=(Patch(22, 4, 6.0), Patch(5, 5, 4.8)), bone=0.45, spacing=5.4,
        gas=0.5, grey=(900, 260), noise=0.05, blur=0.9, streaks=0.02,
        bone_grey=0.50,
    ),
    Screw(
        "screw04", (26, 116, 132), core=16, thread=8, pitch=24, starts=2, position=(6, 8),
        tilt=(0.1, -0.35), head_below=7, head_radius=33,
        patches=(Patch(7, 3, 5.0), Patch(23, 4, 5.0)), bone=0.60,
        cortex=Cortex((-1.0, -0.1, 0.1), 7, 9), grey=(300, 350), streaks=0.06, layout="folder",
    ),
    Screw(
        "screw05", (36, 128, 120), core=14, thread=6, pitch=13, position=(2, -4),
        tilt=(-0.25, -0.2), patches=(Patch(31, 5, 6.0), Patch(5, 6, 4.5)), bone=0.40,
        spacing=5.0, gas=0.8, grey=(650, 240), noise=0.05, rings=0.025, bone_grey=0.48,
        layer_grey=0.63,
    ),
    Screw(
        "screw06", (24, 112, 124), core=20, thread=7, pitch=26, starts=3, position=(-3, 2),
        tilt=(0.2, 0.15), patches=(Patch(2, 5, 5.0), Patch(14, 5, 3.8)), bone=0.55,
        cortex=Cortex((0.1, 1.0, -0.5), 44, 22), grey=(9000, 31000), noise=0.03, blur=0.7,
        layout="bigtiff",
    ),
    Screw(
        "screw07", (30, 124, 128), core=15, thread=8, pitch=20, position=(9, -7),
        tilt=(-0.3, 0.25), head_below=5, head_radius=30,
        patches=(Patch(8, 4, 5.4), Patch(26, 4, 5.4)), bone=0.45,
        cortex=Cortex((-0.9, 0.3, -0.2), 9, 11), grey=(1200, 320), noise=0.045, rings=0.02,
        bone_grey=0.55, layer_grey=0.70,
    ),
    Screw(
        "screw08", (28, 136, 116), core=13, thread=7, pitch=28, starts=2, position=(-10, -2),
        tilt=(0.25, 0.1), end_above=21, patches=(Patch(4, 5, 5.2), Patch(18, 5, 5.0)), bone=0.60,
        spacing=4.2, grey=(750, 280), noise=0.05, streaks=0.06, blur=0.9,
        bone_grey=0.56, layer_grey=0.69,
    ),
    Screw(
        "screw09", (26, 128, 120), core=15, thread=7, pitch=15, position=(-5, 7),
        tilt=(0.2, -0.25), end_above=21, patches=(Patch(5, 6, 5.0), Patch(18, 5, 5.2)), bone=0.50,
        grey=(560, 300), noise=0.045, gas=0.5, bone_grey=0.51, layer_grey=0.66,
    ),
    Screw(
        "screw10", (28, 120, 128), core=17, thread=7, pitch=26, starts=2, position=(5, 3),
        tilt=(-0.15, 0.3), head_below=6, head_radius=32,
        patches=(Patch(10, 4, 5.0), Patch(22, 7, 4.4)), bone=0.56,
        cortex=Cortex((-1.0, 0.2, 0.0), 7, 12), grey=(820, 310), noise=0.04, rings=0.02,
    ),
    Screw(
        "screw11", (28, 128, 124), core=15, thread=7, pitch=18, position=(7, -6),
        tilt=(-0.25, 0.15), head_below=6, head_radius=31,
        patches=(Patch(11, 5, 5.5), Patch(24, 5, 4.6)), bone=0.50,
        cortex=Cortex((-1.0, -0.15, 0.15), 8, 11), grey=(400, 330), noise=0.045, streaks=0.06,
    ),
    Screw(
        "screw12", (28, 124, 132), core=14, thread=7, pitch=26, starts=2, position=(-6, -4),
        tilt=(0.3, 0.2), end_above=22, patches=(Patch(5, 5, 4.6), Patch(19, 6, 5.6)), bone=0.50,
        spacing=5.2, gas=0.7, grey=(1000, 270), noise=0.05, blur=0.9, bone_grey=0.50,
        layer_grey=0.65,
    ),
)  # fmt: skip


# Noise and blur ---------------------------------------------------------------------------


def randoms(name: str, purpose: str) -> np.random.RandomState:
    """A stream of its own for each use, so that changing one part leaves the others as they are.

    RandomState and not default_rng: its streams are promised not to change between NumPy versions.
    """
    return np.random.RandomState(zlib.crc32(f"{name}/{purpose}".encode()))


def blur(field: Floats, sigmas: Sequence[float]) -> Floats:
    """Gaussian blur, one sigma an axis; what lies beyond the border is its mirror image."""
    for axis, sigma in enumerate(sigmas):
        if sigma > 0:
            field = _blur_axis(field, axis, sigma)
    return field


def _blur_axis(field: Floats, axis: int, sigma: float) -> Floats:
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padding = [(reach, reach) if other == axis else (0, 0) for other in range(field.ndim)]
    # The axis goes first, so that shifting along it is plain slicing.
    padded = np.moveaxis(np.pad(field, padding, mode="symmetric"), axis, 0)
    length = field.shape[axis]
    blurred = np.zeros((length, *padded.shape[1:]))
    for shift, weight in enumerate(weights):
        blurred += weight * padded[shift : shift + length]
    return np.moveaxis(blurred, 0, axis)


def standardised(field: Floats) -> Floats:
    """`field` with mean 0 and standard deviation 1."""
    centred: Floats = (field - field.mean()) / field.std()
    return centred


def smooth_noise(
    random: np.random.RandomState, shape: Sequence[int], sigmas: Sequence[float]
) -> Floats:
    """Blurred white noise."""
    return standardised(blur(random.standard_normal(tuple(shape)), sigmas))


def band_noise(
    random: np.random.RandomState, shape: Sequence[int], sigmas: Sequence[float]
) -> Floats:
    """Noise of about one wavelength: what is left between two blurs."""
    white = random.standard_normal(tuple(shape))
    return standardised(blur(white, sigmas) - blur(white, [1.6 * sigma for sigma in sigmas]))


def surface_noise(
    random: np.random.RandomState, slices: int, z_sigma: float, degrees: float
) -> Floats:
    """Noise over the screw's surface, (slices, ANGLES), without a seam at angle 0."""
    white = random.standard_normal((slices, ANGLES))
    # Three turns side by side, of which the middle one is kept: its blur went round.
    turns = blur(np.tile(white, (1, 3)), (z_sigma, degrees * ANGLES / 360))
    return standardised(turns[:, ANGLES : 2 * ANGLES])


def coverage(depth: Floats) -> Floats:
    """How much of a pixel lies inside a surface that is `depth` pixels away."""
    return np.clip(depth + 0.5, 0, 1)


# The screw --------------------------------------------------------------------------------


class Polar(NamedTuple):
    """Every voxel as seen from the screw's axis."""

    radius: Floats
    angle: Floats  # 0..2 pi


def around_axis(screw: Screw) -> Polar:
    slices, height, width = screw.shape
    z, y, x = np.ogrid[:slices, :height, :width]
    along = z - (slices - 1) / 2
    dy = y - ((height - 1) / 2 + screw.position[0] + screw.tilt[0] * along)
    dx = x - ((width - 1) / 2 + screw.position[1] + screw.tilt[1] * along)
    return Polar(np.hypot(dy, dx), np.arctan2(dy, dx) % (2 * np.pi))


def on_surface(values: Floats, polar: Polar) -> Floats:
    """`values` (slices, ANGLES) looked up for every voxel, linearly between two angles."""
    angles = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    looked_up = [
        np.interp(angle, angles, row, period=2 * np.pi)
        for angle, row in zip(polar.angle, values, strict=True)
    ]
    return np.stack(looked_up)


def outline(screw: Screw) -> Floats:
    """The screw's radius before any corrosion, (slices, ANGLES); negative past its end."""
    z = np.arange(screw.shape[0], dtype=np.float64)[:, None]
    turn = np.arange(ANGLES)[None, :] / ANGLES
    phase = randoms(screw.name, "phase").uniform()
    winding = (z / screw.pitch - screw.starts * turn + phase) % 1
    # A trapezoid with rounded flanks: narrow crest, wider root.
    crest = np.clip((1 - np.abs(2 * winding - 1) - 0.4) / 0.4, 0, 1)
    radius = screw.core + screw.thread * crest**2 * (3 - 2 * crest)
    if screw.head_below is not None:
        # The head's underside is a cone.
        head = screw.head_radius - 5 * np.maximum(z - screw.head_below, 0)
        radius = np.maximum(radius, head)
    if screw.end_above is not None:
        past = np.maximum(z - (screw.end_above - 5), 0)
        radius = radius - (screw.core + screw.thread) * (past / 5) ** 2
    return radius


def socket_coverage(screw: Screw, polar: Polar) -> Floats:
    """The hexagonal hole in the head that a key turns."""
    if screw.head_below is None:
        return np.zeros(screw.shape)
    sector = (polar.angle + np.pi / 6) % (np.pi / 3) - np.pi / 6
    inside = 0.42 * screw.head_radius - polar.radius * np.cos(sector)
    floor = screw.head_below - 1 - np.arange(screw.shape[0])[:, None, None]
    return coverage(np.minimum(inside, floor))


def layer_thickness(screw: Screw) -> Floats:
    """The degradation layer's thickness, (slices, ANGLES): in patches, 0 in between."""
    slices = screw.shape[0]
    z = np.arange(slices)[:, None]
    random = randoms(screw.name, "corrosion")
    thickness = np.zeros((slices, ANGLES))
    for patch in screw.patches:
        spread = np.exp(-0.5 * ((z - patch.z) / patch.reach) ** 2)
        uneven = 0.5 + 0.6 * surface_noise(random, slices, 3.0, 20)
        thickness = np.maximum(thickness, patch.depth * spread * uneven)
    rough = 0.35 * surface_noise(random, slices, 1.2, 4)
    thickness = np.where(thickness > 0.5, thickness + rough, 0)
    return np.where(thickness > 1.2, np.minimum(thickness, 5.5), 0)


# What surrounds it ------------------------------------------------------------------------


def beyond(plane: Cortex, shape: tuple[int, int, int], waves: Floats) -> Floats:
    """Signed distance past the cortex's outer face, which is a wavy plane."""
    axes = np.ogrid[tuple(slice(length) for length in shape)]
    length = float(np.sqrt(sum(part**2 for part in plane.normal)))
    distance: Floats = waves - plane.distance
    for axis, part, size in zip(axes, plane.normal, shape, strict=True):
        distance = distance + part / length * (axis - (size - 1) / 2)
    return distance


def bone_coverage(screw: Screw, outside: Floats, polar: Polar) -> Floats:
    """Sponge-like bone, denser where it has grown on to the screw, and the cortex if any.

    `outside` is the distance from the screw's surface.
    """
    random = randoms(screw.name, "bone")
    grain = (1.3 * screw.spacing, screw.spacing, screw.spacing)
    # Where band-limited noise is near 0 lie curved plates; the second noise perforates them.
    plates = np.abs(band_noise(random, screw.shape, grain))
    width = screw.bone + 0.22 * smooth_noise(random, screw.shape, (6, 6, 6))
    grown = on_surface(surface_noise(random, screw.shape[0], 5, 30), polar)
    width += (0.35 * grown - 0.1) * np.exp(-np.maximum(outside, 0) / 6)
    steepness = 2.2 * screw.spacing  # from noise values to about pixels
    sponge = coverage((width - plates) * steepness)
    if screw.cortex is None:
        return sponge
    past = beyond(screw.cortex, screw.shape, 1.5 * smooth_noise(random, screw.shape, (6, 9, 9)))
    canals = smooth_noise(random, screw.shape, (5, 1.6, 1.6))
    dense = coverage((2.1 - canals) * 3)
    inner = coverage(-past - screw.cortex.thickness)
    return np.where(past > 0.5, 0, inner * sponge + (1 - inner) * dense * coverage(-past))


def gas_coverage(screw: Screw, outside: Floats) -> Floats:
    """Bubbles of the hydrogen that the corroding metal gives off, near the screw."""
    bubbles = smooth_noise(randoms(screw.name, "gas"), screw.shape, (3.5, 3, 3))
    near = np.where(outside > 1, np.exp(-np.maximum(outside - 2, 0) / 6), 0)
    return coverage((bubbles - 2.6 + near * screw.gas) * 4) * min(1.0, 10 * screw.gas)


class Scene(NamedTuple):
    """What was drawn: grey values without artefacts, and class ids."""

    grey: Floats
    labels: npt.NDArray[np.uint8]


def draw(screw: Screw, polar: Polar) -> Scene:
    """The sample as a perfect microscope would see it."""
    random = randoms(screw.name, "materials")
    thickness = on_surface(layer_thickness(screw), polar)
    outside = polar.radius - on_surface(outline(screw), polar)
    solid = 1 - socket_coverage(screw, polar)
    # Corrosion eats into the metal and also stands out from it; the socket stays clean.
    metal = coverage(-outside - 0.6 * thickness) * solid
    layer = coverage(0.4 * thickness - outside) * (thickness > 0) * solid
    bone = bone_coverage(screw, outside, polar) * coverage(outside)

    marrow = 0.30 + 0.02 * smooth_noise(random, screw.shape, (4, 7, 7))
    grey = mix(marrow, 0.14, gas_coverage(screw, outside))
    # Bone's grey varies with its age and mineral: its brightest parts reach the layer's.
    mineral = smooth_noise(random, screw.shape, (4, 5, 5))
    grey = mix(grey, screw.bone_grey + 0.045 * mineral, bone)
    mottled = smooth_noise(random, screw.shape, (1.5, 1.3, 1.3))
    grey = mix(grey, screw.layer_grey + 0.045 * mottled, layer)
    # Beam hardening: metal looks darker the deeper inside it.
    grey = mix(grey, 0.97 - 0.004 * np.clip(-outside, 0, 20), metal)

    labels = np.full(screw.shape, BACKGROUND, np.uint8)
    for class_id, covered in ((BONE, bone), (LAYER, layer), (IMPLANT, metal)):
        labels[covered > 0.5] = class_id
    return Scene(grey, labels)


def mix(under: Floats, over: Floats | float, covered: Floats) -> Floats:
    return under * (1 - covered) + over * covered


# How it was imaged ------------------------------------------------------------------------


def ring_artefacts(screw: Screw) -> Floats:
    """Rings round the rotation centre: detector pixels that answer a little too much."""
    slices, height, width = screw.shape
    random = randoms(screw.name, "rings")
    centre = random.uniform(-4, 4, size=2)
    y, x = np.ogrid[:height, :width]
    radius = np.hypot(y - height / 2 - centre[0], x - width / 2 - centre[1])
    # A detector row sees one slice, and neighbouring rows have similar faults.
    faults = smooth_noise(random, (slices, height + width), (4, 0.6))
    faults = np.where(np.abs(faults) > 1.2, faults, 0.25 * faults)
    steps = np.arange(height + width)
    return screw.rings * np.stack([np.interp(radius, steps, row) for row in faults])


def streak_artefacts(screw: Screw, polar: Polar) -> Floats:
    """Bright and dark rays that leave the metal and fade."""
    random = randoms(screw.name, "streaks")
    rays = surface_noise(random, screw.shape[0], 4, 2.5)
    rays = rays + 0.8 * surface_noise(random, screw.shape[0], 6, 14)
    metal = np.maximum(outline(screw).mean(axis=1), 0)[:, None, None]
    fading = np.where(polar.radius > 0.6 * metal, metal / np.maximum(polar.radius, 6), 0.3)
    return screw.streaks * on_surface(rays, polar) * np.minimum(fading, 1.2)


def image(screw: Screw, grey: Floats, polar: Polar) -> npt.NDArray[np.uint16]:
    """`grey` as the tomograph delivers it."""
    random = randoms(screw.name, "noise")
    seen = blur(grey, (0.5, screw.blur, screw.blur))
    seen = seen + ring_artefacts(screw) + streak_artefacts(screw, polar)
    # Counting photons: brighter means noisier. Reconstruction filters leave some correlation.
    strength = screw.noise * np.sqrt(0.4 + np.maximum(seen, 0))
    seen = seen + strength * smooth_noise(random, screw.shape, (0.0, 0.45, 0.45))
    offset, scale = screw.grey
    return np.clip(np.rint(offset + scale * seen), 0, 65535).astype(np.uint16)


# Files ------------------------------------------------------------------------------------


def make(screw: Screw) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
    """The image stack and the mask stack of one sample."""
    polar = around_axis(screw)
    scene = draw(screw, polar)
    return image(screw, scene.grey, polar), scene.labels


def write(folder: Path, screw: Screw) -> None:
    """Write one sample's files below `folder`, in place of those that were there."""
    stack, masks = make(screw)
    samples = folder / "samples"
    for parent in (samples, folder / "masks"):
        parent.mkdir(parents=True, exist_ok=True)
    match screw.layout:
        case "deflate":
            write_deflated(samples / f"{screw.name}.tif", stack)
        case "plain" | "bigtiff":
            path = samples / f"{screw.name}.tif"
            tifffile.imwrite(
                path, stack, photometric="minisblack", bigtiff=screw.layout == "bigtiff"
            )
        case "folder":
            shutil.rmtree(samples / screw.name, ignore_errors=True)
            (samples / screw.name).mkdir()
            for index, page in enumerate(stack):
                write_deflated(samples / screw.name / f"{screw.name}_z{index:02d}.tif", page)
    write_deflated(folder / "masks" / f"{screw.name}.tif", masks)


def write_deflated(path: Path, stack: npt.NDArray[np.uint16] | npt.NDArray[np.uint8]) -> None:
    tifffile.imwrite(
        path,
        stack,
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": 9},
        # Differences of neighbouring pixels pack better, except in masks, which are flat.
        predictor=stack.dtype != np.uint8,
    )


def main() -> None:
    """Make every sample, or those that are named."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="SAMPLE", help="such as screw03")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    options = parser.parse_args()
    unknown = set(options.names) - {screw.name for screw in SCREWS}
    if unknown:
        parser.error(f"no such sample: {', '.join(sorted(unknown))}")
    for screw in SCREWS:
        if not options.names or screw.name in options.names:
            write(options.to, screw)


if __name__ == "__main__":
    main()
