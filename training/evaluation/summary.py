"""Means of scores with confidence intervals, and of the differences between systems pair by pair."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gfla_tf.metrics import mean_interval, paired_difference_interval

__all__ = ["CONFIDENCE", "difference", "rounded", "summarize"]

CONFIDENCE = 0.95
DIGITS = 7


def summarize(columns: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """Column -> mean, low, high of its interval, and pairs, the number of pairs that it is defined for.

    Mean and interval are None where fewer than two pairs have a number, or one is infinite (PSNR of equal pictures).
    """
    return {name: _interval(mean_interval, values) for name, values in columns.items()}


def difference(columns: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """The same of the differences columns - others, for the columns that both have, over the pairs that both have."""
    both = [name for name in columns if name in others]
    return {name: _interval(paired_difference_interval, columns[name], others[name]) for name in both}


def _interval(function, *columns: np.ndarray) -> dict:
    defined = ~np.any([np.isnan(values) for values in columns], axis=0)
    columns = [values[defined] for values in columns]
    count = int(defined.sum())
    if count < 2 or not np.isfinite(columns).all():
        return {"mean": None, "low": None, "high": None, "pairs": count}
    interval = function(*columns, confidence=CONFIDENCE)
    return {**{name: rounded(value) for name, value in interval._asdict().items()}, "pairs": count}


def rounded(value: float) -> float:
    """Without the digits that are nothing but rounding."""
    return round(value, DIGITS - 1 - math.floor(math.log10(abs(value)))) if value else 0.0
