"""A served sequence model: what it refuses."""

from __future__ import annotations

import pytest
import tensorflow as tf

from serving.export import serve_model
from serving.signatures import MOST_FRAMES


def test_a_clip_that_would_keep_a_server_busy_is_refused(sequence_model):
    """Before the photo is looked at."""
    served = serve_model(sequence_model)
    photo, pose, poses = tf.constant([b""]), tf.ones([1, 17, 3]), tf.ones([1, MOST_FRAMES + 1, 17, 3])
    message = f"(?s)target_keypoints must have at most {MOST_FRAMES} frames.*{MOST_FRAMES + 1}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        served.clip(photo, pose, poses)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must hold a JPEG or PNG file"):
        served.clip(photo, pose, poses[:, 1:])
