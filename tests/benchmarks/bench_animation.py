"""An animated frame against one person picture, and a clip's time and memory by its frames, 256x256.

    make bench

Both are rendered as `gfla animate` does it, from keypoints, with stand-in weights: a frame of the preset sequence from
the clip's state, for which everything that depends on the reference alone is computed once, and a picture of the preset
person-fashion. "start" is what a clip costs before its first frame. Peak memory is that of a new process, TensorFlow
included, which renders that many frames and keeps none (Linux).
"""

from __future__ import annotations

import json

import numpy as np
from common import MEBIBYTE, Table, make_parser, resident, run_alone, time_in_turns

from gfla_tf import load_model
from gfla_tf.animation.renderers import make_renderer
from gfla_tf.pose.skeletons import get_skeleton

REPEATS = 9
FRAMES = (1, 4, 16)
SEQUENCE, PERSON = "sequence", "person-fashion"
QUICK = {SEQUENCE: "sequence-demo", PERSON: "person-demo"}  # half as wide, 192x128


class Clip:
    """A source, poses that move a little, and what renders them.

    Args:
        preset: of the network.
    """

    def __init__(self, preset: str):
        model = load_model(preset, weights="stand-in")
        self._renderer = make_renderer(model)
        random = np.random.default_rng(0)
        size = model.preset.height, model.preset.width
        self._image = random.uniform(-1, 1, (*size, 3)).astype(np.float32)
        joints = random.uniform(0.2, 0.8, (len(get_skeleton(model.preset.skeleton).joints), 2)) * size[::-1]
        self._keypoints = np.insert(joints, 2, 1.0, axis=1).astype(np.float32)
        self._state = self.start()

    def start(self):
        """The state before the first frame."""
        return self._renderer.start(self._image, self._keypoints, None)

    def step(self) -> None:
        """The next frame."""
        self._keypoints[:, 0] += 0.1
        _, self._state = self._renderer.step(self._state, self._keypoints)

    def render(self, frames: int) -> None:
        """A whole clip."""
        self._state = self.start()
        for _ in range(frames):
            self.step()


def measure(sequence: str, person: str, frames: tuple[int, ...], repeats: int) -> list[dict]:
    """A row for each thing that is compared."""
    clip, picture = Clip(sequence), Clip(person)
    calls = {"person picture": picture.step, "animated frame": clip.step, "start": clip.start}
    calls |= {f"clip of {count} frames": lambda count=count: clip.render(count) for count in frames}
    seconds = time_in_turns(calls, repeats)
    counts = {"person picture": (person, 1)} | {f"clip of {count} frames": (sequence, count) for count in frames}
    return [
        {
            "what": name,
            "frames": counts[name][1] if name in counts else None,
            "ms": value * 1e3,
            "/ person picture": value / seconds["person picture"],
            "MiB": run_alone(__file__, "--memory", *counts[name])["MiB"] if name in counts else None,
        }
        for name, value in seconds.items()
    ]


def main() -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--memory", nargs=2, metavar=("PRESET", "FRAMES"), help="only that of one process")
    options = parser.parse_args()
    if options.memory:
        preset, frames = options.memory
        Clip(preset).render(int(frames))
        print(json.dumps({"MiB": resident("VmHWM") / MEBIBYTE}))
        return
    presets = QUICK if options.quick else {name: name for name in (SEQUENCE, PERSON)}
    table = Table("animation", options.json)
    size = (FRAMES[:1], 1) if options.quick else (FRAMES, REPEATS)
    for row in measure(presets[SEQUENCE], presets[PERSON], *size):
        table.add(row)
    table.write()


if __name__ == "__main__":
    main()
