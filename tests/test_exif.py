"""Reading the orientation from hand-made EXIF blocks, and turning a 2 x 3 picture."""

import struct

import numpy as np
import pytest

from gfla_tf.exif import apply_orientation, read_orientation


def exif_block(orientation: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    width = struct.pack(order + "HHIHH", 0x0100, 3, 1, 640, 0)
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 2) + width + entry + struct.pack(order + "I", 0)


def jpeg(block: bytes) -> bytes:
    segment = b"Exif\0\0" + block
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"Exif"
    return b"\xff\xd8" + comment + b"\xff\xe1" + struct.pack(">H", 2 + len(segment)) + segment + b"\xff\xda\0\x02"


def png(block: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + b"crc."

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"eXIf....") + chunk(b"eXIf", block) + chunk(b"IEND", b"")


def webp(block: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    chunks = b"WEBP" + chunk(b"VP8L", b"odd") + chunk(b"EXIF", block)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize("container", [jpeg, png, webp])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_read(container, order, orientation):
    assert read_orientation(container(exif_block(orientation, order))) == orientation


@pytest.mark.parametrize("container", [jpeg, png, webp])
@pytest.mark.parametrize("block", [exif_block(0), exif_block(9), exif_block(6)[:20], b"", b"nonsense" * 4])
def test_nonsense_counts_as_upright(container, block):
    assert read_orientation(container(block)) == 1


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n\0", b"RIFF....WEBP", b"GIF89a"]
)
def test_files_without_exif_count_as_upright(data):
    assert read_orientation(data) == 1


@pytest.mark.parametrize("container", [jpeg, png, webp])
def test_every_truncation_is_survived(container):
    data = container(exif_block(6))
    assert {read_orientation(data[:length]) for length in range(len(data))} <= {1, 6}


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]),  # to be turned clockwise by a quarter
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),  # to be turned counterclockwise by a quarter
    ],
)
def test_convention_orientations_turn_the_picture(orientation, upright):
    stored = np.array([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(apply_orientation(stored, orientation), upright)
    np.testing.assert_array_equal(apply_orientation(stored[..., np.newaxis], orientation)[..., 0], upright)
