"""Clean a person's joints over time of a detector's noise.

Examples:
  gfla motion dance.mp4 --output clean.json --draw before_after.mp4
  gfla motion openpose_output/ --output clean.json --plot wrist.png
  gfla motion noisy.json --method savitzky-golay --output clean.json
Keypoint files: OpenPose, AlphaPose, COCO, MediaPipe JSON: one of all frames, or a folder of one a frame.
A video's joints are kept beside it (VIDEO.keypoints.npz), and looking for them goes on after an interruption.
"""

from __future__ import annotations

import argparse

from gfla_tf.commands.stand_in import warn_of_stand_in

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla motion`."""
    parser.add_argument("source", metavar="KEYPOINTS|VIDEO", help="keypoint file, folder of such files, or a video")
    parser.add_argument("--output", required=True, metavar="JSON", help="OpenPose JSON of all frames (17 joints)")
    parser.add_argument(
        "--method",
        choices=("network", "savitzky-golay", "one-euro", "fill"),
        default="network",
        help="the network, a classical filter, or only fill in what is missing (default: %(default)s)",
    )
    parser.add_argument(
        "--model", default="motion-demo", help="published model, preset or model folder (default: %(default)s)"
    )
    parser.add_argument("--weights", help='safetensors file, for a preset; "stand-in" to try everything')
    parser.add_argument(
        "--normalization",
        choices=("person", "image"),
        default="person",
        help="as the network was trained; the authors' own: image (default: %(default)s)",
    )
    parser.add_argument("--causal", type=int, metavar="N", help="clean as if live, each frame N frames later (0 to 40)")
    parser.add_argument("--person", type=int, default=0, metavar="N", help="whom to follow, 0 is the largest")
    parser.add_argument("--draw", metavar="MP4", help="also write a video: before thin and red, after in colours")
    parser.add_argument("--video", metavar="VIDEO", help="what to draw on, for keypoints (default: black)")
    parser.add_argument("--plot", metavar="PNG", help="also write a joint's x and y over time, before and after")
    parser.add_argument("--joint", help="which joint to plot, such as left_wrist (default: the most corrected)")
    parser.add_argument("--save-keypoints", metavar="JSON", help="also write the joints before cleaning")
    parser.add_argument("--frames-per-second", type=float, metavar="F", help="(default: the video's, or 30)")


def run(options: argparse.Namespace) -> int:
    """Run `gfla motion`."""
    from gfla_tf.motion_files import MotionJob, clean_motion

    warn_of_stand_in(options.weights, "expect shaking joints, not clean ones")
    job = MotionJob(
        source=options.source,
        output=options.output,
        method=options.method,
        model=options.model,
        weights=options.weights,
        normalization=options.normalization,
        lookahead=options.causal,
        person=options.person,
        frames_per_second=options.frames_per_second,
        background=options.video,
        draw=options.draw,
        plot=options.plot,
        joint=options.joint,
        found=options.save_keypoints,
    )
    print("\n".join(clean_motion(job)))
    return 0
