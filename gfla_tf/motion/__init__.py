"""Motion: a person's joints over time, cleaned of a detector's noise (Ren et al. 2020, section 3.2.1).

* `filling`: joints that a detector missed; the person's size.
* `normalization`, `windows`: keypoints to the network's channels, the same in training and in use.
* `cleaner`: recordings of any length, at once or as a stream.
* `causal`: frame by frame while somebody is filmed.
* `filters`: classical filters to compare with.
* `video`, `plot`: what it looks like before and after.

Names are imported when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib

_HOME_OF = {
    "MotionCleaner": "cleaner",
    "CausalMotionCleaner": "causal",
    "fill_missing": "filling",
    "person_size": "filling",
    "fill_only": "filters",
    "one_euro": "filters",
    "savitzky_golay": "filters",
}

__all__ = [
    "CausalMotionCleaner",
    "MotionCleaner",
    "fill_missing",
    "fill_only",
    "one_euro",
    "person_size",
    "savitzky_golay",
]


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
