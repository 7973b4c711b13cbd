import pytest
from helpers.jobs import die, fail, square

from training.data.render.workers import run_jobs


@pytest.mark.parametrize("processes", [1, 2])
def test_results_and_progress(processes):
    reported = []
    assert sorted(run_jobs(square, [1, 2, 3], processes, reported.append)) == [1, 4, 9]
    assert sum(reported) == 3


@pytest.mark.parametrize("processes", [1, 2])
def test_a_jobs_error_comes_through(processes):
    with pytest.raises(ValueError, match="job 7 is bad"):
        list(run_jobs(fail, [7], processes))


def test_a_worker_that_dies_is_an_error_and_not_a_wait():
    with pytest.raises(ChildProcessError, match="try fewer processes if memory ran out"):
        list(run_jobs(die, [1, 2], 2))


def test_no_process():
    with pytest.raises(ValueError, match="At least one process.*Received: 0"):
        list(run_jobs(square, [1], 0))
