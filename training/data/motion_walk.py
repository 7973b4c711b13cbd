"""Write recordings of people who walk, made up by formula: motion that no capture was trained on.

Each is a .bvh file of a body with simple proportions and the joint names that the renderer and the motion extractor's
training read. Hips, knees, arms and trunk swing like those of a walking person, by a few harmonics of the gait cycle;
the lower foot carries, which decides where the hips are. Cadence, stride, arms and the curve that is walked are drawn
from the seed and the clip's number.

For example:
  python -m training data walk --clips 8 --seconds 12 --output walks
  python -m training data render --kind clips --motion walks --output walking
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from gfla_tf.outputs import whole_file

__all__ = ["add_arguments", "run", "walk", "write_walk"]

FRAMES_PER_SECOND = 60
SHORTEST, LONGEST = 0.1, 3600.0  # seconds
SOFTNESS = 5.0  # frames
HALF_HIPS, THIGH, SHIN, ANKLE = 10.0, 42.0, 41.0, 8.0  # centimetres; the last is the ankle's height above the floor
# Joint -> (parent, offset in centimetres); y up, the person looks along +z and has the left side at +x.
_TRUNK = {
    "hip": (None, (0, 0, 0)),
    "abdomen": ("hip", (0, 10, -1)),
    "chest": ("abdomen", (0, 16, 0)),
    "neck": ("chest", (0, 24, -1)),
    "head": ("neck", (0, 9, 2)),
    "leftEye": ("head", (3.2, 9, 8)),
    "rightEye": ("head", (-3.2, 9, 8)),
}
_SIDE = {
    "Collar": ("chest", (3, 19, 0)),
    "Shldr": ("Collar", (14, 0, -1)),
    "ForeArm": ("Shldr", (28, 0, 0)),
    "Hand": ("ForeArm", (25, 0, 0)),
    "Buttock": ("hip", (HALF_HIPS - 4, 0, 0)),
    "Thigh": ("Buttock", (4, 0, 0)),
    "Shin": ("Thigh", (0, -THIGH, 0)),
    "Foot": ("Shin", (0, -SHIN, 0)),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data walk`."""
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the .bvh files")
    parser.add_argument("--clips", type=int, default=8, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=12.0, metavar="S", help="of each (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all chance (%(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data walk`; returns the exit code 0."""
    if options.clips < 1 or not SHORTEST <= options.seconds <= LONGEST or options.seed < 0:
        raise ValueError(
            f"--clips from 1, --seconds from {SHORTEST} to {LONGEST} and --seed from 0 are expected. "
            f"Received: {options.clips}, {options.seconds}, {options.seed}."
        )
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.clips):
        angles, places = walk(np.random.default_rng([options.seed, number]), options.seconds)
        write_walk(folder / f"walk_{number:02}.bvh", angles, places)
    print(f"{folder}: {options.clips} walks")
    return 0


