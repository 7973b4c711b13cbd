"""Ask a server for pictures: TensorFlow Serving's, or that of `python -m serving serve`.

For example:

  python -m serving predict me.jpg dancer.jpg --output me_dancing.png
  python -m serving predict photos/ poses/ --output results/ --server http://one:8501 --server http://other:8501
  python -m serving predict me.jpg dance.json --model sequence --output frames/ --server grpc://127.0.0.1:8500

POSE is a photo or a keypoint file; for a sequence model, the keypoints of a clip in pixels of SOURCE. Keypoints of
photos are found here, everything else is done by the server. A folder in place of SOURCE or POSE means all in it.
"""

from __future__ import annotations

import argparse
import sys

from gfla_tf.terminal import EXIT_BAD_INPUT

__all__ = ["add_arguments", "add_server_arguments", "run"]

DEFAULT_SERVER = "http://127.0.0.1:8501"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("source", metavar="SOURCE", help="photo of the person, JPEG or PNG, or a folder of photos")
    parser.add_argument("pose", metavar="POSE", help="photo or keypoint file, or a folder of them; keypoints of a clip")
    parser.add_argument("--output", required=True, help="PNG file to write; a folder for folders and clips")
    parser.add_argument("--source-keypoints", metavar="FILE", help="keypoints of SOURCE, found otherwise")
    parser.add_argument("--stepwise", action="store_true", help="a clip frame by frame, the last frame kept here")
    parser.add_argument("--parallel", type=int, default=4, metavar="N", help="requests at one time (default: 4)")
    parser.add_argument(
        "--server",
        action="append",
        metavar="ADDRESS",
        help=f"http://, https://, grpc:// or grpcs://HOST:PORT; several share the requests (default: {DEFAULT_SERVER})",
    )
    add_server_arguments(parser)


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which model is asked, and how long to wait."""
    parser.add_argument("--model", default="person-demo", metavar="NAME", help="(default: %(default)s)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--version", type=int, metavar="N", help="(default: the newest)")
    which.add_argument("--label", help="instead of a number, such as stable")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="of a request (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Render, and say where the pictures are; 2 if some failed."""
    from serving.rendering import RenderingJob, render

    failures, done = render(
        RenderingJob(
            source=options.source,
            pose=options.pose,
            output=options.output,
            servers=tuple(options.server or [DEFAULT_SERVER]),
            model=options.model,
            version=options.version,
            label=options.label,
            seconds=options.timeout,
            source_keypoints=options.source_keypoints,
            stepwise=options.stepwise,
            parallel=options.parallel,
        )
    )
    for failure in failures:
        print(f"python -m serving predict: error: {failure}", file=sys.stderr)
    print(f"{options.output}: {done} of {done + len(failures)}" if done + len(failures) > 1 else options.output)
    return EXIT_BAD_INPUT if failures else 0
