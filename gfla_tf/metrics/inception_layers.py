"""What Inception v3 consists of: its convolutions, and how modules put them side by side.

Every convolution is without offset, followed by a batch normalisation and a ReLU. Names are torchvision's. A module's
branches get the same input, and their maps are joined in the order given here.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LAYERS", "MODULES", "STEM", "Convolution"]


class Convolution(NamedTuple):
    """Attributes: channels: of the input; filters; kernel: (height, width); stride; padding: zeros (above, left)."""

    channels: int
    filters: int
    kernel: tuple[int, int]
    stride: int = 1
    padding: tuple[int, int] = (0, 0)


def _same(channels: int, filters: int, height: int = 1, width: int | None = None) -> Convolution:
    """A convolution whose output is as large as its input."""
    kernel = (height, height if width is None else width)
    return Convolution(channels, filters, kernel, 1, (kernel[0] // 2, kernel[1] // 2))


def _halving(channels: int, filters: int) -> Convolution:
    return Convolution(channels, filters, (3, 3), 2)


LAYERS: dict[str, Convolution] = {
    "Conv2d_1a_3x3": _halving(3, 32),
    "Conv2d_2a_3x3": Convolution(32, 32, (3, 3)),
    "Conv2d_2b_3x3": _same(32, 64, 3),
    "Conv2d_3b_1x1": _same(64, 80),
    "Conv2d_4a_3x3": Convolution(80, 192, (3, 3)),
}
# None: 3 x 3 windows of stride 2, their maximum.
STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", None, "Conv2d_3b_1x1", "Conv2d_4a_3x3", None)
# Module -> branches, each of steps: a layer, layers side by side, "pool" (3 x 3, stride 1) or "shrink" (stride 2).
MODULES: dict[str, tuple[tuple, ...]] = {}


def _add(module: str, layers: dict[str, Convolution], branches: tuple[tuple, ...]) -> None:
    LAYERS.update({f"{module}.{name}": layer for name, layer in layers.items()})
    MODULES[module] = branches


for _module, _channels, _filters in (("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)):
    _add(
        _module,
        {
            "branch1x1": _same(_channels, 64),
            "branch5x5_1": _same(_channels, 48),
            "branch5x5_2": _same(48, 64, 5),
            "branch3x3dbl_1": _same(_channels, 64),
            "branch3x3dbl_2": _same(64, 96, 3),
            "branch3x3dbl_3": _same(96, 96, 3),
            "branch_pool": _same(_channels, _filters),
        },
        (
            ("branch1x1",),
            ("branch5x5_1", "branch5x5_2"),
            ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            ("pool", "branch_pool"),
        ),
    )
_add(
    "Mixed_6a",
    {
        "branch3x3": _halving(288, 384),
        "branch3x3dbl_1": _same(288, 64),
        "branch3x3dbl_2": _same(64, 96, 3),
        "branch3x3dbl_3": _halving(96, 96),
    },
    (("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), ("shrink",)),
)
for _module, _filters in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
    _add(
        _module,
        {
            "branch1x1": _same(768, 192),
            "branch7x7_1": _same(768, _filters),
            "branch7x7_2": _same(_filters, _filters, 1, 7),
            "branch7x7_3": _same(_filters, 192, 7, 1),
            "branch7x7dbl_1": _same(768, _filters),
            "branch7x7dbl_2": _same(_filters, _filters, 7, 1),
            "branch7x7dbl_3": _same(_filters, _filters, 1, 7),
            "branch7x7dbl_4": _same(_filters, _filters, 7, 1),
            "branch7x7dbl_5": _same(_filters, 192, 1, 7),
            "branch_pool": _same(768, 192),
        },
        (
            ("branch1x1",),
            tuple(f"branch7x7_{number}" for number in range(1, 4)),
            tuple(f"branch7x7dbl_{number}" for number in range(1, 6)),
            ("pool", "branch_pool"),
        ),
    )
_add(
    "Mixed_7a",
    {
        "branch3x3_1": _same(768, 192),
        "branch3x3_2": _halving(192, 320),
        "branch7x7x3_1": _same(768, 192),
        "branch7x7x3_2": _same(192, 192, 1, 7),
        "branch7x7x3_3": _same(192, 192, 7, 1),
        "branch7x7x3_4": _halving(192, 192),
    },
    (("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{number}" for number in range(1, 5)), ("shrink",)),
)
for _module, _channels in (("Mixed_7b", 1280), ("Mixed_7c", 2048)):
    _add(
        _module,
        {
            "branch1x1": _same(_channels, 320),
            "branch3x3_1": _same(_channels, 384),
            "branch3x3_2a": _same(384, 384, 1, 3),
            "branch3x3_2b": _same(384, 384, 3, 1),
            "branch3x3dbl_1": _same(_channels, 448),
            "branch3x3dbl_2": _same(448, 384, 3),
            "branch3x3dbl_3a": _same(384, 384, 1, 3),
            "branch3x3dbl_3b": _same(384, 384, 3, 1),
            "branch_pool": _same(_channels, 192),
        },
        (
            ("branch1x1",),
            ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b")),
            ("branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")),
            ("pool", "branch_pool"),
        ),
    )
