"""What is rendered: which people, in how many pictures, which pairs, and on which side of the train/test split.

Everything follows from the settings. Chance comes from generators seeded by (seed, purpose, numbers), so that a picture
depends on the seed and its own number only: not on how many others there are, nor on who renders them when. A person is
either for training or for testing, and stays there when the number of people grows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.data.render.backgrounds import BACKGROUNDS
from training.data.render.lighting import LIGHTS

__all__ = [
    "KINDS",
    "FORMATS",
    "SPLITS",
    "Settings",
    "Job",
    "plan_jobs",
    "split_of",
    "pairs_of",
    "chance",
    "person_seed",
]

KINDS = ("pairs", "clips")
FORMATS = ("jpg", "png")
SPLITS = ("train", "test")
# What chance is used for: the second number of every seed. Never reuse or renumber.
PERSON, SHOOT, VIEW, PAIRS, CLIP, NOISE = range(6)
SMALLEST_SIDE, LARGEST_SIDE = 16, 4096


@dataclass(frozen=True)
class Settings:
    """The settings of a dataset; two datasets of equal settings are equal.

    Attributes:
        kind: `pairs` (pictures of people and a list of pairs) or `clips` (films).
        people: how many people.
        views: pictures of each person, each in a pose of its own (pairs).
        pairs: ordered pairs (from, to) of pictures of each person, at most views * (views - 1) (pairs).
        clips: how many clips; clip k shows person k modulo `people` (clips).
        frames: pictures of each clip (clips).
        height: of the pictures in pixels.
        width: likewise.
        seed: of all chance, 0 or more.
        light: one of `LIGHTS`.
        background: one of `BACKGROUNDS`.
        test_fraction: part of the people that is for testing, in [0, 1].
        format: of the pictures, one of `FORMATS`.
        truth: whether masks, body parts, flows and visibilities are written.
        wardrobe: folder of garments, hair and skins, or None.
        motion: folder of BVH files that poses are taken from, or None: poses are made up.
    """

    kind: str = "pairs"
    people: int = 10
    views: int = 4
    pairs: int = 6
    clips: int = 4
    frames: int = 30
    height: int = 256
    width: int = 256
    seed: int = 0
    light: str = "studio"
    background: str = "mixed"
    test_fraction: float = 0.1
    format: str = "jpg"
    truth: bool = True
    wardrobe: str | None = None
    motion: str | None = None

    def __post_init__(self) -> None:
        for name, choices in {"kind": KINDS, "light": LIGHTS, "background": BACKGROUNDS, "format": FORMATS}.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}. Received: {getattr(self, name)!r}.")
        for name, low in {"people": 1, "views": 2, "pairs": 1, "clips": 1, "frames": 2, "seed": 0}.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}. Received: {getattr(self, name)}.")
        if self.pairs > self.views * (self.views - 1):
            raise ValueError(
                f"pairs must be at most views * (views - 1) = {self.views * (self.views - 1)}. Received: {self.pairs}."
            )
        if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (self.height, self.width)):
            raise ValueError(
                f"size must be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels each way. Received: {self.height}x{self.width}."
            )
        if not 0 <= self.test_fraction <= 1:
            raise ValueError(f"test_fraction must be in [0, 1]. Received: {self.test_fraction}.")
        for name in ("wardrobe", "motion"):
            if getattr(self, name) is not None and not Path(getattr(self, name)).is_dir():
                raise ValueError(f"{name} must be an existing folder. Received: {getattr(self, name)}.")

    def as_dict(self) -> dict[str, object]:
        """The settings that matter for this kind, for JSON."""
        unused = {"pairs": ("clips", "frames"), "clips": ("views", "pairs")}[self.kind]
        return {name: value for name, value in asdict(self).items() if name not in unused}


@dataclass(frozen=True)
class Job:
    """What one process renders at a time: a person's pictures, or a clip.

    Attributes:
        index: number of the person, or of the clip.
        person: number of the person.
        split: `train` or `test`.
        name: what the files are called after.
        pictures: how many are rendered.
    """

    index: int
    person: int
    split: str
    name: str
    pictures: int


def plan_jobs(settings: Settings) -> list[Job]:
    """All that is to be rendered, in order."""
    jobs = []
    for index in range(settings.people if settings.kind == "pairs" else settings.clips):
        person = index % settings.people
        name, pictures = (
            (f"person{index:06}", settings.views) if settings.kind == "pairs" else (f"clip{index:06}", settings.frames)
        )
        jobs.append(Job(index, person, split_of(person, settings.test_fraction), name, pictures))
    return jobs


def split_of(person: int, test_fraction: float) -> str:
    """`train` or `test`; the people for testing are spread evenly, so that of the first n about n * fraction are."""
    # Of n people, n * fraction rounded to the nearest; 1e-9 as 5 * 0.1 may be just below a half.
    before, after = (math.floor(count * test_fraction + 0.5 + 1e-9) for count in (person, person + 1))
    return SPLITS[after > before]


def pairs_of(settings: Settings, person: int) -> list[tuple[int, int]]:
    """The ordered pairs (from, to) of views of a person, chosen by chance; the first ones form a ring through all."""
    random = chance(settings.seed, PAIRS, person)
    order = random.permutation(settings.views).tolist()
    ring = list(zip(order, order[1:] + order[:1], strict=True))
    others = [(a, b) for a in range(settings.views) for b in range(settings.views) if a != b and (a, b) not in ring]
    shuffled = [others[i] for i in random.permutation(len(others))]
    return sorted((ring + shuffled)[: settings.pairs])


def chance(seed: int, *numbers: int) -> np.random.Generator:
    """The generator for a purpose and the numbers of what it is for."""
    return np.random.default_rng(np.random.SeedSequence((seed, *numbers)))


def person_seed(seed: int, person: int) -> int:
    """What a person's looks are made from."""
    return int(np.random.SeedSequence((seed, PERSON, person)).generate_state(1)[0])
