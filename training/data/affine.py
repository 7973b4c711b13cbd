"""Pictures and their keypoints turned, scaled and shifted together.

Convention: positions are (x, y) in pixels, integers at pixel centres, x to the right and y down. A position p moves to

    scale * R (p - centre) + centre + shift,    R = [[cos a, -sin a], [sin a, cos a]],

the centre being that of the image, ((width - 1) / 2, (height - 1) / 2). A positive angle turns clockwise as one sees
it (from the x axis towards the y axis); a scale above 1 enlarges; a positive shift moves right and down.
"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

__all__ = ["AffineRange", "affine_matrix", "move_keypoints", "move_pictures"]


@dataclass(frozen=True)
class AffineRange:
    """Where random motions are drawn from, uniformly.

    Attributes:
        rotation: largest angle in degrees, either way; at least 0.
        shift: largest shift (x, y) in pixels of the network's picture, either way; at least 0.
        scale: (smallest, largest) factor; above 0.
    """

    rotation: float
    shift: tuple[float, float]
    scale: tuple[float, float]

    def __post_init__(self) -> None:
        if self.rotation < 0 or min(self.shift) < 0 or not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(
                "rotation and shift from 0 and 0 < smallest <= largest scale are expected. "
                f"Received: {self.rotation}, {self.shift} and {self.scale}"
            )

    def draw(self, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Draw (angle in degrees, shift `[2]` in pixels, scale) from a seed, int32 `[2]`."""
        # The algorithm is named because the default depends on the device.
        unit = tf.random.stateless_uniform([4], seed, alg="philox")
        angle = self.rotation * (2 * unit[0] - 1)
        shift = tf.constant(self.shift, tf.float32) * (2 * unit[1:3] - 1)
        return angle, shift, self.scale[0] + (self.scale[1] - self.scale[0]) * unit[3]


def affine_matrix(angle: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The motion about the image's centre as a matrix.

    Args:
        angle: in degrees, positive = clockwise as seen.
        shift: `[2]` = (x, y) in pixels, positive = right and down.
        scale: factor, above 0.
        height: of the image in pixels.
        width: likewise.

    Returns:
        float32 `[2, 3]`: a position (x, y, 1) times it is where the position moves.
    """
    radians = tf.cast(angle, tf.float32) * (3.141592653589793 / 180)
    cosine, sine = tf.cast(scale, tf.float32) * tf.cos(radians), tf.cast(scale, tf.float32) * tf.sin(radians)
    linear = tf.stack([tf.stack([cosine, -sine]), tf.stack([sine, cosine])])
    centre = tf.constant([(width - 1) / 2, (height - 1) / 2], tf.float32)
    offset = centre + tf.cast(shift, tf.float32) - tf.linalg.matvec(linear, centre)
    return tf.concat([linear, offset[:, tf.newaxis]], axis=1)


def move_keypoints(keypoints: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """Move keypoints `[..., joints, 3]` = (x, y, confidence); missing joints become (0, 0, 0)."""
    keypoints = tf.cast(keypoints, tf.float32)
    points = tf.einsum("...i,ji->...j", keypoints[..., :2], matrix[:, :2]) + matrix[:, 2]
    moved = tf.concat([points, keypoints[..., 2:]], axis=-1)
    return tf.where(keypoints[..., 2:] > 0, moved, tf.zeros_like(moved))


def move_pictures(pictures: tf.Tensor, matrix: tf.Tensor, fill: float | None = None) -> tf.Tensor:
    """Move pictures with bilinear interpolation; the size stays.

    Args:
        pictures: float32 `[pictures, height, width, channels]`.
        matrix: `[2, 3]` of `affine_matrix`.
        fill: the value outside of the pictures; None repeats their border pixels.

    Returns:
        Same shape.
    """
    # The operation wants the way back: where each pixel of the result comes from.
    inverse = tf.linalg.inv(matrix[:, :2])
    back = tf.concat([inverse, -tf.linalg.matvec(inverse, matrix[:, 2])[:, tf.newaxis]], axis=1)
    result = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.concat([tf.reshape(back, [1, 6]), tf.zeros([1, 2])], axis=1),
        output_shape=tf.shape(pictures)[1:3],
        fill_value=0.0 if fill is None else fill,
        interpolation="BILINEAR",
        fill_mode="NEAREST" if fill is None else "CONSTANT",
    )
    return tf.ensure_shape(result, pictures.shape)
