"""Find the keypoints of the person in a photo.

Examples:
  gfla pose me.jpg --output me_keypoints.json --draw me_skeleton.png
  gfla pose group.jpg --output group_keypoints.json --all
"""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla pose`."""
    parser.add_argument("image", metavar="IMAGE", help="photo of any size and orientation")
    parser.add_argument("--output", required=True, metavar="JSON", help="OpenPose JSON to write (18 joints)")
    parser.add_argument("--draw", metavar="PNG", help="also write the photo with the skeleton drawn over it")
    parser.add_argument("--all", action="store_true", help="everybody, largest first (default: the largest only)")
    parser.add_argument(
        "--confidence", type=float, default=0.5, help="visibility from which a joint counts (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Run `gfla pose`."""
    from gfla_tf.image_io import check_picture_output, read_image, write_image
    from gfla_tf.outputs import check_distinct, check_output
    from gfla_tf.people import warn_of_missing_joints
    from gfla_tf.pose import PoseEstimator, draw_skeleton, write_openpose_json

    check_output(options.output, (".json",))
    if options.draw:
        check_picture_output(options.draw)
    check_distinct([options.image], [options.output, options.draw])
    estimator = PoseEstimator(options.confidence)
    photo = read_image(options.image)
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
