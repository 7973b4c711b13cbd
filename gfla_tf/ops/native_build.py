"""Building the native operations with the C++ compiler of this machine.

Takes a compiler that knows C++17 and GNU vectors (g++ from 9, clang++) and the headers that come with TensorFlow.
Nothing is built without being asked for: `gfla build-ops`, or the first use of `implementation="native"`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from gfla_tf.ops.native_library import (
    SUFFIX,
    NativeUnavailableError,
    cache_folder,
    library_path,
    package_folder,
    sources,
)
from gfla_tf.outputs import whole_file

__all__ = ["build", "clean", "find_compiler"]

COMPILERS = ("c++", "g++", "clang++")
# For this machine only. A portable library takes no more than TensorFlow's own wheels, which need AVX on x86.
TUNED = {"x86_64": ["-march=native"], "aarch64": ["-mcpu=native"], "arm64": ["-mcpu=native"]}
PORTABLE = {"x86_64": ["-mavx"]}
MESSAGE_LINES = 3  # of a compiler's errors that are shown; the log beside the library has all of them


def find_compiler() -> list[str]:
    """The C++ compiler's command: CXX of the environment, else c++, g++ or clang++.

    Raises:
        NativeUnavailableError: there is none, or this is Windows, where TensorFlow's headers do not build.
    """
    if sys.platform == "win32":
        raise NativeUnavailableError("TensorFlow has no custom operations on Windows.")
    wanted = os.environ.get("CXX", "")
    for command in [shlex.split(wanted)] if wanted.strip() else [[name] for name in COMPILERS]:
        if shutil.which(command[0]):
            return command
    tried = f"CXX={wanted}" if wanted.strip() else ", ".join(COMPILERS)
    raise NativeUnavailableError(f"No C++ compiler was found ({tried}).")


def build(portable: bool = False) -> Path:
    """Build the library unless it is there; several processes may ask at once, one of them builds.

    Args:
        portable: into the package, for every processor of this architecture, instead of into the user's cache.

    Returns:
        Path of the library.

    Raises:
        NativeUnavailableError: no compiler, no place to write to, or a failed build; with the reason.
    """
    path = library_path(portable)
    if path.is_file():
        return path
    compiler = find_compiler()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not path.is_file():  # nobody else has built it while this process waited
                with whole_file(path) as temporary:
                    _compile(_command(compiler, temporary, portable), path.with_suffix(".log"))
    except NativeUnavailableError:
        raise
    except (OSError, ValueError) as error:
        raise NativeUnavailableError(f"The native operations could not be built: {error}") from error
    return path


def clean(portable: bool = False) -> list[Path]:
    """Remove all libraries of the cache (or of the package, if portable), of whatever version; gives their paths."""
    folder = package_folder() if portable else cache_folder()
    removed = sorted(folder.glob(f"gfla-*{SUFFIX}"))
    if folder.is_dir():
        shutil.rmtree(folder)
    return removed


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for every other process that holds the file; the system lets it go should this one die."""
    import fcntl  # not on Windows

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _command(compiler: list[str], output: Path, portable: bool) -> list[str]:
    # TensorFlow's headers are full of warnings, hence -w.
    flags = [*tf.sysconfig.get_compile_flags(), "-O3", "-fPIC", "-shared", "-w"]
    flags += (PORTABLE if portable else TUNED).get(platform.machine(), [])
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]
    files = [str(source) for source in sources() if source.suffix == ".cc"]
    return [*compiler, *flags, *files, "-o", str(output), *tf.sysconfig.get_link_flags()]


def _compile(command: list[str], log: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log.write_text(f"{shlex.join(command)}\n{done.stdout}{done.stderr}", encoding="utf-8")
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or [f"exit code {done.returncode}"]
        raise NativeUnavailableError(
            f"The compiler {command[0]} failed, {log} has all of it: {' / '.join(errors[:MESSAGE_LINES])}"
        )