def walk(random: np.random.Generator, seconds: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Make somebody walk.

    Args:
        random: who walks how.
        seconds: how long.

    Returns:
        Joint -> `[frames, 3]` turns about z, x and y in degrees, and the hips' places `[frames, 3]` in centimetres.
    """
    time = np.arange(round(seconds * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    phase = 2 * np.pi * (random.uniform(0.75, 1.1) * time + random.uniform())  # of the left leg, once a stride
    stride, arms, elbows = random.uniform(19, 32), random.uniform(10, 35), random.uniform(10, 45)
    still = np.zeros_like(time)
    curve = random.uniform(-25, 25) * time + 20 * np.sin(2 * np.pi * time / 8 + random.uniform(0, 6))
    angles = {"hip": _turns(y=curve + 5 * np.cos(phase))}
    angles["abdomen"] = _turns(x=still + random.uniform(0, 6), y=-6 * np.cos(phase))
    angles["head"] = _turns(x=3 * np.sin(2 * phase), y=-0.5 * angles["abdomen"][:, 2])
    reaches = []
    for side, sign, own in (("l", 1, phase), ("r", -1, phase + np.pi)):
        flexion, knee = 4 + stride * np.cos(own), _knee(own)
        angles[f"{side}Thigh"], angles[f"{side}Shin"] = _turns(x=-flexion), _turns(x=knee)
        swing = arms * np.cos(own)  # arms go against legs
        angles[f"{side}Shldr"] = _turns(z=still - 78 * sign, y=sign * swing)
        angles[f"{side}ForeArm"] = _turns(y=-sign * elbows * (1 - 0.4 * np.cos(own)))
        reaches.append(_leg(np.radians(flexion), np.radians(knee)))
    return angles, _places(*reaches, np.radians(curve))


def _turns(z=0.0, x=0.0, y=0.0) -> np.ndarray:
    return np.stack(np.broadcast_arrays(z, x, y), axis=-1)


def _knee(phase: np.ndarray) -> np.ndarray:
    """How far a knee bends, in degrees: much while the leg swings forwards, a little when the foot comes down."""
    swing = np.maximum(np.cos(phase - 1.4 * np.pi), 0) ** 2
    landing = np.maximum(np.cos(phase - 0.25 * np.pi), 0) ** 2
    return 4 + 55 * swing + 10 * landing


def _leg(flexion: np.ndarray, knee: np.ndarray) -> np.ndarray:
    """Where a foot is below and before the hip, `[frames, 2]` = (down, forwards)."""
    shin = flexion - knee
    down = THIGH * np.cos(flexion) + SHIN * np.cos(shin)
    return np.stack([down, THIGH * np.sin(flexion) + SHIN * np.sin(shin)], axis=-1)


def _places(left: np.ndarray, right: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Where the hips are, if the lower foot stands on the floor, but for what makes the change of feet soft."""
    from scipy.ndimage import gaussian_filter1d

    lower = (left[:, 0] > right[:, 0])[:, np.newaxis]
    down = np.maximum(left[:, 0], right[:, 0])
    steps = -np.where(lower[1:, 0], np.diff(left[:, 1]), np.diff(right[:, 1]))
    steps, down = (gaussian_filter1d(values, SOFTNESS, mode="nearest") for values in (steps, down))
    way = np.stack([steps * np.sin(heading[1:]), steps * np.cos(heading[1:])], axis=-1)
    x, z = np.concatenate([np.zeros((1, 2)), np.cumsum(way, axis=0)]).T
    return np.stack([x, down + ANKLE, z], axis=-1)


def write_walk(path: Path, angles: dict[str, np.ndarray], places: np.ndarray) -> None:
    """Write a .bvh file of what `walk` gives."""
    joints = dict(_TRUNK)
    for side, sign in (("l", 1), ("r", -1)):
        for name, (parent, (x, y, z)) in _SIDE.items():
            joints[side + name] = (parent if parent in _TRUNK else side + parent, (sign * x, y, z))
    order: list[str] = []
    text = ["HIERARCHY", *_hierarchy(joints, "hip", order), "MOTION", f"Frames: {len(places)}"]
    text.append(f"Frame Time: {1 / FRAMES_PER_SECOND:.8f}")
    still = np.zeros((len(places), 3))
    values = np.concatenate([places, *(angles.get(name, still) for name in order)], axis=1)
    text += [" ".join(f"{value:.4f}" for value in row) for row in values]
    with whole_file(path) as temporary:
        temporary.write_text("\n".join(text) + "\n", encoding="ascii")


def _hierarchy(joints: dict, name: str, order: list[str]) -> list[str]:
    """The lines of a joint and of those below it; `order` takes their names as they come."""
    order.append(name)
    parent, offset = joints[name]
    channels = "CHANNELS 3" if parent else "CHANNELS 6 Xposition Yposition Zposition"
    lines = [f"{'JOINT' if parent else 'ROOT'} {name}", "{", f"OFFSET {offset[0]} {offset[1]} {offset[2]}"]
    lines.append(f"{channels} Zrotation Xrotation Yrotation")
    children = [child for child, (above, _) in joints.items() if above == name]
    below = [line for child in children for line in _hierarchy(joints, child, order)]
    return [*lines, *(below or ["End Site", "{", "OFFSET 0 -1 0", "}"]), "}"]
