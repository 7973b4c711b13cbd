"""What `gfla inspect` writes: of every pair NAME.png and NAME.html, and of several an index.html."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import keras

from gfla_tf.image_io import write_image
from gfla_tf.inspection.discriminator_panels import discriminator_row
from gfla_tf.inspection.discriminators import DiscriminatorView, load_discriminator
from gfla_tf.inspection.page import page_html
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.inspection.sheet import draw_sheet, panel_size
from gfla_tf.models.discriminators import ImageDiscriminator
from gfla_tf.outputs import whole_file

__all__ = ["SheetOptions", "image_discriminator", "make_folder", "write_index", "write_inspections"]

INDEX = "index.html"
STYLE = "body { font: 15px system-ui, sans-serif; margin: 2em; } img { width: 100%; border: 1px solid #ccc; }"


@dataclass(frozen=True, eq=False)
class SheetOptions:
    """What is put on sheets.

    Attributes:
        pixels: (x, y) in pixels of the network's picture that are followed back; some joints if there are none.
        discriminator: an image discriminator to look into; None for none.
    """

    pixels: Sequence[tuple[float, float]] = ()
    discriminator: keras.Model | None = None


def image_discriminator(folder: str | os.PathLike[str] | None) -> keras.Model | None:
    """The image discriminator in a folder; None for None.

    Raises:
        ValueError: there is none, or tf-keras-vis is missing.
    """
    if folder is None:
        return None
    model = load_discriminator(folder)
    if not isinstance(model, ImageDiscriminator):
        raise ValueError(f"--discriminator: one of pictures is expected. Received: {folder}, one of clips.")
    return model


def make_folder(output: str | os.PathLike[str]) -> Path:
    """The folder to write to, made if it is not there.

    Raises:
        ValueError: it can't be made.
    """
    output = Path(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--output must be a folder. Received: {output} ({error.strerror}).") from error
    return output


def write_inspections(
    inspections: Iterable[tuple[str, PairInspection]], output: Path, options: SheetOptions
) -> Iterator[str]:
    """Write the files of pairs, one after the other.

    Args:
        inspections: (file name without extension, inspection) of each.
        output: folder, made with the first files.
        options: what is put on sheets.

    Yields:
        The file name of each pair, once its files are there.

    Raises:
        ValueError: a pixel lies outside of the picture, or a file can't be written.
    """
    view = None
    for name, inspection in inspections:
        if options.discriminator is not None and view is None:
            view = DiscriminatorView(options.discriminator, inspection.size)
        further = [] if view is None else [discriminator_row(view, inspection, panel_size(inspection))]
        sheet = draw_sheet(inspection, options.pixels or None, further)
        write_image(make_folder(output) / f"{name}.png", sheet)
        _write_text(output / f"{name}.html", page_html(inspection, options.pixels))
        yield name


def write_index(names: Sequence[str], output: Path) -> Path:
    """Write a page with all sheets, each leading to its pair's page."""
    links = [
        f'<h2><a href="{address}.html">{name}</a></h2>\n<a href="{address}.html">'
        f'<img src="{address}.png" alt="sheet of {name}" loading="lazy"></a>'
        for address, name in ((quote(name), html.escape(name)) for name in names)
    ]
    head = f'<meta charset="utf-8">\n<title>Inspection</title>\n<style>{STYLE}</style>'
    body = "\n".join(links)
    page = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    _write_text(output / INDEX, page)
    return output / INDEX


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
