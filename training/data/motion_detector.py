"""Keypoints as a detector finds them in a film: trembling, far off at times, left taken for right, missed.

Keypoints are float32 `[frames, 18, 3]` = (x, y, confidence) in pixels, OpenPose's joints. In exact ones, confidence 1
is a visible joint, 0.5 a hidden one, 0 one that is not in the picture.

The error of a joint is the sum of what the detector takes for it instead, an offset that stays for the whole recording,
an error that forgets itself exponentially (Ornstein and Uhlenbeck), a part that is new in each frame, and a lag behind
its movement. Now and then, for some frames, it is far off; the two arms or the two legs are swapped; or it is missed.
How much of all this there is says a `DetectorNoise`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gfla_tf.motion.filling import person_size
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton
from training.data.motion_noise import DetectorNoise

__all__ = ["JOINT_PARTS", "LIMB_PAIRS", "body_ways", "detect", "size_of", "velocity"]

JOINTS = get_skeleton("openpose-18").joints
JOINT_PARTS = tuple(name.rpartition("_")[2] for name in JOINTS)
# Pairs (left, right) that are swapped together.
LIMB_PAIRS = {
    name: tuple((JOINTS.index(f"left_{part}"), JOINTS.index(f"right_{part}")) for part in parts)
    for name, parts in (("arms", ("shoulder", "elbow", "wrist")), ("legs", ("hip", "knee", "ankle")))
}
_PAIRS = {part: [JOINTS.index(f"{side}_{part}") for side in ("left", "right")] for part in ("shoulder", "hip", "eye")}
_SIDES = np.array([1 if name.startswith("left") else -1 if name.startswith("right") else 0 for name in JOINTS])
_LOWER = np.isin(JOINT_PARTS, ("hip", "knee", "ankle"))
_FACE = [JOINTS.index(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]


def size_of(exact: np.ndarray) -> float:
    """The person's size in pixels from exact keypoints `[frames, 18, 3]`."""
    joints = convert_keypoints(exact, "openpose-18", "h36m-17")
    return person_size(joints[..., :2].astype(np.float64), joints[..., 2] > 0)


def velocity(exact: np.ndarray) -> np.ndarray:
    """How exact keypoints `[frames, joints, 3]` move, `[frames, joints, 2]` in pixels a frame.

    Where one of the neighbouring frames lacks the joint, the way to the other one counts; 0 where both do.
    """
    seen = exact[..., 2:] > 0
    steps = np.where(seen[1:] & seen[:-1], np.diff(exact[..., :2], axis=0), 0)
    known = (seen[1:] & seen[:-1]).astype(np.float64)
    ends = ((1, 1), (0, 0), (0, 0))
    steps, known = np.pad(steps, ends), np.pad(known, ends)
    return (steps[1:] + steps[:-1]) / np.maximum(known[1:] + known[:-1], 1)


def body_ways(exact: np.ndarray) -> np.ndarray:
    """Three ways of the body for each joint, along which a detector may always be off.

    * outwards: across to the joint's own side, from hip to hip for hips, knees and ankles, else from shoulder to
      shoulder; 0 for nose and neck;
    * up: from between the hips to between the shoulders;
    * to the face: from between the shoulders to between the eyes.

    Args:
        exact: `[frames, 18, 3]`.

    Returns:
        `[frames, 18, 3, 2]` in pixels; 0 where one of the joints that they go by is not in the picture.
    """
    middle = {name: exact[:, pair].mean(axis=1) for name, pair in _PAIRS.items()}
    across = {name: np.subtract(*exact[:, pair].swapaxes(0, 1)) for name, pair in _PAIRS.items()}
    ways = np.zeros((*exact.shape[:2], 3, 2))
    ways[:, :, 0] = _SIDES[:, np.newaxis] * np.where(
        _LOWER[:, np.newaxis], across["hip"][:, np.newaxis, :2], across["shoulder"][:, np.newaxis, :2]
    )
    ways[:, :, 1] = (middle["shoulder"] - middle["hip"])[:, np.newaxis, :2]
    ways[:, :, 2] = (middle["eye"] - middle["shoulder"])[:, np.newaxis, :2]
    known = (exact[:, [joint for pair in _PAIRS.values() for joint in pair], 2] > 0).all(axis=1)
    return ways * known[:, np.newaxis, np.newaxis, np.newaxis]


