"""The bundled people in other poses, one of them through a walk, on one sheet; one does jumping jacks, in a video.

    python samples/demo.py --output outputs/demo.png        what `make demo` does; the video is outputs/demo.mp4

The sources are on the left, the poses above; nobody of these people was in the training sets. On the command line:

    gfla transfer samples/people samples/poses --output outputs --table outputs/table.png
    gfla animate samples/people/print.jpg samples/jumping_jacks.json --output outputs/demo.mp4
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import gfla_tf
from gfla_tf.image_io import check_picture_output, write_image
from gfla_tf.outputs import check_output
from gfla_tf.progress import show_progress
from gfla_tf.sheets import transfer_table
from gfla_tf.terminal import hide_native_messages, run_guarded

SAMPLES = Path(__file__).parent
WALKER = SAMPLES / "people" / "stripes.jpg"
JUMPER = SAMPLES / "people" / "print.jpg"


def render_table(transfer: gfla_tf.PoseTransfer, sources: list[Path], poses: list[Path]) -> np.ndarray:
    """Every source in every pose, as one picture."""
    pairs = [(source, pose) for source in sources for pose in poses]
    people = ((transfer.people.read_source(source), transfer.people.read_pose(pose)) for source, pose in pairs)
    names = [(source.name, pose.name) for source, pose in pairs]
    results = show_progress(transfer.run(people), len(pairs), "pictures")
    return transfer_table(dict(zip(names, results, strict=True)))


def stack(tables: list[np.ndarray]) -> np.ndarray:
    """Tables below each other, on white."""
    width = max(table.shape[1] for table in tables)
    padded = [
        np.pad(table, ((0, 12), (0, width - table.shape[1]), (0, 0)), constant_values=1.0).astype(np.float32)
        for table in tables
    ]
    return np.concatenate(padded)[:-12]


def main() -> None:
    """Render and write the sheet and the video."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="demo.png", help="picture to write (default: %(default)s)")
    parser.add_argument("--model", default="person-demo", help="published model or model folder (default: %(default)s)")
    options = parser.parse_args()
    video = Path(options.output).with_suffix(".mp4")
    check_picture_output(options.output)
    check_output(video)
    transfer = gfla_tf.PoseTransfer(options.model)
    folders = {name: sorted((SAMPLES / name).iterdir()) for name in ("people", "poses", "walk")}
    print("Rendering five people in six poses, and one through a walk ...")
    tables = [
        render_table(transfer, folders["people"], folders["poses"]),
        render_table(transfer, [WALKER], folders["walk"]),
    ]
    write_image(options.output, stack(tables))
    from gfla_tf.animation.job import AnimationJob, animate  # TensorFlow, whose messages are hidden by now

    print("Animating one of them ...")
    animate(AnimationJob(str(JUMPER), str(SAMPLES / "jumping_jacks.json"), str(video)))
    print(f"Look at {Path(options.output).resolve()} and {video.resolve()}")


if __name__ == "__main__":
    hide_native_messages()
    sys.exit(run_guarded("demo", main))
