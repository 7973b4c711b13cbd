"""Which of the people in each frame a film is about.

Keypoints are `[joints, 3]` = (x, y, confidence) in pixels of the frame, confidence 0 = missing; each frame has a list
of people, the largest first.

* "largest": the largest person of each frame.
* "nearest": the largest person of the first frame that has anybody (or another one of it), and then whoever is nearest
  to where that person was last seen: smallest mean distance of the joints that both have. Somebody further away is
  taken for another person: the limit is half of the person's size (the larger side of the joints' box, the largest so
  far), and grows by a twentieth of it with each frame in which the person is not found, up to the whole size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["PERSON_RULES", "box_area", "check_choice", "check_person", "choose_people"]

PERSON_RULES = ("nearest", "largest")
# As parts of the person's size.
FURTHEST = 0.5
FURTHER_EACH_FRAME = 0.05
FURTHEST_OF_ALL = 1.0


def check_choice(rule: str = "nearest", start: int = 0) -> None:
    """Raise a ValueError for another rule, or a start below 0; worth asking before people are looked for."""
    if start < 0:
        raise ValueError(f"The number of a person from 0 is expected. Received: {start}.")
    if rule not in PERSON_RULES:
        raise ValueError(f"person must be one of {', '.join(PERSON_RULES)}. Received: {rule!r}.")


def check_person(person: int, people: int, where: str) -> None:
    """Raise a ValueError, which says where that is, unless one of so many people has that number, from 0."""
    if not 0 <= person < people:
        there = "is 1 person, number 0" if people == 1 else f"are {people} people, numbers 0 to {people - 1}"
        raise ValueError(f"{where}: the number of a person is expected, and there {there}. Received: {person}.")


def box_area(keypoints: np.ndarray) -> float:
    """How large somebody is: the joints' upright box in square pixels; -1 without joints, as a single one has 0."""
    points = keypoints[keypoints[:, 2] > 0, :2].astype(np.float64)
    return float(np.prod(np.ptp(points, axis=0))) if len(points) else -1.0


def choose_people(
    frames: Sequence[Sequence[np.ndarray]], rule: str = "nearest", start: int = 0
) -> list[np.ndarray | None]:
    """Choose one person a frame.

    Args:
        frames: the people of each frame, each `[joints, 3]`, the largest first.
        rule: "nearest" or "largest".
        start: with "nearest", which person of the first frame that has so many, in its order, from 0.

    Returns:
        For each frame the person's keypoints, None where it was not found.

    Raises:
        ValueError: another rule, or a start below 0.
    """
    check_choice(rule, start)
    frames = [[person for person in people if (person[:, 2] > 0).any()] for people in frames]
    if rule == "largest":
        return [people[0] if people else None for people in frames]
    return _follow(frames, start)


def _follow(frames: list[list[np.ndarray]], start: int) -> list[np.ndarray | None]:
    chosen: list[np.ndarray | None] = []
    last, size, frames_without = None, 0.0, 0
    for people in frames:
        limit = size * min(FURTHEST + FURTHER_EACH_FRAME * frames_without, FURTHEST_OF_ALL)
        person = people[start] if last is None and len(people) > start else _nearest(people, last, limit)
        chosen.append(person)
        frames_without += 1
        if person is not None:
            last, size, frames_without = person, max(size, _size(person)), 0
    return chosen


def _nearest(people: list[np.ndarray], last: np.ndarray | None, limit: float) -> np.ndarray | None:
    if not people or last is None:
        return None
    distances = [_distance(person, last) for person in people]
    return people[int(np.argmin(distances))] if min(distances) <= limit else None


def _size(person: np.ndarray) -> float:
    return float(np.ptp(person[person[:, 2] > 0, :2], axis=0).max())


def _distance(person: np.ndarray, other: np.ndarray) -> float:
    """Mean distance in pixels of the joints that both have; that of their joints' means if they share none."""
    both = (person[:, 2] > 0) & (other[:, 2] > 0)
    if both.any():
        return float(np.linalg.norm(person[both, :2] - other[both, :2], axis=1).mean())
    middles = [one[one[:, 2] > 0, :2].mean(axis=0) for one in (person, other)]
    return float(np.linalg.norm(middles[0] - middles[1]))
