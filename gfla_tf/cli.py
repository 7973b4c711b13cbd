"""The command `gfla`: pose transfer, animation, keypoints, clean motion, conversion, and a look at the installation.

Wrong input ends in one line on standard error and exit code 2, and leaves nothing half-written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from gfla_tf.animate_command import add_animate
from gfla_tf.terminal import EXIT_BAD_INPUT, EXIT_PROBLEMS_FOUND, hide_native_messages, run_guarded

__all__ = ["main", "run"]

STAND_IN = "stand-in"


def run() -> None:
    """Entry point of the command: `main` without the messages of native libraries."""
    hide_native_messages()
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        Exit code: 0, 1 if `doctor` found something, 2 for wrong input, 130 when interrupted.
    """
    options = _parser().parse_args(arguments)
    return run_guarded(f"gfla {options.command}", lambda: options.run(options))


def _parser() -> argparse.ArgumentParser:
    import gfla_tf

    parser = argparse.ArgumentParser(prog="gfla", description="Pose-guided person image generation (GFLA).")
    parser.add_argument("--version", action="version", version=f"gfla {gfla_tf.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_transfer, _add_pose, _add_motion, _add_convert, _add_build_ops, _add_doctor):
        add(commands)
    add_animate(commands, _add_command)
    return parser


def _add_command(commands, name: str, run, summary: str, epilog: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_transfer(commands) -> None:
    command = _add_command(
        commands,
        "transfer",
        _transfer,
        "render a person in another pose",
        "examples:\n"
        "  gfla transfer me.jpg dancer.jpg --output me_dancing.png\n"
        "  gfla transfer me.jpg pose.json --output me.png --paste --debug sheet.png\n"
        "  gfla transfer photos/ poses/ --output results/ --table table.png\n"
        "  gfla transfer me.jpg pose.json --model person-fashion --weights weights.safetensors --output me.png\n"
        "Keypoint files: OpenPose, AlphaPose, COCO, MediaPipe JSON, or an annotation CSV; FILE#IMAGE picks one image.",
    )
    command.add_argument("source", metavar="SOURCE", help="photo of the person, or a folder of photos")
    command.add_argument("pose", metavar="POSE", help="photo or keypoint file with the pose, or a folder of them")
    command.add_argument("--output", required=True, help="picture to write (PNG, JPEG, WebP); a folder for folders")
    command.add_argument(
        "--model", default="person-demo", help="published model, preset or model folder (default: %(default)s)"
    )
    command.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    command.add_argument("--source-keypoints", metavar="FILE", help="keypoints of SOURCE, found otherwise")
    for name in ("source", "pose"):
        command.add_argument(
            f"--{name}-person",
            type=int,
            metavar="N",
            help=f"which of several people in {name.upper()}, from 0: in a photo by size, in a file in its order "
            "(default: the largest)",
        )
    command.add_argument(
        "--framing",
        choices=("person", "whole"),
        default="person",
        help="frame the people, or take whole pictures that are framed already (default: %(default)s)",
    )
    command.add_argument("--paste", action="store_true", help="put the result back into the source's photo")
    command.add_argument("--debug", metavar="SHEET", help="also write source, skeletons, flows, masks, result in a row")
    command.add_argument("--table", metavar="PNG", help="also write all results as one table, sources by poses")
    command.add_argument("--batch-size", type=int, default=4, help="pictures rendered at once (default: %(default)s)")


def _transfer(options: argparse.Namespace) -> int:
    from gfla_tf.transfer_files import plan_jobs, transfer_files

    jobs = plan_jobs(options.source, options.pose, options.output)  # before the seconds that TensorFlow takes to start
    from gfla_tf.pipelines import PoseTransfer

    transfer = PoseTransfer(options.model, options.weights, options.framing)
    if options.weights == STAND_IN:
        print("gfla: stand-in weights have learned nothing: expect coloured noise, not a person.", file=sys.stderr)
    failures = transfer_files(
        transfer,
        jobs,
        options.paste,
        options.debug,
        options.table,
        options.batch_size,
        options.source_keypoints,
        options.source_person,
        options.pose_person,
    )
    for failure in failures:
        print(f"gfla transfer: error: {failure}", file=sys.stderr)
    print(
        options.output if len(jobs) == 1 else f"{len(jobs) - len(failures)} of {len(jobs)} written to {options.output}"
    )
    return EXIT_BAD_INPUT if failures else 0


def _add_pose(commands) -> None:
    command = _add_command(
        commands,
        "pose",
        _pose,
        "find the keypoints of the person in a photo",
        "examples:\n"
        "  gfla pose me.jpg --output me_keypoints.json --draw me_skeleton.png\n"
        "  gfla pose group.jpg --output group_keypoints.json --all",
    )
    command.add_argument("image", metavar="IMAGE", help="photo of any size and orientation")
    command.add_argument("--output", required=True, metavar="JSON", help="OpenPose JSON to write (18 joints)")
    command.add_argument("--draw", metavar="PNG", help="also write the photo with the skeleton drawn over it")
    command.add_argument("--all", action="store_true", help="everybody, largest first (default: the largest only)")
    command.add_argument(
        "--confidence", type=float, default=0.5, help="visibility from which a joint counts (default: %(default)s)"
    )


def _pose(options: argparse.Namespace) -> int:
    from gfla_tf.image_io import read_image, write_image
    from gfla_tf.outputs import check_output
    from gfla_tf.people import warn_of_missing_joints
    from gfla_tf.pose import PoseEstimator, draw_skeleton, write_openpose_json

    for path in filter(None, (options.output, options.draw)):
        check_output(path)
    photo = read_image(options.image)
    estimator = PoseEstimator(options.confidence)
    try:
        estimates = estimator.estimate(photo) if options.all else [estimator.estimate_largest(photo)]
    except ValueError as error:
        raise ValueError(f"{options.image}: {error}") from error
    if not estimates:
        raise ValueError(f"{options.image}: nobody was found in the picture.")
    people = [estimate.keypoints("openpose-18") for estimate in estimates]
    for keypoints in people:
        warn_of_missing_joints(keypoints, "openpose-18", options.image)
    write_openpose_json(options.output, people, photo.shape[:2])
    print(f"{options.output}: {len(people)} {'person' if len(people) == 1 else 'people'}")
    if options.draw:
        for keypoints in people:
            photo = draw_skeleton(photo, keypoints)
        write_image(options.draw, photo)
        print(options.draw)
    return 0


def _add_motion(commands) -> None:
    command = _add_command(
        commands,
        "motion",
        _motion,
        "clean a person's joints over time of a detector's noise",
        "examples:\n"
        "  gfla motion dance.mp4 --output clean.json --draw before_after.mp4\n"
        "  gfla motion openpose_output/ --output clean.json --plot wrist.png\n"
        "  gfla motion noisy.json --method savitzky-golay --output clean.json\n"
        "Keypoint files: OpenPose, AlphaPose, COCO, MediaPipe JSON: one of all frames, or a folder of one a frame.",
    )
    command.add_argument("source", metavar="KEYPOINTS|VIDEO", help="keypoint file, folder of such files, or a video")
    command.add_argument("--output", required=True, metavar="JSON", help="OpenPose JSON of all frames (17 joints)")
    command.add_argument(
        "--method",
        choices=("network", "savitzky-golay", "one-euro", "fill"),
        default="network",
        help="the network, a classical filter, or only fill in what is missing (default: %(default)s)",
    )
    command.add_argument(
        "--model", default="motion-demo", help="published model, preset or model folder (default: %(default)s)"
    )
    command.add_argument("--weights", help='safetensors file, for a preset; "stand-in" to try everything')
    command.add_argument(
        "--normalization",
        choices=("person", "image"),
        default="person",
        help="as the network was trained; the authors' own: image (default: %(default)s)",
    )
    command.add_argument(
        "--causal", type=int, metavar="N", help="clean as if live, each frame N frames later (0 to 40)"
    )
    command.add_argument("--person", type=int, default=0, metavar="N", help="whom to follow, 0 is the largest")
    command.add_argument("--draw", metavar="MP4", help="also write a video: before thin and red, after in colours")
    command.add_argument("--video", metavar="VIDEO", help="what to draw on, for keypoints (default: black)")
    command.add_argument("--plot", metavar="PNG", help="also write a joint's x and y over time, before and after")
    command.add_argument("--joint", help="which joint to plot, such as left_wrist (default: the most corrected)")
    command.add_argument("--save-keypoints", metavar="JSON", help="also write the joints before cleaning")
    command.add_argument("--frames-per-second", type=float, metavar="F", help="(default: the video's, or 30)")


def _motion(options: argparse.Namespace) -> int:
    from gfla_tf.motion_files import MotionJob, clean_motion

    if options.weights == STAND_IN:
        print("gfla: stand-in weights have learned nothing: expect shaking joints, not clean ones.", file=sys.stderr)
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


def _add_convert(commands) -> None:
    command = _add_command(
        commands,
        "convert",
        _convert,
        "turn a PyTorch checkpoint of the authors into safetensors, or back",
        "examples:\n"
        "  gfla convert latest_net_G.pth --preset person-fashion --output weights.safetensors\n"
        "  gfla convert weights.safetensors --preset person-fashion --pytorch --output for_pytorch.safetensors\n"
        "The authors' checkpoints stay under their own, non-commercial licence, converted or not.\n"
        "Nothing in a checkpoint is run: anything but weights in it is refused.",
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", help=".pth of any PyTorch version, or safetensors")
    command.add_argument(
        "--preset", required=True, metavar="NAME", help="network that it belongs to, such as person-fashion"
    )
    command.add_argument("--output", required=True, help="safetensors file to write")
    command.add_argument(
        "--precision", choices=("float32", "float16"), default="float32", help="(default: %(default)s)"
    )
    command.add_argument("--pytorch", action="store_true", help="write second names too, as load_state_dict expects")


def _convert(options: argparse.Namespace) -> int:
    from gfla_tf.convert import convert

    done = convert(options.checkpoint, options.preset, options.output, options.precision, options.pytorch)
    print(f"{options.output}: {options.preset}, {done.tensors_written} tensors, {done.numbers:,} numbers")
    return 0


def _add_build_ops(commands) -> None:
    command = _add_command(
        commands,
        "build-ops",
        _build_ops,
        "build the compiled operations: faster local attention on CPUs",
        "Takes a C++ compiler (CXX, c++, g++ or clang++) and about a minute, once for each TensorFlow.",
    )
    command.add_argument("--clean", action="store_true", help="remove all that were built, of any version, and stop")
    command.add_argument("--prebuilt", action="store_true", help="into the package, for any such processor (wheels)")


def _build_ops(options: argparse.Namespace) -> int:
    from gfla_tf.ops.native import load_library
    from gfla_tf.ops.native_build import build, clean

    if options.clean:
        print("\n".join(f"removed {path}" for path in clean(options.prebuilt)) or "nothing was built")
        return 0
    path = build(options.prebuilt)
    load_library(path)  # fails where the library does not suit
    print(path)
    return 0


def _add_doctor(commands) -> None:
    _add_command(
        commands,
        "doctor",
        _doctor,
        "look at the installation, test it, and say what mends it",
        "exit code: 0 if everything works, 1 otherwise",
    )


def _doctor(options: argparse.Namespace) -> int:
    from gfla_tf.doctor import examine

    healthy = True
    for finding in examine():
        print(f"[{'ok' if finding.healthy else '!!'}] {finding.subject:<24} {finding.found}", flush=True)
        if not finding.healthy:
            print(f"     {'':<24} mend it: {finding.remedy}")
        healthy &= finding.healthy
    print("Everything works." if healthy else "Something is missing, see above.")
    return 0 if healthy else EXIT_PROBLEMS_FOUND


if __name__ == "__main__":
    run()
