"""The panels of a sheet that are about the pair as a whole."""

from __future__ import annotations

import numpy as np

from gfla_tf.inspection.drawings import blend, heat, nearest, place_colors, sample_places
from gfla_tf.inspection.layout import Panel
from gfla_tf.inspection.origins import expected_origins
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.pose.drawing import draw_skeleton, skeleton_image
from gfla_tf.pose.framing import resize_image

__all__ = ["fetched_share", "pair_panels", "source_places"]

ERROR_SCALE = 0.6  # mean difference of the channels in [-1, 1] that is shown brightest
COLOR_SHARE = 0.75
GRAY = -0.25


def pair_panels(inspection: PairInspection, size: tuple[int, int]) -> list[Panel]:
    """What went in, what came out, what should have come out, and where it came from.

    Args:
        inspection: of a pair.
        size: (height, width) of a panel.
    """
    height, width = inspection.size
    source = inspection.source_image
    panels = [
        Panel(source, "source", "what the network is given"),
        Panel(_posed(inspection), "source pose", "warm: the person's right"),
        Panel(skeleton_image(inspection.target_keypoints, height, width, inspection.skeleton), "target pose"),
        Panel(inspection.image, "result", "what the network draws"),
    ]
    if inspection.truth is not None:
        error = np.abs(inspection.image - inspection.truth.image).mean(axis=-1)
        panels += [
            Panel(inspection.truth.image, "target", "the truth"),
            Panel(heat(error, high=ERROR_SCALE), "error", f"mean {error.mean():.3f}, of 2 at most"),
        ]
    places = source_places(inspection)
    panels.append(Panel(blend(source, places, 0.6), "colours of places", "in the source"))
    share = nearest(fetched_share(inspection), height, width)
    fetched = blend(np.full_like(source, GRAY), _fetched(inspection, places), share)
    panels.append(Panel(blend(inspection.image, fetched, COLOR_SHARE), "came from", "the same colours, in the result"))
    return [Panel(resize_image(one.image, *size), one.title, one.note) for one in panels]


def fetched_share(inspection: PairInspection) -> np.ndarray:
    """How much of each place is fetched from the source by the finest level: its mask `[h, w, 1]`."""
    return inspection.maps[-1].mask


def source_places(inspection: PairInspection) -> np.ndarray:
    """Every pixel of the source in a colour of its own; colours differ where the person is."""
    height, width = inspection.size
    points = inspection.source_keypoints
    points = points[points[:, 2] > 0, :2]
    low = np.clip(points.min(axis=0) - 0.08 * height, 0, [width - 2, height - 2]).astype(int)
    high = np.clip(points.max(axis=0) + 0.08 * height, low + 1, [width, height]).astype(int)
    colors = place_colors(high[1] - low[1], high[0] - low[0])
    around = ((low[1], height - high[1]), (low[0], width - high[0]), (0, 0))
    return np.pad(colors, around, mode="edge")


def _fetched(inspection: PairInspection, places: np.ndarray) -> np.ndarray:
    origins = expected_origins(inspection.maps[-1], inspection.size)
    return nearest(sample_places(places, origins), *inspection.size)


def _posed(inspection: PairInspection) -> np.ndarray:
    dark = blend(inspection.source_image, np.full_like(inspection.source_image, -1), 0.4)
    return draw_skeleton(dark, inspection.source_keypoints, inspection.skeleton)
