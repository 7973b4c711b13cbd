"""What browsers get: the page, and trials without anything that tells which picture is real."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.jnd.study import Trial

__all__ = ["page", "shown_trial"]

PAGE_FILE = Path(__file__).with_name("page.html")
NO_STUDY = "const STUDY = null;"


def shown_trial(trial: Trial, paths: Mapping[str, str]) -> dict:
    """A trial as JSON for the page.

    Args:
        trial: what the rater sees.
        paths: token -> where the page finds the picture.
    """
    return {"number": trial.number, "pictures": [paths[token] for token in trial.tokens]}


def page(plans: Mapping[str, Sequence[dict]] | None = None, milliseconds: int = 0) -> str:
    """The page as HTML.

    Args:
        plans: rater -> trials, for a page without a server; None for one that asks the server.
        milliseconds: how long pictures are shown, where there are plans.
    """
    text = PAGE_FILE.read_text(encoding="utf-8")
    if plans is None:
        return text
    study = json.dumps({"milliseconds": milliseconds, "plans": plans}).replace("</", "<\\/")
    return text.replace(NO_STUDY, f"const STUDY = {study};")
