"""Exported models run where only ai-edge-litert, NumPy and OpenCV are.

A process of its own finds nothing else: what is neither Python's nor of these packages cannot be imported there. In an
environment that truly has nothing else:

    python -m venv bare && bare/bin/pip install ai-edge-litert numpy opencv-python-headless
    bare/bin/pip install --no-deps .

After that `gfla_tf.lite.LitePoseTransfer("model.json")("me.jpg", "pose.json").save("out.png")` works in its Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.image_io import read_image

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
ALLOWED = ("gfla_tf", "ai_edge_litert", "numpy", "cv2")
PROGRAM = """
import sys

class OnlyThese:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {allowed}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, OnlyThese())
import numpy as np
from gfla_tf.lite import LiteAnimator, LitePoseTransfer

description, photo, pose, picture, frames = {arguments}
transfer = LitePoseTransfer(description, threads=1)
result = transfer(photo, pose)
result.save(picture)
animator = LiteAnimator(description, photo, threads=1)
np.savez(frames, source=result.source_keypoints, *animator(np.stack([result.target_keypoints] * 2)))
print(sorted(name for name in ("tensorflow", "keras", "scipy", "safetensors") if name in sys.modules))
"""


def test_photos_to_pictures_without_tensorflow(exported, tmp_path):
    pytest.importorskip("ai_edge_litert")
    picture, frames = tmp_path / "picture.png", tmp_path / "frames.npz"
    arguments = [exported[0], SAMPLES / "standing.jpg", SAMPLES / "poses" / "2_wave.json", picture, frames]
    program = PROGRAM.format(allowed=ALLOWED, arguments=json.dumps([str(argument) for argument in arguments]))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr
    assert read_image(picture).shape == (64, 48, 3)
    found = np.load(frames)
    assert [found[name].shape for name in ("arr_0", "arr_1")] == [(64, 48, 3)] * 2
    assert (found["source"][:, 2] > 0).sum() > 10  # the joints were looked for in the photo
