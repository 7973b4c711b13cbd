"""Build the compiled operations: faster local attention on CPUs.

Takes a C++ compiler (CXX, c++, g++ or clang++) and about a minute, once for each TensorFlow.
"""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla build-ops`."""
    parser.add_argument("--clean", action="store_true", help="remove all that were built, of any version, and stop")
    parser.add_argument("--prebuilt", action="store_true", help="into the package, for any such processor (wheels)")


def run(options: argparse.Namespace) -> int:
    """Run `gfla build-ops`."""
    from gfla_tf.ops.native import load_library
    from gfla_tf.ops.native_build import build, clean

    if options.clean:
        print("\n".join(f"removed {path}" for path in clean(options.prebuilt)) or "nothing was built")
        return 0
    path = build(options.prebuilt)
    load_library(path)  # fails where the library does not suit
    print(path)
    return 0
