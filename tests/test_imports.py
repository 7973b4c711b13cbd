"""Imports point downwards only, heavy packages are imported where they are used, and every public name is there."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gfla_tf

ROOT = Path(gfla_tf.__file__).parent.parent
PACKAGES = ("gfla_tf", "training", "serving")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Each part of the library, and what it must not know of.
COMMANDS = {"cli", "commands"}
APPLICATIONS = {"pipelines", "animation", "inspection", *COMMANDS}
INPUTS = {"weights", "pose", "image_io", "motion"}
BELOW_LAYERS = {"models", "losses", "metrics", "stand_in", *INPUTS, *APPLICATIONS}
ABOVE = {
    "ops": {"layers", *BELOW_LAYERS},
    "layers": BELOW_LAYERS,
    "models": {"losses", "metrics", *INPUTS, *APPLICATIONS} - {"weights"},
    "losses": {"models", "metrics", *INPUTS, *APPLICATIONS} - {"weights"},
    "metrics": {"models", "losses", "motion", *APPLICATIONS},
    "pose": {"models", "layers", "ops", "losses", "metrics", "weights", "motion", *APPLICATIONS},
    "image_io": {"models", "layers", "ops", "losses", "metrics", "weights", "motion", *APPLICATIONS},
    "weights": {"models", "losses", "metrics", "pose", "image_io", "motion", *APPLICATIONS},
    "motion": {"losses", "metrics", *APPLICATIONS},
    "pipelines": {"animation", "inspection", *COMMANDS},
    "animation": {"losses", "metrics", "inspection", *COMMANDS},
    "inspection": {"losses", *COMMANDS},
}
AT_THE_EDGES = {"cv2", "matplotlib", "grpc", "tensorflow_serving"}
WITHOUT_TENSORFLOW = ("pose", "image_io", "torch_checkpoint", "outputs", "remote", "exif")


def imported_names(tree: ast.AST, module: str) -> Iterator[tuple[str, bool]]:
    """(absolute name, whether it is imported when the module is) for every import of a module's syntax tree.

    Of `from a import b` comes `a.b`, which may be a module or a thing in one.
    """
    later = {id(node) for block in ast.walk(tree) if runs_later(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        at_once = id(node) not in later
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", at_once) for alias in node.names)


def runs_later(node: ast.AST) -> bool:
    """Whether a block does not run when its module is imported: a function, or what is for type checkers only."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def module_name(path: Path) -> str:
    """The dotted name; a package's __init__ keeps that part, so that relative imports resolve alike."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def parts_of(name: str) -> tuple[str, str]:
    """Package and part: ("gfla_tf", "ops") of gfla_tf.ops.warp; the part is "" for the package itself."""
    package, _, rest = name.partition(".")
    return package, rest.split(".")[0]


def violations(module: str, source: str) -> list[str]:
    """One line for every import that a module must not have."""
    package, part = parts_of(module)
    found = []
    for name, at_once in imported_names(ast.parse(source), module):
        target, target_part = parts_of(name)
        if package == "gfla_tf" and target in ("training", "serving"):
            found.append(f"{module} imports {name}, which is not part of the library")
        if {package, target} == {"training", "serving"}:
            found.append(f"{module} imports {name}")
        if package == target == "gfla_tf" and target_part in ABOVE.get(part, set()):
            found.append(f"{module} imports {name}, which is above it")
        if package == "gfla_tf" and at_once and target in AT_THE_EDGES:
            found.append(f"{module} imports {name} outside a function")
        if package == "gfla_tf" and at_once and part in WITHOUT_TENSORFLOW and target in ("tensorflow", "keras"):
            found.append(f"{module} imports {name} outside a function")
    return found


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_downwards(path):
    assert violations(module_name(path), path.read_text(encoding="utf-8")) == []


def test_every_package_is_installed():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(settings["options"]["packages"].split()) - {"gfla_tf.saved_models"}
    folders = {path.parent.relative_to(ROOT) for path in FILES if path.name == "__init__.py"}
    assert listed == {".".join(folder.parts) for folder in folders if folder.parts[0] == "gfla_tf"}


def test_the_parts_are_there():
    names = {module_name(path) for path in FILES}
    assert {"gfla_tf.ops.warp", "gfla_tf.layers.blocks", "gfla_tf.models.presets", "gfla_tf.cli"} <= names


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gfla_tf.ops.warp", "from gfla_tf.layers import DownBlock"),
        ("gfla_tf.ops.warp", "from gfla_tf import layers"),
        ("gfla_tf.ops.warp", "import gfla_tf.models.presets"),
        ("gfla_tf.ops.warp", "from ..layers.blocks import DownBlock"),
        ("gfla_tf.ops.__init__", "from ..layers import blocks"),
        ("gfla_tf.models.presets", "def f():\n    from gfla_tf.pipelines import PoseTransfer"),
        ("gfla_tf.losses.flow", "from gfla_tf.models import FlowEstimator"),
        ("gfla_tf.losses.flow", "from gfla_tf.metrics import ssim"),
        ("gfla_tf.metrics.image", "from gfla_tf.losses import perceptual"),
        ("gfla_tf.pipelines", "from gfla_tf.cli import main"),
        ("gfla_tf.animation.job", "from gfla_tf.commands import animate"),
        ("gfla_tf.cli", "import serving.client"),
        ("gfla_tf.weights", "from training import stages"),
        ("training.stages", "from serving import export"),
        ("serving.export", "import training"),
        ("gfla_tf.image_io", "import cv2"),
        ("gfla_tf.image_io", "try:\n    import cv2\nexcept ImportError:\n    cv2 = None"),
        ("gfla_tf.pose.drawing", "class Drawing:\n    from matplotlib import pyplot"),
        ("gfla_tf.pose.heatmaps", "import tensorflow as tf"),
    ],
)
def test_forbidden_imports_are_found(module, source):
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gfla_tf.image_io", "def read():\n    import cv2"),
        ("gfla_tf.pose.heatmaps", "if TYPE_CHECKING:\n    import tensorflow as tf"),
        ("gfla_tf.layers.blocks", "from gfla_tf.ops.warp import pad_edge"),
        ("gfla_tf.layers.blocks", "from .primitives import register"),
        ("gfla_tf.layers.__init__", "from .blocks import DownBlock"),
        ("gfla_tf.losses.flow", "from gfla_tf.ops import gaussian_sample"),
        ("training.stages", "from gfla_tf.models import PersonGenerator"),
        ("training.callbacks", "import matplotlib"),
    ],
)
def test_allowed_imports_are_let_through(module, source):
    assert violations(module, source) == []


def loaded_by(code: str, *packages: str) -> list[str]:
    """Which of the packages a fresh interpreter has loaded after running some code."""
    report = f"import sys; print([name for name in {packages!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return ast.literal_eval(result.stdout.splitlines()[-1])


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("tensorflow", "keras", "cv2", "scipy", "matplotlib", "numpy", "safetensors")
    assert loaded_by("import gfla_tf; dir(gfla_tf); gfla_tf.__version__", *heavy) == []


def test_the_demo_hides_tensorflows_messages_before_it_loads_it():
    demo = Path(__file__).parents[1] / "samples" / "demo.py"
    assert loaded_by(f"import runpy; runpy.run_path({str(demo)!r})", "tensorflow") == []


def test_public_names_resolve():
    assert len(gfla_tf.__all__) == len(set(gfla_tf.__all__))
    for name in (*gfla_tf.__all__, *dir(gfla_tf)):
        assert getattr(gfla_tf, name) is not None


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'gfla_tf' has no attribute 'load_modle'"):
        gfla_tf.load_modle  # noqa: B018
