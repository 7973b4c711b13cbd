"""Finding all the people in a photo: where to look, which answers to believe, and which of them are the same person.

The detector sees 224 x 224 pixels, so a person who is small in a wide photo vanishes when the whole photo is shown to
it. It is therefore shown the whole photo and two layers of overlapping square tiles; if that finds nobody, a third
layer. Each detection, best first, gives a region for the landmark network, which looks twice: once where the detector
says, and once where its own auxiliary landmarks say that the body is, as MediaPipe does from one video frame to the
next. The second look makes the result depend less on the detection. A person counts if the landmark network confirms
them both times and the landmarks that it sees lie on the silhouette that it sees; of several results on the same
silhouette the first one stays. In the next frame of a video one look where the body was is enough.

In: a photo `[height, width, 3]` float32 RGB in [-1, 1]. Out: `RegionPose`s in photo pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from gfla_tf.pose.blazepose.detector import INPUT_SIZE, PersonDetector
from gfla_tf.pose.blazepose.landmarks import LandmarkModel, RegionPose, are_seen
from gfla_tf.pose.blazepose.region import Region, body_region, whole_picture

__all__ = ["find_people", "follow_people", "mask_overlap", "search_rounds", "square_tiles"]

MINIMUM_PRESENCE = 0.5
MINIMUM_SEEN_LANDMARKS = 5  # a face alone has eleven
MAXIMUM_MASK_OVERLAP = 0.5
MINIMUM_SIDE = 1.0  # pixels; a smaller region shows nothing
MAXIMUM_BODY_TO_TILE = 1.5  # side of the region around a body to side of the tile
LONGEST_ASPECT_RATIO = 4  # of a photo whose short side still sets the size of the tiles


def square_tiles(width: int, height: int, side: float) -> list[Region]:
    """Cover a photo with square regions of `side` pixels that overlap by at least half, row by row."""

    def centers(length: int) -> np.ndarray:
        if length <= side:
            return np.array([length / 2])
        return np.linspace(side / 2, length - side / 2, 1 + math.ceil(2 * (length - side) / side))

    return [Region(float(x), float(y), float(side)) for y in centers(height) for x in centers(width)]


def search_rounds(width: int, height: int) -> list[list[Region]]:
    """Plan what to show to the detector in a photo of `width` x `height` pixels.

    Returns:
        Two rounds, the second only for photos where the first finds nobody. First round: the whole photo, tiles as
        large as its short side, tiles of half that. Second round: tiles of a quarter. Tiles smaller than the detector's
        input are left out, they would only be magnified.
    """
    short = max(min(width, height), max(width, height) / LONGEST_ASPECT_RATIO)
    layers = [square_tiles(width, height, side) if side >= INPUT_SIZE else [] for side in (short, short / 2, short / 4)]
    whole = [whole_picture(width, height)]
    return [whole + (layers[0] if width != height else []) + layers[1], layers[2]]


def mask_overlap(first: RegionPose, second: RegionPose) -> float:
    """Measure how much of one of two silhouettes lies within the other, in [0, 1]; the larger of the two answers."""
    return max(fraction_inside(first, second), fraction_inside(second, first))


def fraction_inside(inner: RegionPose, outer: RegionPose) -> float:
    """Measure the fraction of the pixels of the silhouette `inner` that lie in the silhouette `outer`."""
    rows, columns = np.nonzero(inner.mask > 0.5)
    if not len(rows):
        return 0.0
    points = inner.region.to_photo(np.stack([columns, rows], axis=-1) / len(inner.mask))
    return count_on_silhouette(points, outer) / len(rows)


def count_on_silhouette(points: np.ndarray, pose: RegionPose) -> int:
    """Count the points `[points, 2]`, in photo pixels, that lie on the silhouette of a person."""
    size = len(pose.mask)
    pixels = np.rint(pose.region.from_photo(points) * size).astype(int)
    pixels = pixels[np.all((pixels >= 0) & (pixels < size), axis=1)]
    return int(np.sum(pose.mask[pixels[:, 1], pixels[:, 0]] > 0.5))


def find_people(image: np.ndarray, detector: PersonDetector, model: LandmarkModel) -> list[RegionPose]:
    """Find all the people in a photo, the most certain detection first.

    Args:
        image: `[height, width, 3]` float32 RGB in [-1, 1].
        detector: says where people may be.
        model: finds their landmarks.

    Returns:
        One pose a person; empty if there is nobody.
    """
    for regions in search_rounds(image.shape[1], image.shape[0]):
        people = confirmed_people(image, body_candidates(image, regions, detector), model)
        if people:
            return people
    return []


def follow_people(image: np.ndarray, people: Iterable[RegionPose], model: LandmarkModel) -> list[RegionPose]:
    """Find people of a video's frame in the next one, each where their body was; those who are lost are left out.

    Who is found well beside that place is lost, too: after a cut, somebody else may reach into the region.

    Args:
        image: the next frame, `[height, width, 3]` float32 RGB in [-1, 1].
        people: of the frame before, whose size is the same.
        model: finds their landmarks.

    Returns:
        One pose for each person who is found again, in the same order.
    """
    followed: list[RegionPose] = []
    for person in people:
        pose = look(image, person.next_region, model)
        if pose is None or not is_same_body(pose.next_region, pose.region):
            continue
        if all(mask_overlap(pose, other) <= MAXIMUM_MASK_OVERLAP for other in followed):
            followed.append(pose)
    return followed


def body_candidates(image: np.ndarray, regions: list[Region], detector: PersonDetector) -> list[Region]:
    """List the regions around bodies that the detector sees in any of the given regions, best first.

    A tile is there for the people who fit into it. A body that seems to reach far beyond it is left to larger tiles,
    where it would be seen as a whole; mostly it is none.
    """
    whole = whole_picture(image.shape[1], image.shape[0])
    scored = []
    for region in regions:
        for detection in detector.detect(image, region):
            body = body_region(*region.to_photo(detection.keypoints[:2]))
            if region == whole or body.side <= MAXIMUM_BODY_TO_TILE * region.side:
                scored.append((detection.score, body))
    return [body for _, body in sorted(scored, key=lambda pair: -pair[0])]


def confirmed_people(image: np.ndarray, candidates: Iterable[Region], model: LandmarkModel) -> list[RegionPose]:
    """List the poses in those candidate regions where the landmark network sees a person, each person once."""
    people: list[RegionPose] = []
    for candidate in candidates:
        if any(is_same_body(candidate, person.region) for person in people):
            continue
        pose = look(image, candidate, model, times=2)
        if pose is not None and all(mask_overlap(pose, person) <= MAXIMUM_MASK_OVERLAP for person in people):
            people.append(pose)
    return people


def is_same_body(first: Region, second: Region) -> bool:
    """Tell whether two regions are so close in place and size that they must be around the same body.

    For candidates it only saves time: what it lets through is compared by the silhouettes.
    """
    distance = math.hypot(first.center_x - second.center_x, first.center_y - second.center_y)
    return distance < 0.1 * second.side and 0.8 < first.side / second.side < 1.25


def look(image: np.ndarray, region: Region, model: LandmarkModel, times: int = 1) -> RegionPose | None:
    """Find the pose in a region, and again in the region that this pose gives; None unless each look sees a person."""
    for _ in range(times):
        if region.side < MINIMUM_SIDE:
            return None
        pose = model.predict(image, region)
        if pose.presence < MINIMUM_PRESENCE:
            return None
        region = pose.next_region
    return pose if is_plausible(pose, image.shape[1], image.shape[0]) else None


def is_plausible(pose: RegionPose, width: int, height: int) -> bool:
    """Tell whether enough landmarks are seen in the photo (sizes in pixels) and most of them lie on the silhouette."""
    seen = pose.landmarks[are_seen(pose.landmarks, width, height), :2]
    return count_on_silhouette(seen, pose) >= max(MINIMUM_SEEN_LANDMARKS, len(seen) / 2)
