"""A person generator as it is served: a photo and two poses in, a picture out.

The same steps as `gfla_tf.PoseTransfer` with framing "person": source and target are framed by the same rule, so that a
person far away and one close up meet at the same size.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.pose.heatmaps import pose_maps_tensor
from gfla_tf.pose.skeletons import get_skeleton
from serving.graphs.framing import fit_frames, keypoints_inside, move_keypoints
from serving.graphs.photos import crop_photos, encode_pictures, photo_sizes
from serving.graphs.served_model import CPU, ServedModel
from serving.signatures import ModelFacts

__all__ = ["PersonModel"]


class PersonModel(ServedModel):
    """Endpoints `transfer` and `transfer_tensors`, see `serving.signatures`.

    Args:
        model: a person generator of `gfla_tf.load_model`.
    """

    def __init__(self, model: keras.Model):
        preset, levels = model.preset, model.attention_levels
        super().__init__(
            model,
            ModelFacts(
                "person",
                preset.height,
                preset.width,
                len(get_skeleton(preset.skeleton).joints),
                min(levels) if levels else None,
            ),
        )
        # Traced once for both endpoints.
        self._network = tf.function(lambda *inputs: model(list(inputs), training=False), autograph=False)

    def transfer(self, source_image_bytes, source_keypoints, target_keypoints) -> dict:
        size, aspect = (self.facts.height, self.facts.width), self.model.preset.frame_aspect
        name = "source_image_bytes"
        with tf.device(CPU):
            inside = keypoints_inside(source_keypoints, photo_sizes(source_image_bytes, name))
            frames = fit_frames(inside, aspect, "source_keypoints in the photo")
            images = crop_photos(source_image_bytes, frames, *size, name)
            source_points = move_keypoints(source_keypoints, frames, *size)
            target_frames = fit_frames(target_keypoints, aspect, "target_keypoints")
            target_points = move_keypoints(target_keypoints, target_frames, *size)
        image = self._render(images, source_points, target_points)["image"]
        with tf.device(CPU):
            return {"image_bytes": encode_pictures(image), "frame": frames}

    def transfer_tensors(self, source_image, source_keypoints, target_keypoints) -> dict:
        outputs = self._render(source_image, source_keypoints, target_keypoints)
        finest = {"flow": outputs["flows"][-1], "mask": outputs["masks"][-1]} if outputs["flows"] else {}
        return {"image": outputs["image"], **finest}

    def _render(self, images: tf.Tensor, source_points: tf.Tensor, target_points: tf.Tensor) -> dict:
        with tf.device(CPU):
            poses = [
                pose_maps_tensor(points, self.facts.height, self.facts.width)
                for points in (source_points, target_points)
            ]
        return self._network(images, *poses)
