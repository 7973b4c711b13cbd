"""Write a model's next version for TensorFlow Serving.

For example:

  python -m serving export person-demo --output models
  python -m serving export person-fashion --weights weights.safetensors --output models --precision bfloat16

DIR/NAME/VERSION appears when it is complete and has passed its check: every endpoint, run by a process without gfla_tf,
gave what the library gives. A server that watches DIR/NAME picks it up.
"""

from __future__ import annotations

import argparse

from gfla_tf.commands.stand_in import warn_of_stand_in
from gfla_tf.outputs import check_folder
from serving.versions import check_name

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="published model, preset or model folder")
    parser.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of all models of a server")
    parser.add_argument("--name", help="of the model in addresses (default: the preset's)")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="in which the network computes; bfloat16 is for processors that have it (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Export, and print the folder."""
    if options.name is not None:
        check_name(options.name)
    check_folder(options.output)
    from gfla_tf.models.model_files import outline_model
    from gfla_tf.pipelines import load_trained
    from gfla_tf.published import find_model
    from serving.export import check_kind, export_model

    check_kind(outline_model(find_model(options.model, options.weights)))
    warn_of_stand_in(options.weights, "expect coloured noise, not a person", "serving")
    model = load_trained(options.model, options.weights)
    print(export_model(model, options.output, options.name, options.precision))
    return 0
