"""Building the native operations: which compiler, where to, what if it fails. Compilers are shell scripts here."""

from __future__ import annotations

import os
import shlex
import threading
from pathlib import Path

import pytest

from gfla_tf import doctor
from gfla_tf.cli import main
from gfla_tf.ops import native, native_build, native_library
from gfla_tf.ops.native_build import build, clean, find_compiler
from gfla_tf.ops.native_library import NativeUnavailableError, cache_folder, find_library, library_path


@pytest.fixture
def places(tmp_path, monkeypatch) -> Path:
    """An empty cache and an empty package, no CXX, and nothing loaded."""
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module in (native_library, native_build):
        monkeypatch.setattr(module, "package_folder", lambda: tmp_path / "package")
    for function in (native.load_operations, native.load_built_operations):
        function.cache_clear()
    yield tmp_path
    for function in (native.load_operations, native.load_built_operations):
        function.cache_clear()


def write_compiler(folder: Path, script: str, name: str = "compiler") -> str:
    """A command that runs the script; "$output" is the file to write."""
    path = folder / name
    find_output = 'while [ "$1" != -o ]; do shift; done; output=$2\n'
    path.write_text(f"#!/bin/sh\narguments=$*\n{find_output}{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_compiler_of_the_environment_comes_first(places, monkeypatch):
    compiler = write_compiler(places, "")
    monkeypatch.setenv("CXX", f"{compiler} -Wall")
    assert find_compiler() == [compiler, "-Wall"]


@pytest.mark.parametrize("name", ["c++", "g++", "clang++"])
def test_compilers_on_the_path(name, places, monkeypatch):
    write_compiler(places, "", name)
    monkeypatch.setenv("PATH", str(places))
    assert find_compiler() == [name]


def test_no_compiler(places, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(places))
    with pytest.raises(NativeUnavailableError, match=r"No C\+\+ compiler was found \(c\+\+, g\+\+, clang\+\+\)"):
        build()
    monkeypatch.setenv("CXX", "absent -O2")
    with pytest.raises(NativeUnavailableError, match=r"No C\+\+ compiler was found \(CXX=absent -O2\)"):
        native.choose_implementation("native")
    assert native.choose_implementation("auto") == "fused"
    assert main(["build-ops"]) == 2
    assert capsys.readouterr().err == "gfla build-ops: error: No C++ compiler was found (CXX=absent -O2).\n"
    finding = doctor._native_operations()
    assert finding.healthy
    assert finding.found == "not built, stock ones are used instead; No C++ compiler was found (CXX=absent -O2)."


def test_windows(places, monkeypatch):
    monkeypatch.setattr(native_build.sys, "platform", "win32")
    with pytest.raises(NativeUnavailableError, match="no custom operations on Windows"):
        find_compiler()


def test_a_build(places, monkeypatch):
    monkeypatch.setenv("CXX", write_compiler(places, 'echo "$arguments" > "$output"'))
    assert find_library() is None
    path = build()
    assert path == library_path() == find_library()
    assert path.parent == places / "cache" / "gfla_tf" / "native" == cache_folder()
    arguments = shlex.split(path.read_text())
    assert {"--std=c++17", "-O3", "-shared"} <= set(arguments)
    assert [Path(name).name for name in arguments if name.endswith(".cc")] == ["kernels.cc", "operations.cc"]
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".lock", ".log", ".so"]
    monkeypatch.setenv("CXX", "absent")
    assert build() == path  # it is there


def test_a_portable_build_is_the_second_choice(places, monkeypatch):
    monkeypatch.setenv("CXX", write_compiler(places, 'echo "$arguments" > "$output"'))
    portable = build(portable=True)
    assert portable.parent == places / "package"
    assert "native" not in portable.read_text().split("kernels.cc")[0].split("-w")[1]  # no -march=native
    assert find_library() == portable
    assert build() != portable
    assert find_library() == build()


def test_a_failed_build(places, monkeypatch):
    compiler = write_compiler(places, 'echo half > "$output"; echo "a.cc:1: error: no headers" >&2; exit 1')
    monkeypatch.setenv("CXX", compiler)
    with pytest.raises(NativeUnavailableError, match=r"The compiler .*compiler failed.*a.cc:1: error: no headers"):
        native.choose_implementation("native")
    assert native.choose_implementation("auto") == "fused"
    (log,) = cache_folder().glob("*.log")
    assert log.read_text().endswith("a.cc:1: error: no headers\n")
    assert sorted(file.suffix for file in cache_folder().iterdir()) == [".lock", ".log"]


def test_a_compiler_that_says_nothing(places, monkeypatch):
    monkeypatch.setenv("CXX", write_compiler(places, "exit 3"))
    with pytest.raises(NativeUnavailableError, match="exit code 3"):
        build()


def test_a_cache_that_cannot_be_written(places, monkeypatch):
    monkeypatch.setenv("CXX", write_compiler(places, ""))
    (places / "cache").write_text("a file where the folder would be")
    with pytest.raises(NativeUnavailableError, match="could not be built: .*cache"):
        build()


def test_one_of_many_builds(places, monkeypatch):
    counter = places / "counter"
    monkeypatch.setenv(
        "CXX", write_compiler(places, f'echo run >> "{counter}"; sleep 0.3; echo "$arguments" > "$output"')
    )
    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "run\n"
    assert library_path().is_file()


@pytest.mark.parametrize("changed", ["version", "flags", "processor", "source"])
def test_a_library_fits_one_environment(changed, places, monkeypatch):
    before = library_path()
    if changed == "version":
        monkeypatch.setattr(native_library.tf, "__version__", "9.9.9")
    elif changed == "flags":
        monkeypatch.setattr(native_library, "abi_flags", lambda: ["-D_GLIBCXX_USE_CXX11_ABI=0"])
    elif changed == "processor":
        monkeypatch.setattr(native_library, "processor_features", lambda: "flags: sse2")
    else:
        source = places / "kernels.cc"
        source.write_text("int main() {}")
        monkeypatch.setattr(native_library, "sources", lambda: [source])
    assert library_path().name != before.name
    assert library_path().parent == before.parent


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(native_library.sys, "platform", "linux")
    assert cache_folder() == tmp_path / ".cache" / "gfla_tf" / "native"
    monkeypatch.setattr(native_library.sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "gfla_tf" / "native"


def test_cleaning(places, monkeypatch, capsys):
    monkeypatch.setenv("CXX", write_compiler(places, 'echo "$arguments" > "$output"'))
    path, portable = build(), build(portable=True)
    old = path.with_name("gfla-2.0.0-0123456789abcdef.so")
    old.touch()
    assert clean() == sorted([old, path])
    assert not os.path.exists(cache_folder())
    assert find_library() == portable
    assert main(["build-ops", "--clean", "--prebuilt"]) == 0
    assert capsys.readouterr().out == f"removed {portable}\n"
    assert main(["build-ops", "--clean"]) == 0
    assert capsys.readouterr().out == "nothing was built\n"


def test_a_build_that_does_not_load(places, monkeypatch, capsys):
    monkeypatch.setenv("CXX", write_compiler(places, 'echo "$arguments" > "$output"'))
    assert main(["build-ops"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gfla build-ops: error: The native operations do not load: ")
    finding = doctor._native_operations()
    assert not finding.healthy
    assert finding.remedy == "gfla build-ops --clean && gfla build-ops"


def test_the_command(native, capsys):
    assert main(["build-ops"]) == 0
    assert capsys.readouterr().out == f"{find_library()}\n"
    assert doctor._native_operations().found == f"built: {find_library()}"
    assert doctor._local_attention().found == "fused, reference, native work"
