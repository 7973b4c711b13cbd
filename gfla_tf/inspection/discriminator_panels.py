"""The row of a sheet that is about a discriminator."""

from __future__ import annotations

import numpy as np

from gfla_tf.inspection.discriminators import DiscriminatorView
from gfla_tf.inspection.drawings import overlay
from gfla_tf.inspection.layout import Panel, Row
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.pose.framing import resize_image

__all__ = ["discriminator_row"]


def discriminator_row(view: DiscriminatorView, inspection: PairInspection, size: tuple[int, int]) -> Row:
    """What an image discriminator makes of a pair.

    Args:
        view: of the discriminator, for pictures of the network's size.
        inspection: of the pair.
        size: (height, width) of a panel.
    """
    pictures = {"result": inspection.image}
    if inspection.truth is not None:
        pictures = {"target": inspection.truth.image, **pictures}
    panels = [panel for name, image in pictures.items() for panel in _panels(view, name, image)]
    for title, start in (("made more real", inspection.image), ("most real, from noise", None)):
        ideal = view.most_real(start)
        panels.append(Panel(ideal, title, f"score {view.score(ideal):.2f}"))
    shown = [Panel(resize_image(one.image, *size), one.title, one.note) for one in panels]
    text = (
        "Trained to score real pictures 1 and drawn ones 0. Grad-CAM: where it sees evidence for a real picture. "
        "Saliency: which pixels change its score most. Last, the result and noise, changed until it liked them better."
    )
    return Row("What the discriminator looks at", text, shown)


def _panels(view: DiscriminatorView, name: str, image: np.ndarray) -> list[Panel]:
    return [
        Panel(image, name, f"score {view.score(image):.2f}"),
        Panel(overlay(image, view.grad_cam(image)), f"{name}: Grad-CAM"),
        Panel(overlay(image, view.saliency(image)), f"{name}: saliency"),
    ]
