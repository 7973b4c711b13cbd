"""Turn a PyTorch checkpoint of the authors into safetensors, or back.

Examples:
  gfla convert latest_net_G.pth --preset person-fashion --output weights.safetensors
  gfla convert weights.safetensors --preset person-fashion --pytorch --output for_pytorch.safetensors
The authors' checkpoints stay under their own, non-commercial licence, converted or not.
Nothing in a checkpoint is run: anything but weights in it is refused.
"""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla convert`."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=".pth of any PyTorch version, or safetensors")
    parser.add_argument(
        "--preset", required=True, metavar="NAME", help="network that it belongs to, such as person-fashion"
    )
    parser.add_argument("--output", required=True, help="safetensors file to write")
    parser.add_argument("--precision", choices=("float32", "float16"), default="float32", help="(default: %(default)s)")
    parser.add_argument("--pytorch", action="store_true", help="write second names too, as load_state_dict expects")


def run(options: argparse.Namespace) -> int:
    """Run `gfla convert`."""
    from gfla_tf.convert import convert

    done = convert(options.checkpoint, options.preset, options.output, options.precision, options.pytorch)
    print(f"{options.output}: {options.preset}, {done.tensors_written} tensors, {done.numbers:,} numbers")
    return 0
