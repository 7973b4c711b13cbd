"""Where the compiled library of the native operations lies.

A library fits one version of TensorFlow with its ABI flags, one state of the sources and one kind of processor; its
name is a hash of all that, so that libraries for several environments lie side by side and none is used by mistake. Two
places are looked at: the user's cache, which `gfla build-ops` fills with code for this very processor, and the package
itself, which may come with a portable one.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from pathlib import Path

import tensorflow as tf

__all__ = ["NativeUnavailableError", "cache_folder", "find_library", "library_path", "package_folder", "sources"]

KERNELS = Path(__file__).resolve().parent / "kernels"
SUFFIX = ".so"


class NativeUnavailableError(ValueError):
    """There are no native operations here; the message says why and what helps."""


def sources() -> list[Path]:
    """The C++ files, headers included, in a fixed order."""
    return sorted([*KERNELS.glob("*.h"), *KERNELS.glob("*.cc")])


def cache_folder() -> Path:
    """Folder of the libraries built on this machine: in XDG_CACHE_HOME, else where the platform keeps caches."""
    if os.environ.get("XDG_CACHE_HOME"):
        home = Path(os.environ["XDG_CACHE_HOME"])
    else:
        home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return home / "gfla_tf" / "native"


def package_folder() -> Path:
    """Folder of the portable libraries that a wheel may come with."""
    return KERNELS / "prebuilt"


def library_path(portable: bool = False) -> Path:
    """Path of the library for this environment, whether it is there or not.

    Args:
        portable: the package's, for every processor of this architecture, instead of the cache's.
    """
    key = [tf.__version__, *abi_flags(), platform.system(), platform.machine()]
    key += [] if portable else [processor_features()]
    digest = hashlib.sha256("\n".join(key).encode())
    for source in sources():
        digest.update(source.name.encode() + source.read_bytes())
    folder = package_folder() if portable else cache_folder()
    return folder / f"gfla-{tf.__version__}-{digest.hexdigest()[:16]}{SUFFIX}"


def abi_flags() -> list[str]:
    """The compiler flags that TensorFlow asks for, without the places where it is installed."""
    return [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")]


def processor_features() -> str:
    """What tells processors apart that cannot run each other's code; a home may be shared by several machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def find_library() -> Path | None:
    """The library to use: the cache's, else the package's, else none."""
    candidates = (library_path(), library_path(portable=True))
    return next((path for path in candidates if path.is_file()), None)
