"""Small motion capture files with the joint names of the CMU conversion for Daz Studio."""

from __future__ import annotations

from pathlib import Path

# Joint -> (parent, offset); the left side, mirrored for the right one. A body with simple numbers, facing +z.
_SIDE = {
    "Collar": ("chest", (2, 20, 0)),
    "Shldr": ("Collar", (10, 0, 0)),
    "ForeArm": ("Shldr", (30, 0, 0)),
    "Hand": ("ForeArm", (25, 0, 0)),
    "Buttock": ("hip", (9, 0, 0)),
    "Thigh": ("Buttock", (1, 0, 0)),
    "Shin": ("Thigh", (0, -40, 0)),
    "Foot": ("Shin", (0, -45, 0)),
}
TRUNK = {
    "hip": (None, (0, 0, 0)),
    "abdomen": ("hip", (0, 20, 0)),
    "chest": ("abdomen", (0, 10, 0)),
    "neck": ("chest", (0, 22, 0)),
    "head": ("neck", (0, 8, 0)),
    "leftEye": ("head", (4, 10, 8)),
    "rightEye": ("head", (-4, 10, 8)),
}


def body() -> dict[str, tuple[str | None, tuple[float, float, float]]]:
    """All joints: name -> (parent, offset)."""
    joints = dict(TRUNK)
    for side, sign in (("l", 1), ("r", -1)):
        for name, (parent, (x, y, z)) in _SIDE.items():
            joints[side + name] = (parent if parent in TRUNK else side + parent, (sign * x, y, z))
    return joints


def _hierarchy(joints: dict, name: str, order: list[str]) -> str:
    order.append(name)
    parent, offset = joints[name]
    positions = "Xposition Yposition Zposition " if parent is None else ""
    children = [child for child, (above, _) in joints.items() if above == name]
    inner = "\n".join(_hierarchy(joints, child, order) for child in children) or "End Site\n{\nOFFSET 0 -1 0\n}"
    head = f"{'JOINT' if parent else 'ROOT'} {name}\n{{\nOFFSET {offset[0]} {offset[1]} {offset[2]}\n"
    return f"{head}CHANNELS {3 if parent else 6} {positions}Zrotation Xrotation Yrotation\n{inner}\n}}"


def write_bvh(path: Path, frames: list[dict], joints: dict | None = None, frame_time: float = 1 / 60) -> Path:
    """Write a recording.

    Args:
        path: the file.
        frames: each a dict: joint -> (z, x, y) in degrees, "position" -> the hip's place; the rest is 0.
        joints: of the body, as `body` gives them.
        frame_time: seconds.
    """
    order: list[str] = []
    text = "HIERARCHY\n" + _hierarchy(joints or body(), "hip", order)
    text += f"\nMOTION\nFrames: {len(frames)}\nFrame Time: {frame_time}\n"
    for frame in frames:
        values = [*frame.get("position", (0, 90, 0))]
        for name in order:
            values += frame.get(name, (0, 0, 0))
        text += " ".join(map(str, values)) + "\n"
    path.write_text(text, encoding="ascii")
    return path


def swinging(frames: int, turn: float = 0.0) -> list[dict]:
    """Somebody who walks along +z, arms hanging and swinging, 60 frames a second; turned by some degrees about y."""
    import math

    result = []
    for frame in range(frames):
        swing = 30 * math.sin(2 * math.pi * frame / 60)
        pose = {"position": (0, 90, 1.5 * frame), "hip": (0, 0, turn)}
        pose |= {"lThigh": (0, swing, 0), "rThigh": (0, -swing, 0)}
        pose |= {"lShldr": (-80, 0, swing), "rShldr": (80, 0, swing)}
        result.append(pose)
    return result
