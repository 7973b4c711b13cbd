"""Clothed people in exact poses, rendered with exact keypoints, flow and visibility."""
