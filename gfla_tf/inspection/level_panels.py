"""The panels of a sheet that are about one level of attention."""

from __future__ import annotations

import numpy as np

from gfla_tf.inspection.attention import AttentionMaps
from gfla_tf.inspection.canvas import Canvas
from gfla_tf.inspection.drawings import blend, flow_with_legend, heat, nearest, overlay
from gfla_tf.inspection.layout import Panel
from gfla_tf.inspection.origins import entropy, source_use, winning_taps
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.pose.framing import resize_image
from gfla_tf.sheets import flow_to_color, mask_to_gray, warp_by_flow

__all__ = ["flow_arrows", "hidden_colors", "level_panels", "occlusion_colors"]

USED_QUANTILE = 0.97  # of the places of the source; those that are used more are as bright
ARROWS = 14  # along the picture's shorter side
SHOWN_MASK = 0.25  # below it, a position takes so little from the source that it has no arrow
# RGB: what is right stays as it is.
TAKEN_BUT_HIDDEN, DRAWN_BUT_VISIBLE, RIGHTLY_DRAWN = (230, 40, 40), (250, 190, 40), (70, 120, 250)


def level_panels(inspection: PairInspection, maps: AttentionMaps, size: tuple[int, int]) -> list[Panel]:
    """Flow, mask, warped source and attention kernels of a level; exact flow and occlusion if they are known.

    Args:
        inspection: of a pair.
        maps: of the level.
        size: (height, width) of a panel.
    """
    person, exact = _person_at(inspection, maps), _exact_flow(inspection, maps)
    longest = _longest(maps.flow) if exact is None else _longest(exact[0] * exact[1]) or _longest(maps.flow)
    flow = flow_with_legend(maps.flow, *size, longest)
    panels = [Panel(flow, "flow", f"to {longest:.1f} px of {maps.name}: the wheel's rim")]
    if exact is not None:
        panels.append(_exact_panel(maps, exact, longest, size))
    panels.append(Panel(flow_arrows(inspection.image, maps, size), "flow as arrows", "from a place to its texture"))
    taken = f"{_mean(maps.mask[..., 0], person):.0%} taken, on the person"
    panels.append(Panel(nearest(mask_to_gray(maps.mask), *size), "mask", taken))
    if exact is not None:
        panels.append(_occlusion_panel(inspection, maps, size))
    warped = warp_by_flow(inspection.source_image, maps.flow)
    panels.append(Panel(resize_image(warped, *size), "warped source", "moved by the flow alone"))
    return panels + _kernel_panels(inspection, maps, person, size)


def _kernel_panels(
    inspection: PairInspection, maps: AttentionMaps, person: np.ndarray, size: tuple[int, int]
) -> list[Panel]:
    taps, spread = winning_taps(maps), entropy(maps)
    reach = max(maps.kernel_size // 2, 1) * 2**0.5
    middle = f"the middle one: {_mean((taps == 0).all(axis=-1), person):.0%} of the person"
    mixed = f"person: {_mean(spread, person):.2f}; 1 mixes all evenly"
    use = source_use(maps, inspection.size)
    used = overlay(inspection.source_image, np.clip(use / max(np.quantile(use, USED_QUANTILE), 1e-6), 0, 1))
    return [
        Panel(flow_with_legend(taps, *size, reach), "winning tap", middle),
        Panel(nearest(heat(spread), *size), "entropy", mixed),
        Panel(resize_image(used, *size), "used", "how much is taken from where"),
    ]


def flow_arrows(image: np.ndarray, maps: AttentionMaps, size: tuple[int, int]) -> np.ndarray:
    """Arrows over a picture, from a place to where its texture is fetched, in the colours of the flow.

    Args:
        image: the result, `[height, width, 3]`.
        maps: of a level.
        size: (height, width) of what is drawn.
    """
    canvas = Canvas(blend(image, np.full_like(image, -1), 0.45), size)
    height, width = maps.size
    cell = np.array([image.shape[1] / width, image.shape[0] / height])
    step = max(1, round(min(height, width) / ARROWS))
    colors = np.rint((flow_to_color(maps.flow) + 1) * 127.5).astype(int)
    for row in range(step // 2, height, step):
        for column in range(step // 2, width, step):
            if maps.mask is not None and maps.mask[row, column, 0] < SHOWN_MASK:
                continue
            start = (np.array([column, row]) + 0.5) * cell - 0.5
            color = tuple(int(value) for value in colors[row, column])
            canvas.arrow(start, start + maps.flow[row, column] * cell, color)
    return canvas.image


def occlusion_colors(mask: np.ndarray, visible: np.ndarray, person: np.ndarray, image: np.ndarray) -> np.ndarray:
    """What the mask says and what is true, on a person.

    Args:
        mask: `[height, width, 1]` in [0, 1], as the network has it.
        visible: likewise, 1 where the source shows the point.
        person: likewise, 1 where the target shows the person; elsewhere nothing is coloured.
        image: `[height, width, 3]`, what is coloured.

    Returns:
        The image in grey: red where texture is taken although the point is hidden, yellow where it is drawn although
        the point could be seen, blue where it is hidden and drawn.
    """
    gray = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    for color, share in (
        (TAKEN_BUT_HIDDEN, mask * (1 - visible)),
        (DRAWN_BUT_VISIBLE, (1 - mask) * visible),
        (RIGHTLY_DRAWN, (1 - mask) * (1 - visible)),
    ):
        gray = blend(gray, np.array(color, np.float32) / 127.5 - 1, 0.75 * share * person)
    return gray


def hidden_colors(image: np.ndarray, visible: np.ndarray, person: np.ndarray) -> np.ndarray:
    """The target in grey, red where the source does not show the person; arguments as of `occlusion_colors`."""
    return occlusion_colors(np.ones_like(visible), visible, person, image)


def _occlusion_panel(inspection: PairInspection, maps: AttentionMaps, size: tuple[int, int]) -> Panel:
    truth, person = inspection.truth, inspection.person
    hidden = _mean(1 - truth.visible[..., 0], person[..., 0])
    colors = occlusion_colors(nearest(maps.mask, *inspection.size), truth.visible, person, truth.image)
    return Panel(resize_image(colors, *size), "occlusion", f"{hidden:.0%} hidden: red taken, blue drawn")


def _exact_flow(inspection: PairInspection, maps: AttentionMaps) -> tuple[np.ndarray, np.ndarray] | None:
    """The exact flow in pixels of the level, and where it is visible: the block's middle pixel."""
    truth = inspection.truth
    if truth is None or truth.flow is None or truth.visible is None:
        return None
    scale = np.array([maps.size[1] / inspection.size[1], maps.size[0] / inspection.size[0]], np.float32)
    return nearest(truth.flow, *maps.size) * scale, nearest(truth.visible, *maps.size) > 0


def _exact_panel(maps: AttentionMaps, exact: tuple, longest: float, size: tuple[int, int]) -> Panel:
    flow, visible = exact
    colors = np.where(nearest(visible, *size), flow_with_legend(flow, *size, longest), 0)
    lengths = np.linalg.norm(maps.flow - flow, axis=-1)
    return Panel(colors, "exact flow", f"grey: not seen; error {_mean(lengths, visible[..., 0]):.2f} px")


def _person_at(inspection: PairInspection, maps: AttentionMaps) -> np.ndarray:
    return nearest(inspection.person, *maps.size)[..., 0]


def _longest(flow: np.ndarray) -> float:
    return float(np.linalg.norm(flow, axis=-1).max())


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    """The mean where the weights are; NaN if they are nowhere."""
    total = float(np.sum(weights))
    return float((values * weights).sum() / total) if total else float("nan")
