"""Write a model as TFLite files for phones.

For example:

  python -m serving tflite person-demo --output phones
  python -m serving tflite person-demo --output phones --size 128 --precision float16 --pixels uint8

DIR/NAME.json says what the files DIR/NAME.GRAPH.tflite are, what goes in and what comes out. They appear when every
interpreter that is installed (TensorFlow's, and ai-edge-litert: pip install ".[lite]") gives what the model gives, on
ten pictures. What they are made of, and what a delegate would not take of it, is printed. See docs/phones.md.
"""

from __future__ import annotations

import argparse

from gfla_tf.commands.stand_in import warn_of_stand_in

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="published model, preset or model folder")
    parser.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--name", help="of the files (default: preset, size and precision)")
    parser.add_argument(
        "--size", type=int, help="height of the picture in pixels: 128, 192, 256 ... (default: the model's)"
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "float16", "dynamic"),
        default="float32",
        help="of the weights; dynamic keeps them in 8 bits (default: %(default)s)",
    )
    parser.add_argument(
        "--pixels",
        choices=("float32", "uint8"),
        default="float32",
        help="images as floats in [-1, 1], or as a camera gives them (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Export, and print the report and the path of the JSON."""
    from gfla_tf.models.model_files import outline_model
    from gfla_tf.pipelines import load_trained
    from gfla_tf.published import find_model
    from serving.tflite.export import export_lite, plan_export

    what = options.output, options.size, options.precision, options.pixels, options.name
    plan_export(outline_model(find_model(options.model, options.weights)), *what)
    warn_of_stand_in(options.weights, "expect coloured noise, not a person", "serving")
    path, report = export_lite(load_trained(options.model, options.weights), *what)
    print(report)
    print(path)
    return 0
