import dataclasses

import numpy as np
import pytest

from training.data.render.plan import Settings, chance, pairs_of, person_seed, plan_jobs, split_of


@pytest.mark.parametrize(("people", "fraction", "expected"), [(10, 0.1, 1), (100, 0.15, 15), (7, 0.0, 0), (3, 1.0, 3)])
def test_the_test_fraction_is_met(people, fraction, expected):
    assert [split_of(person, fraction) for person in range(people)].count("test") == expected


def test_convention_with_a_tenth_every_tenth_person_from_the_fifth_is_for_testing():
    assert [person for person in range(40) if split_of(person, 0.1) == "test"] == [4, 14, 24, 34]


def test_jobs_of_pairs():
    jobs = plan_jobs(Settings(people=5, views=3, test_fraction=0.2))
    assert [job.name for job in jobs] == [f"person{index:06}" for index in range(5)]
    assert [job.split for job in jobs] == ["train", "train", "test", "train", "train"]
    assert sum(job.pictures for job in jobs) == 15


def test_clips_of_one_person_are_on_one_side_of_the_split():
    jobs = plan_jobs(Settings(kind="clips", people=4, clips=11, frames=6, test_fraction=0.5))
    assert len(jobs) == 11
    assert {job.person for job in jobs} == set(range(4))
    splits = {person: {job.split for job in jobs if job.person == person} for person in range(4)}
    assert all(len(split) == 1 for split in splits.values())
    assert {job.split for job in jobs} == {"train", "test"}


def test_more_people_leave_the_first_ones_as_they_are():
    few, many = Settings(people=6), Settings(people=60)
    assert plan_jobs(many)[:6] == plan_jobs(few)
    assert [pairs_of(few, person) for person in range(6)] == [pairs_of(many, person) for person in range(6)]


def test_pairs_are_different_ordered_and_reach_every_view():
    settings = Settings(views=5, pairs=9)
    for person in range(20):
        pairs = pairs_of(settings, person)
        assert len(set(pairs)) == 9
        assert all(source != target for source, target in pairs)
        assert {source for source, _ in pairs} == {target for _, target in pairs} == set(range(5))
    assert len({tuple(pairs_of(settings, person)) for person in range(20)}) > 10


def test_all_pairs_there_are():
    assert pairs_of(Settings(views=3, pairs=6), 0) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]


def test_chance_depends_on_seed_purpose_and_numbers():
    draws = [chance(*numbers).random() for numbers in ((0, 1, 2), (0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3))]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 4
    assert len({person_seed(seed, person) for seed in range(3) for person in range(50)}) == 150


def test_settings_that_matter():
    pairs, clips = Settings().as_dict(), Settings(kind="clips").as_dict()
    assert "frames" not in pairs
    assert "views" not in clips
    assert set(pairs) | set(clips) == {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "film"}, "kind must be one of pairs, clips. Received: 'film'"),
        ({"light": "neon"}, "light must be one of .* Received: 'neon'"),
        ({"background": "sea"}, "background must be one of .* Received: 'sea'"),
        ({"format": "bmp"}, "format must be one of jpg, png. Received: 'bmp'"),
        ({"people": 0}, "people must be at least 1. Received: 0"),
        ({"views": 1}, "views must be at least 2. Received: 1"),
        ({"seed": -1}, "seed must be at least 0. Received: -1"),
        ({"views": 2, "pairs": 3}, r"pairs must be at most views \* \(views - 1\) = 2. Received: 3"),
        ({"height": 8}, "size must be 16 to 4096 pixels each way. Received: 8x256"),
        ({"test_fraction": 1.5}, r"test_fraction must be in \[0, 1\]. Received: 1.5"),
        ({"test_fraction": float("nan")}, r"test_fraction must be in \[0, 1\]. Received: nan"),
        ({"wardrobe": "/no/such/folder"}, "wardrobe must be an existing folder. Received: /no/such/folder"),
    ],
)
def test_wrong_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)


def test_seeds_beyond_64_bits_are_fine():
    assert 0 <= chance(2**80, 1).random() < 1
    assert np.isfinite(person_seed(2**80, 3))
