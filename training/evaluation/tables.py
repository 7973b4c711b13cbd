"""Scores as tables: for a terminal, and as rows of cells for pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from training.evaluation.columns import find_column

__all__ = ["cell", "difference_cell", "difference_rows", "score_rows", "set_cell", "text_table"]

MISSING = "-"


def score_rows(content: dict) -> list[list[str]]:
    """A header and a row a metric: `LPIPS (VGG16) ↓`, then each system's `mean [low, high]`.

    Args:
        content: of evaluation.json.
    """
    systems = content["systems"]
    metrics = {name: system["metrics"] for name, system in systems.items()}
    sets = {name: system["sets"] for name, system in systems.items()}
    return [["", *systems], *_rows(metrics, cell), *_rows(sets, set_cell)]


def difference_rows(differences: dict[str, dict]) -> list[list[str]]:
    """The same for differences between systems, `+mean [low, high]`, with a star where 0 is outside of the interval."""
    return [["", *differences], *_rows(differences, difference_cell)]


def _rows(systems: dict[str, dict], write: Callable[[object], str]) -> list[list[str]]:
    names = dict.fromkeys(name for metrics in systems.values() for name in metrics)
    columns = [find_column(name) for name in names]
    return [
        [f"{column.title} {column.arrow}", *(write(metrics.get(column.name)) for metrics in systems.values())]
        for column in columns
    ]


def set_cell(value: float | None) -> str:
    """A number of all results together, which has no interval."""
    return MISSING if value is None else f"{value:.4f}"


def cell(interval: dict | None) -> str:
    """A mean with its interval."""
    if interval is None or interval["mean"] is None:
        return MISSING
    return f"{interval['mean']:.4f} [{interval['low']:.4f}, {interval['high']:.4f}]"


def difference_cell(interval: dict | None) -> str:
    """A difference with its interval, and a star where 0 is outside of it."""
    if interval is None or interval["mean"] is None:
        return MISSING
    star = " *" if interval["low"] > 0 or interval["high"] < 0 else ""
    return f"{interval['mean']:+.4f} [{interval['low']:+.4f}, {interval['high']:+.4f}]{star}"


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells with columns in line, for a terminal."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
