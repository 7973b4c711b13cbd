"""A sequence generator as it is served: a photo and the poses of a clip in, its frames out.

A frame is rendered from the reference and the frame before it. `clip` does that for a whole clip in one call, as
`gfla_tf.Animator` does: one frame of the photo holds the person and the movement. `step` renders one frame, with what
was rendered last as an argument, so that the server keeps nothing between two calls; `prepare` makes its arguments.

A frame that travels as PNG is rounded to 8 bits, so `step` after `step` differs from `clip` by what becomes of that.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.models.sequence_generator import ClipState
from gfla_tf.pose.drawn_maps import COLORS
from gfla_tf.pose.heatmaps import pose_maps_tensor
from gfla_tf.pose.skeletons import get_skeleton
from serving.graphs.framing import clip_corners, fit_frames, keypoints_inside, move_keypoints
from serving.graphs.photos import crop_photos, encode_pictures, photo_sizes, whole_photos
from serving.graphs.served_model import CPU, ServedModel
from serving.graphs.skeletons import drawn_pose_maps_tensor
from serving.signatures import MOST_FRAMES, ModelFacts

__all__ = ["SequenceModel"]


class SequenceModel(ServedModel):
    """Endpoints `clip`, `prepare` and `step`, see `serving.signatures`.

    Args:
        model: a sequence generator of `gfla_tf.load_model` whose poses are those of a skeleton.
    """

    def __init__(self, model: keras.Model):
        preset = model.preset
        self._joints = len(get_skeleton(preset.skeleton).joints)
        super().__init__(model, ModelFacts("sequence", preset.height, preset.width, self._joints))
        # Traced once for all endpoints.
        self._start = tf.function(model.start, autograph=False)
        self._next = tf.function(model.step, autograph=False)

    def clip(self, reference_image_bytes, reference_keypoints, target_keypoints) -> dict:
        with tf.device(CPU):
            count = tf.shape(target_keypoints)[1]
            message = f"target_keypoints must have at most {MOST_FRAMES} frames; render longer clips by step. Received:"
            with tf.control_dependencies([tf.debugging.Assert(count <= MOST_FRAMES, [message, count])]):
                target_keypoints = tf.identity(target_keypoints)
            image, reference, targets, frames = self._frame(
                reference_image_bytes, reference_keypoints, target_keypoints
            )
            reference_pose = self.draw(reference)
        encoded = self._render(self._start(image, reference_pose), targets)
        return {"image_bytes": encoded, "frame": frames}

    def prepare(self, reference_image_bytes, reference_keypoints, target_keypoints) -> dict:
        with tf.device(CPU):
            image, reference, targets, frames = self._frame(
                reference_image_bytes, reference_keypoints, target_keypoints
            )
            return {
                "reference_image_bytes": encode_pictures(image),
                "reference_keypoints": reference,
                "target_keypoints": targets,
                "frame": frames,
            }

    def step(
        self, reference_image_bytes, reference_keypoints, previous_image_bytes, previous_keypoints, target_keypoints
    ) -> dict:
        size = self.facts.height, self.facts.width
        with tf.device(CPU):
            image, frames = whole_photos(reference_image_bytes, *size, "reference_image_bytes")
            previous, _ = whole_photos(previous_image_bytes, *size, "previous_image_bytes")
            reference_pose, previous_pose, target_pose = (
                self.draw(move_keypoints(keypoints, frames, *size))
                for keypoints in (reference_keypoints, previous_keypoints, target_keypoints)
            )
        state = self._start(image, reference_pose, previous, previous_pose)
        return {"image_bytes": self._advance(state, target_pose)[0]}

    def _render(self, state: ClipState, targets: tf.Tensor) -> tf.Tensor:
        """The frames of poses `[batch, time, joints, 3]` as PNG files `[batch, time]`."""
        count = tf.shape(targets)[1]

        def render(index, state, frames):
            with tf.device(CPU):
                pose = self.draw(targets[:, index])
            encoded, following = self._advance(state, pose)
            following = tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), following, state)
            return index + 1, following, frames.write(index, encoded)

        frames = tf.TensorArray(tf.string, size=count, element_shape=[None])
        *_, frames = tf.while_loop(lambda index, *_: index < count, render, (0, state, frames))
        return tf.transpose(frames.stack())

    def _advance(self, state: ClipState, pose: tf.Tensor) -> tuple[tf.Tensor, ClipState]:
        outputs, following = self._next(state, pose)
        with tf.device(CPU):
            return encode_pictures(outputs["image"]), following

    def draw(self, keypoints: tf.Tensor) -> tf.Tensor:
        """Poses `[batch, joints, 3]` in pixels of the network's picture, as the network sees them."""
        size = self.facts.height, self.facts.width
        if self.model.pose_channels == self._joints + COLORS:
            return drawn_pose_maps_tensor(keypoints, *size, self.model.preset.skeleton)
        return pose_maps_tensor(keypoints, *size)

    def _frame(self, data: tf.Tensor, reference: tf.Tensor, targets: tf.Tensor) -> tuple:
        """The framed photos, reference keypoints and targets, and the frames, which hold both."""
        name, aspect = "reference_image_bytes", self.model.preset.frame_aspect
        size = self.facts.height, self.facts.width
        inside = keypoints_inside(reference, photo_sizes(data, name))
        fit_frames(inside, aspect, "reference_keypoints in the photo")  # fails where nobody is in the photo
        corners = tf.map_fn(clip_corners, targets, fn_output_signature=tf.TensorSpec([2, 3], tf.float32))
        frames = fit_frames(tf.concat([inside, corners], axis=1), aspect, "reference_keypoints")
        images = crop_photos(data, frames, *size, name)
        return images, *(move_keypoints(keypoints, frames, *size) for keypoints in (reference, targets)), frames
