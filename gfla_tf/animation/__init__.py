"""Animation: a person in a photo moves as somebody else does.

* `driving`, `motion_capture`: the movement, from videos, BVH files and keypoint files.
* `cleaning`: a detector's noise out of it.
* `proportions`, `retargeting`, `staging`: the movement on the source's body, in the source's photo.
* `renderers`, `animator`: frames, one after the other, also live.
* `job`, `spool`: whole clips to files, and on after an interruption.
* `video_writer`, `ffmpeg`, `gif`, `side_by_side`: what is written.
"""

from __future__ import annotations
