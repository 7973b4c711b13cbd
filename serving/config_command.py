"""Write the list of models, versions and labels that TensorFlow Serving is started with.

For example:

  python -m serving config models --output models/models.config
  python -m serving config models --output models/models.config --stable person-demo=3 --canary person-demo=4

Per model the two newest versions are served, and those that have a label. Without options, the newest is `stable`. A
server started with --model_config_file_poll_wait_seconds=60 takes a changed file over while it runs.
"""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("models", metavar="DIR", help="folder of all models of a server, as `export` writes them")
    parser.add_argument("--output", required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--base", default="/models", metavar="PATH", help="DIR as the server sees it (default: %(default)s)"
    )
    for label, meaning in (("stable", "what everybody gets"), ("canary", "what is being tried")):
        parser.add_argument(
            f"--{label}", action="append", default=[], metavar="NAME=VERSION", help=f"{meaning}; may be repeated"
        )


def run(options: argparse.Namespace) -> int:
    """Write the file, and say which models are in it."""
    from serving.models_config import make_config, models_in, write_config

    models = models_in(options.models)
    labels = {label: _labelled(f"--{label}", getattr(options, label)) for label in ("stable", "canary")}
    write_config(options.output, make_config(models, options.base, **labels))
    for name, versions in models.items():
        print(f"{name}: versions {', '.join(map(str, versions))}")
    return 0


def _labelled(option: str, texts: list[str]) -> dict[str, int]:
    """The version of each model that is given one."""
    pairs = [_parse(text) for text in texts]
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"{option} is expected once for a model. Received: {', '.join(texts)}.")
    return dict(pairs)


def _parse(text: str) -> tuple[str, int]:
    name, _, version = text.partition("=")
    if not name or not version.isdecimal():
        raise ValueError(f"NAME=VERSION is expected, such as person-demo=3. Received: {text!r}.")
    return name, int(version)
