"""What a smaller network for phones costs and saves, as a picture, from docs/phones_measured.md. Needs matplotlib.

python tests/benchmarks/plot_mobile.py --output docs/mobile_tradeoff.png
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "phones_measured.md"
MODELS = {"person-demo": "C0", "person-mobile": "C1"}


def read_table(text: str, *columns: str) -> list[dict[str, str]]:
    """The rows of the first Markdown table that has these columns; an empty cell repeats the one above.

    Raises:
        ValueError: there is none.
    """
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *lines = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines())
        if set(columns) <= set(header):
            rows: list[dict[str, str]] = []
            for line in lines:
                rows.append({name: cell or rows[-1][name] for name, cell in zip(header, line, strict=True)})
            return rows
    raise ValueError(f"A table with the columns {', '.join(columns)} is expected. Received: none.")


def number(cell: str) -> float:
    """The number that a cell begins with: 3.8 of **3.8 MB**."""
    return float(re.search(r"[\d.]+", cell).group())


def draw_models(axes, rows: list[dict[str, str]]) -> None:
    """LPIPS against time; the larger a circle, the larger the file. Without float32, which is as fast as float16."""
    for row in rows:
        if row["precision"] == "float32":
            continue
        model = row["model"].strip("`")
        time, lpips, size = (number(row[name]) for name in ("time", "LPIPS", "file"))
        axes.scatter(time, lpips, s=30 * size, color=MODELS[model], alpha=0.6, edgecolors="none")
        note = f"{model}\n{row['precision']}, {size:g} MB"
        axes.annotate(note, (time, lpips), (0, 14), textcoords="offset points", ha="center", fontsize="small")
    axes.margins(0.25)
    axes.set(xlabel="processor time in ms, 192x128, one thread", ylabel="LPIPS (VGG16), lower is better")
    axes.set_title("trained networks", fontsize="medium")


def draw_candidates(axes, rows: list[dict[str, str]]) -> None:
    """Size against time of networks that were considered."""
    for row in rows:
        chosen = [name for name in MODELS if f"`{name}`" in row["widths"]]
        colour = MODELS[chosen[0]] if chosen else "grey"
        point = number(row["time"]), number(row["file"])
        axes.scatter(*point, color=colour)
        if chosen:
            axes.annotate(chosen[0], point, (0, -16), textcoords="offset points", ha="center", fontsize="small")
    axes.axhline(4, color="lightgrey", linewidth=1, zorder=0)
    axes.margins(0.15)
    axes.set(xlabel="processor time in ms, 128x128, one thread", ylabel="file in MB, float16", ylim=(0, None))
    axes.set_title("widths that were tried; the line is the limit", fontsize="medium")


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="PNG to write")
    options = parser.parse_args()
    from matplotlib import pyplot

    text = DOCUMENT.read_text(encoding="utf-8")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    draw_models(left, read_table(text, "model", "precision", "file", "time", "LPIPS"))
    draw_candidates(right, read_table(text, "widths", "file", "time"))
    figure.savefig(options.output, dpi=110)


if __name__ == "__main__":
    main()
