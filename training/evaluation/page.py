"""A page made of headings, paragraphs, tables and pictures, written as HTML and as Markdown."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Block", "Code", "Heading", "Paragraph", "Picture", "Table", "to_html", "to_markdown"]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1e1e1e; background: #fff; max-width: 1200px; margin: 2em auto;
       padding: 0 1em; }
h1, h2, h3 { line-height: 1.2; margin: 1.6em 0 0.5em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25em 0.9em 0.25em 0; border-bottom: 1px solid #ddd; white-space: nowrap; }
img { max-width: 100%; }
pre { background: #f4f4f4; padding: 0.8em; overflow-x: auto; font-size: 13px; }
"""


@dataclass(frozen=True)
class Heading:
    """A heading of level 1, 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first one of titles."""

    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A picture file, its path relative to the page, and what it shows."""

    path: str
    text: str


@dataclass(frozen=True)
class Code:
    """Text as it stands."""

    text: str


Block = Heading | Paragraph | Table | Picture | Code


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """The whole page as HTML, without anything from elsewhere but its pictures."""
    body = "\n".join(_HTML[type(block)](block) for block in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def to_markdown(blocks: Sequence[Block]) -> str:
    """The whole page as Markdown."""
    return "\n\n".join(_MARKDOWN[type(block)](block) for block in blocks) + "\n"


def _html_table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    titles, *rows = table.rows
    lines = [row(titles, "th"), *(row(cells, "td") for cells in rows)]
    return '<div class="wide"><table>\n' + "\n".join(lines) + "\n</table></div>"


def _markdown_table(table: Table) -> str:
    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    titles, *rows = table.rows
    return "\n".join([row(titles), "|" + "---|" * len(titles), *map(row, rows)])


_HTML: Mapping[type, Callable[[Block], str]] = {
    Heading: lambda block: f"<h{block.level}>{html.escape(block.text)}</h{block.level}>",
    Paragraph: lambda block: f"<p>{html.escape(block.text)}</p>",
    Table: _html_table,
    Picture: lambda block: f'<p><img src="{html.escape(block.path)}" alt="{html.escape(block.text)}"></p>',
    Code: lambda block: f"<pre>{html.escape(block.text)}</pre>",
}

_MARKDOWN: Mapping[type, Callable[[Block], str]] = {
    Heading: lambda block: f"{'#' * block.level} {block.text}",
    Paragraph: lambda block: block.text,
    Table: _markdown_table,
    Picture: lambda block: f"![{block.text}]({block.path})",
    Code: lambda block: f"```\n{block.text}\n```",
}
