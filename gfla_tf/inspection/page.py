"""A pose transfer, inspected, as a page: over every pixel of the result, it shows where that came from in the source.

The page is one file that needs nothing else, no network either. It holds, beside the pictures, each level's flow in
1/128 pixels as 16-bit integers, and weights and masks in 1/255; what it shows is worked out from them in the browser.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gfla_tf.image_io import to_uint8
from gfla_tf.inspection.attention import AttentionMaps
from gfla_tf.inspection.drawings import heat, nearest
from gfla_tf.inspection.origins import entropy
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.sheets import flow_to_color, mask_to_gray, warp_by_flow

__all__ = ["page_html"]

TEMPLATE = Path(__file__).resolve().parent.parent / "data" / "inspection.html"
PLACE_OF_DATA = "/*DATA*/null"
FLOW_SCALE = 128  # of a pixel's parts
LARGEST = 2**15 - 1


def page_html(inspection: PairInspection, pixels: Sequence[tuple[float, float]] = ()) -> str:
    """The page.

    Args:
        inspection: of a pair.
        pixels: (x, y) in pixels of the network's picture; the first one is what the page shows at first.
    """
    height, width = inspection.size
    pixels = list(pixels) or inspection.pixels()
    data = {
        "title": inspection.name,
        "height": height,
        "width": width,
        "aspect": inspection.aspect,
        "flow_scale": FLOW_SCALE,
        "source": _data_uri(inspection.source_image),
        "images": [{"name": name, "uri": _data_uri(image)} for name, image in _pictures(inspection).items()],
        "levels": [_level(maps) for maps in inspection.maps],
        "pixel": [round(value) for value in pixels[0]] if pixels else None,
    }
    # A title may hold anything: what would end the script is written in another way.
    text = json.dumps(data).replace("<", "\\u003c")
    return TEMPLATE.read_text(encoding="utf-8").replace(PLACE_OF_DATA, text)


def _pictures(inspection: PairInspection) -> Mapping[str, np.ndarray]:
    """What can be looked at under the pointer, by name."""
    height, width = inspection.size
    pictures = {"result": inspection.image}
    if inspection.truth is not None:
        pictures["target, the truth"] = inspection.truth.image
    for maps in inspection.maps:
        pictures |= {
            f"flow {maps.name}": nearest(flow_to_color(maps.flow), height, width),
            f"mask {maps.name}": nearest(mask_to_gray(maps.mask), height, width),
            f"warped source {maps.name}": warp_by_flow(inspection.source_image, maps.flow),
            f"entropy {maps.name}": nearest(heat(entropy(maps)), height, width),
        }
    return pictures


def _level(maps: AttentionMaps) -> dict:
    height, width = maps.size
    flow = np.clip(np.rint(maps.flow * FLOW_SCALE), -LARGEST, LARGEST)
    return {
        "name": maps.name,
        "kernel": maps.kernel_size,
        "height": height,
        "width": width,
        "flow": _base64(flow.astype("<i2")),
        "weights": _base64(np.rint(maps.weights * 255).astype(np.uint8)),
        "mask": _base64(np.rint(maps.mask * 255).astype(np.uint8)),
    }


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _data_uri(image: np.ndarray) -> str:
    import cv2

    png = cv2.imencode(".png", to_uint8(image)[..., ::-1])[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
