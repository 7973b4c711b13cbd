"""Picture files inside the graph: the pixels that the library reads, and clear words about what is no picture."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.image_io import decode_image
from gfla_tf.pose.framing import Frame
from serving.graphs.orientation import orientation_of
from serving.graphs.photos import crop_photos, encode_pictures, photo_sizes, whole_photos

HEIGHT, WIDTH = 24, 18
FILE, FRAME = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, 4], tf.float64)

random = np.random.default_rng(0)
NOISE = random.integers(0, 256, (30, 46, 4), np.uint8)
SMOOTH = cv2.resize(random.integers(0, 256, (5, 7, 3), np.uint8), (120, 80), interpolation=cv2.INTER_CUBIC)


def encode(pixels: np.ndarray, extension: str = ".png", *options: int) -> bytes:
    return cv2.imencode(extension, pixels, list(options))[1].tobytes()


def exif(orientation: int, order: str = "<") -> bytes:
    """An EXIF block with one other entry before the orientation."""
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, 7, 0) + struct.pack(
        order + "HHIHH", 0x0112, 3, 1, orientation, 0
    )
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, 2) + entries + b"\0" * 4


def with_exif(data: bytes, block: bytes) -> bytes:
    """A JPEG or PNG file with an EXIF block."""
    if data.startswith(b"\xff\xd8"):
        segment = b"Exif\0\0" + block
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    return data[:33] + struct.pack(">I", len(block)) + b"eXIf" + block + b"\0\0\0\0" + data[33:]


@tf.function(input_signature=[FILE, FRAME])
def crops_of(files, frames):
    return crop_photos(files, frames, HEIGHT, WIDTH, "photo")


@tf.function(input_signature=[FILE])
def sizes_of(files):
    return photo_sizes(files, "photo")


def size_of(data: bytes) -> tuple[int, ...]:
    return tuple(sizes_of(tf.constant([data])).numpy()[0])


def crop(data: bytes, frame: Frame) -> np.ndarray:
    numbers = frame.left, frame.top, frame.width, frame.height
    return crops_of(tf.constant([data]), tf.constant([numbers], tf.float64))[0].numpy()


def assert_same_pixels(data: bytes) -> None:
    """Everywhere in a picture that the frame's size is cut out of without being resized."""
    photo = decode_image(data)
    height, width = photo.shape[:2]
    assert size_of(data) == (height, width)
    for left, top in ((0, 0), (width - WIDTH, height - HEIGHT)):
        frame = Frame(left, top, WIDTH, HEIGHT)
        np.testing.assert_allclose(crop(data, frame), frame.crop(photo, HEIGHT, WIDTH), atol=1e-6)


