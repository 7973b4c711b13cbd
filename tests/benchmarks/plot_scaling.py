"""Time and memory against pixels and frames, as a picture, from what the benchmarks wrote. Needs matplotlib.

    PYTHONPATH=. python tests/benchmarks/bench_generator.py --json generator.json
    PYTHONPATH=. python tests/benchmarks/bench_animation.py --json animation.json
    python tests/benchmarks/plot_scaling.py generator.json animation.json --output scaling.png

Both axes are logarithmic: where time grows as pixels or frames do, a line is as steep as the thin grey one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

ACROSS = {"generator": "pixels", "animation": "frames"}
QUANTITIES = {"ms": "time in ms", "MiB": "peak memory in MiB, TensorFlow included"}


def read_points(content: dict) -> dict[str, list[dict]]:
    """The rows that go into a plot by the line that they belong to, in order."""
    lines: dict[str, list[dict]] = {}
    for row in content["rows"]:
        if content["benchmark"] == "animation" and str(row["what"]).startswith("clip"):
            lines.setdefault("animated clip", []).append(row)
        elif content["benchmark"] == "generator":
            point = {**row, "pixels": row["batch"] * row["side"] ** 2}
            kind = f"{row['precision']}, " + ("one picture" if row["batch"] == 1 else "batches of 256x256")
            lines.setdefault(kind, []).append(point)
    across = ACROSS[content["benchmark"]]
    return {name: sorted(points, key=lambda point: point[across]) for name, points in lines.items()}


def draw(axes, content: dict, quantity: str) -> None:
    """One plot: a quantity against pixels or frames."""
    across = ACROSS[content["benchmark"]]
    lines = read_points(content)
    for name, points in lines.items():
        axes.plot([p[across] for p in points], [p[quantity] for p in points], marker="o", label=name)
    if quantity == "ms":
        draw_proportion(axes, [point for points in lines.values() for point in points], across)
    axes.set(xlabel=across, ylabel=QUANTITIES[quantity], xscale="log", yscale="log")
    axes.legend(fontsize="small")


def draw_proportion(axes, points: list[dict], across: str) -> None:
    """The thin line along which time grows as fast as what it is drawn against."""
    first, last = min(point[across] for point in points), max(point[across] for point in points)
    shortest = min(point["ms"] for point in points)
    axes.plot([first, last], [shortest, shortest * last / first], color="lightgrey", linewidth=1, zorder=0)


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, help="files that --json wrote")
    parser.add_argument("--output", type=Path, required=True, help="PNG to write")
    options = parser.parse_args()
    from matplotlib import pyplot

    contents = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    size = {"figsize": (6 * len(QUANTITIES), 4.5 * len(contents)), "layout": "constrained"}
    figure, grid = pyplot.subplots(len(contents), len(QUANTITIES), squeeze=False, **size)
    for row, content in zip(grid, contents, strict=True):
        for axes, quantity in zip(row, QUANTITIES, strict=True):
            draw(axes, content, quantity)
    figure.savefig(options.output, dpi=120)


if __name__ == "__main__":
    main()