def detect(
    exact: np.ndarray,
    random: np.random.Generator,
    noise: DetectorNoise | None = None,
    frames_per_second: float = 30.0,
) -> np.ndarray:
    """Disturb exact keypoints.

    Args:
        exact: float32 `[frames, 18, 3]` as at the top of this module.
        random: the source of chance.
        noise: how the detector errs; by default as the bundled one does.
        frames_per_second: of the recording.

    Returns:
        float32 `[frames, 18, 3]`; joints that are not in the picture, and missed ones, are (0, 0, 0).

    Raises:
        ValueError: keypoints of another shape.
    """
    exact = np.asarray(exact, np.float32)
    if exact.ndim != 3 or exact.shape[1:] != (len(JOINTS), 3):
        raise ValueError(f"Keypoints [frames, {len(JOINTS)}, 3] are expected. Received: shape {exact.shape}.")
    film = _Film(exact, random, noise or DetectorNoise(), frames_per_second)
    found = film.swap(film.place())
    found[film.missed() | (exact[..., 2] <= 0)] = 0
    return found


class _Film:
    """One recording's chance."""

    def __init__(self, exact: np.ndarray, random: np.random.Generator, noise: DetectorNoise, rate: float):
        self.exact, self.random, self.noise, self.rate = exact, random, noise, rate
        self.shape = exact.shape[:2]
        self.hidden = exact[..., 2] < 1
        self.size = size_of(exact)

    def place(self) -> np.ndarray:
        """The joints with their errors, each as the joint that it is."""
        noise = self.noise
        factor = np.where(self.hidden, noise.hidden, 1.0)[..., np.newaxis]
        error = np.einsum("fjwc,jw->fjc", body_ways(self.exact), self._by_part(noise.bias)[:, 0]) / self.size
        error = error + self._by_part(noise.offset) * self.random.normal(size=(1, self.shape[1], 2))
        movement = velocity(self.exact) * (self.rate / self.size)
        growth = 1 + noise.speed * np.linalg.norm(movement, axis=-1, keepdims=True)
        error = error + factor * growth * self._by_part(noise.spread) * self._changing()
        far = self.runs(np.where(self.hidden, noise.far_off[1], noise.far_off[0]), noise.far_duration)
        error = np.where(far[..., np.newaxis], noise.far * self._wandering(noise.far_duration), error)
        points = self.exact[..., :2] + self.size * (error - noise.lag * movement)
        confidence = np.where(self.hidden, noise.confidence[1], noise.confidence[0])[..., np.newaxis]
        return np.concatenate([points, confidence], axis=-1).astype(np.float32)

    def swap(self, found: np.ndarray) -> np.ndarray:
        """Left taken for right, for some frames."""
        found = found.copy()
        for limbs, pairs in LIMB_PAIRS.items():
            chance = np.full((self.shape[0], 1), self.noise.swapped[limbs])
            frames = np.flatnonzero(self.runs(chance, self.noise.swapped_duration))
            for left, right in pairs:
                found[frames, left], found[frames, right] = found[frames, right], found[frames, left]
        return found

    def missed(self) -> np.ndarray:
        """Which joints are missed, bool `[frames, 18]`."""
        noise = self.noise
        chances = np.array([noise.missed[part] for part in JOINT_PARTS])
        chance = np.where(self.hidden, chances[:, 1], chances[:, 0])
        lost = self.runs(np.full((self.shape[0], 1), noise.lost), noise.missed_duration)
        return self.runs(chance, noise.missed_duration) | lost

    def runs(self, chance: np.ndarray, duration: float) -> np.ndarray:
        """Bool `[frames, n]`: true as often as `chance` says, and the draw is kept for so many seconds on average."""
        again = self.random.random(chance.shape) * duration * self.rate < 1
        draws = self.random.random(chance.shape)
        drawn = np.where(again, np.arange(len(draws))[:, np.newaxis], 0)
        return np.take_along_axis(draws, np.maximum.accumulate(drawn, axis=0), axis=0) < chance

    def _by_part(self, values: Mapping[str, float | tuple[float, ...]]) -> np.ndarray:
        return np.array([values[part] for part in JOINT_PARTS])[:, np.newaxis]

    def _changing(self) -> np.ndarray:
        """The changing error with a standard deviation of 1, `[frames, 18, 2]`."""
        noise, wandering = self.noise, self._wandering(self.noise.memory)
        own = np.sqrt(1 - noise.fresh) * wandering + np.sqrt(noise.fresh) * self.random.normal(size=wandering.shape)
        shared = own[:, _FACE[:1]].copy()
        own[:, _FACE] = np.sqrt(noise.face) * shared + np.sqrt(1 - noise.face) * own[:, _FACE]
        own[:, _FACE[:1]] = shared
        return own

    def _wandering(self, memory: float) -> np.ndarray:
        """Noise of variance 1 that forgets itself, `[frames, 18, 2]`."""
        from scipy.signal import lfilter

        noise = self.random.normal(size=(*self.shape, 2))
        kept = np.exp(-1 / (memory * self.rate)) if memory > 0 else 0.0
        noise[1:] *= np.sqrt(1 - kept**2)
        return lfilter([1.0], [1.0, -kept], noise, axis=0)