FILES = {
    "png": encode(NOISE[..., :3]),
    "grey png": encode(NOISE[..., 0]),
    "transparent png": encode(NOISE),
    "png of 16 bits": encode(NOISE[..., :3].astype(np.uint16) * 250),
    "jpeg": encode(SMOOTH, ".jpg"),
    "grey jpeg": encode(SMOOTH[..., 0], ".jpg"),
    "progressive jpeg": encode(SMOOTH, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_same_pixels_as_the_library(kind):
    assert_same_pixels(FILES[kind])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_photos_are_turned_upright(kind, orientation, order):
    assert_same_pixels(with_exif(FILES[kind], exif(orientation, order)))


def test_convention_orientation():
    """6 means: what is stored as the left column, from bottom to top, is the upright picture's first row."""
    pixels = np.zeros((18, 24, 3), np.uint8)
    pixels[:, 0, 2] = range(10, 28)
    upright = crop(with_exif(encode(pixels), exif(6)), Frame(0, 0, 18, 24))
    np.testing.assert_allclose((upright[0, :, 0] + 1) * 127.5, range(27, 9, -1), atol=1e-4)


@pytest.mark.parametrize("value", [0, 9, 999])
def test_a_wrong_orientation_is_none(value):
    data = with_exif(FILES["jpeg"], exif(value))
    assert size_of(data) == (80, 120)


@pytest.mark.parametrize("cut", range(0, 36, 5))
def test_a_damaged_exif_block_does_not_matter(cut):
    data = with_exif(FILES["jpeg"], exif(6)[:cut])
    assert size_of(data) in ((80, 120), (120, 80))


@pytest.mark.parametrize("kind", ["png", "transparent png", "jpeg"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_same_crops_as_the_library(kind, orientation):
    data = with_exif(FILES[kind], exif(orientation))
    photo = decode_image(data)
    for frame in (Frame(3, 5, 20, 16), Frame(-30, -10, 90, 70), Frame(40, 60, 33, 11), Frame(0, 0, 7, 5)):
        np.testing.assert_allclose(crop(data, frame), frame.crop(photo, HEIGHT, WIDTH), atol=2e-6)


def test_photos_of_different_sizes_in_one_batch():
    files = [FILES["png"], FILES["jpeg"]]
    images, frames = whole_photos(tf.constant(files), 16, 24, "photo")
    np.testing.assert_array_equal(frames, [(0, 0, 46, 30), (0, 0, 120, 80)])
    for file, image, size in zip(files, images, ((30, 46), (80, 120)), strict=True):
        expected = Frame(0, 0, size[1], size[0]).crop(decode_image(file), 16, 24)
        np.testing.assert_allclose(image, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "photo must hold a JPEG or PNG file.*how many:.*0"),
        (b"GIF89a" + b"\0" * 40, "photo must hold a JPEG or PNG file"),
        (b"\x89PNG", "photo must hold a JPEG or PNG file"),
        (b"\xff\xd8\xff", "(?i)jpeg"),
        (FILES["png"][:20], "photo must hold a picture of 1 to 50000000 pixels"),
        (FILES["png"][:60], "(?i)png"),
        (FILES["jpeg"][: len(FILES["jpeg"]) // 2], "(?i)jpeg"),
    ],
)
def test_what_is_no_picture(data, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){message}"):
        crop(data, Frame(0, 0, 20, 20))


def test_a_picture_that_says_it_is_huge_is_never_decoded():
    png = bytearray(FILES["png"])
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a picture of 1 to 50000000 pixels"):
        size_of(bytes(png))
    png[16:24] = struct.pack(">II", 0x80000001, 10)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a picture of 1 to 50000000 pixels"):
        size_of(bytes(png))


def test_a_frame_that_is_huge_is_never_cut_out(monkeypatch):
    monkeypatch.setattr("serving.graphs.photos.MAX_PIXELS", 1000)
    frame = tf.constant([[0, 0, 100, 100]], tf.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must make a frame of at most 1000 pixels"):
        crop_photos(tf.constant([FILES["png"]]), frame, 8, 8, "photo")


def test_many_segments_do_not_keep_a_server_busy():
    empty = b"\xff\xe2\0\2" * 100_000
    data = FILES["jpeg"][:2] + empty + FILES["jpeg"][2:]
    assert size_of(data) == (80, 120)


def test_many_entries_of_an_exif_block_do_not_keep_a_server_busy():
    """They are looked at all at once; only segments and chunks are searched one after the other."""
    entries = struct.pack("<HHIHH", 0x0100, 3, 1, 7, 0) * 65_534 + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    png = FILES["png"]
    assert size_of(with_exif(png, b"II*\0" + struct.pack("<IH", 8, 65_535) + entries)) == (46, 30)
    graph = tf.function(orientation_of).get_concrete_function(tf.TensorSpec([], tf.string)).graph
    assert len(loops_of(graph)) == 2


def loops_of(graph) -> list:
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return [node for node in nodes if node.op in ("While", "StatelessWhile")]


def test_one_photo_is_in_memory_at_a_time():
    loops = {loop.name: loop for loop in loops_of(crops_of.get_concrete_function().graph)}
    assert loops["map/while"].attr["parallel_iterations"].i == 1


@pytest.mark.parametrize(
    ("kind", "dtype"), [("grey png", tf.uint8), ("transparent png", tf.uint8), ("png of 16 bits", tf.uint16)]
)
def test_a_png_takes_16_bits_only_where_it_has_them(monkeypatch, kind, dtype):
    decode, dtypes = tf.io.decode_png, []

    def spy(data, channels, dtype):
        dtypes.append(dtype)
        return decode(data, channels, dtype)

    monkeypatch.setattr(tf.io, "decode_png", spy)
    crop_photos(tf.constant([FILES[kind]]), tf.constant([[0, 0, 9, 9]], tf.float64), 8, 8, "photo")
    assert dtypes == [dtype]


def test_pictures_are_rounded_as_in_the_library():
    images = np.array([-1.0, 1.0, 0.0, 1 / 255, 3.0, -9.0], np.float32).reshape(1, 1, 6, 1) * np.ones(3, np.float32)
    (data,) = encode_pictures(tf.constant(images)).numpy()
    np.testing.assert_array_equal(tf.io.decode_png(data)[0, :, 0], [0, 255, 128, 128, 255, 0])
