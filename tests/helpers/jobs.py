"""Jobs for tests of the worker processes, which have to be able to import them."""

from __future__ import annotations

import os


def square(job, each):
    each()
    return job * job


def fail(job, each):
    raise ValueError(f"job {job} is bad")


def die(job, each):
    os._exit(1)
