"""Files to images and back, checked against pictures encoded by OpenCV from literal pixels."""

import struct
import zlib

import numpy as np
import pytest

from gfla_tf.image_io import decode_image, from_uint8, read_image, to_uint8, write_image

cv2 = pytest.importorskip("cv2")

# Two rows, three columns, red green blue.
COLOURS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [0, 0, 0], [10, 20, 30]]], np.uint8)


def encode(extension: str, pixels: np.ndarray, *parameters: int) -> bytes:
    """Encode red, green, blue (and alpha), or grey, with OpenCV, which wants blue first."""
    pixels = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]]
    return cv2.imencode(extension, pixels, list(parameters))[1].tobytes()


def with_exif(png: bytes, orientation: int) -> bytes:
    block = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return with_chunk(png, b"eXIf", block)


def with_chunk(png: bytes, name: bytes, block: bytes) -> bytes:
    chunk = struct.pack(">I", len(block)) + name + block
    return png[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + png[33:]


def test_convention_pixels_are_red_green_blue_in_minus_one_to_one_rows_first(tmp_path):
    (tmp_path / "picture.png").write_bytes(encode(".png", COLOURS))
    image = read_image(tmp_path / "picture.png")
    assert image.shape == (2, 3, 3)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[0], [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    np.testing.assert_allclose(image[1, 2], [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1], atol=1e-6)


def test_convention_values_0_and_255_are_minus_one_and_one():
    np.testing.assert_array_equal(from_uint8(np.array([0, 255], np.uint8)), np.array([-1, 1], np.float32))
    assert from_uint8(np.array([51], np.uint8))[0] == pytest.approx(-0.6)
    np.testing.assert_array_equal(to_uint8(np.array([-1.0, 0.0, 1.0])), [0, 128, 255])


def test_to_uint8_inverts_from_uint8_exactly():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_uint8(from_uint8(values)), values)
    np.testing.assert_array_equal(to_uint8(from_uint8(values).astype(np.float64)), values)


def test_to_uint8_rounds_and_clips():
    image = np.array([-7.0, -1.001, 99.4 / 127.5 - 1, 99.6 / 127.5 - 1, 1.001, 7.0])
    np.testing.assert_array_equal(to_uint8(image), [0, 0, 99, 100, 255, 255])


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff", ".webp", ".ppm"])
def test_lossless_formats_keep_every_pixel(extension):
    np.testing.assert_array_equal(to_uint8(decode_image(encode(extension, COLOURS))), COLOURS)


def test_jpeg_is_read():
    picture = np.full((16, 24, 3), (200, 100, 50), np.uint8)
    decoded = to_uint8(decode_image(encode(".jpg", picture))).astype(int)
    assert decoded.shape == (16, 24, 3)
    assert np.abs(decoded - picture).max() <= 4


def test_grey_becomes_three_equal_channels():
    grey = np.array([[0, 51, 255]], np.uint8)
    image = decode_image(encode(".png", grey))
    np.testing.assert_allclose(image, np.repeat([[[-1], [-0.6], [1]]], 3, axis=-1), atol=1e-6)


def test_alpha_lets_white_shine_through():
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    np.testing.assert_allclose(decode_image(encode(".png", pixels))[0], [[1, -1, -1], [1, 1, 1], [0.6] * 3], atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "grey", "parameters", "key"),
    [(np.uint8, 51, (), 51), (np.uint16, 13107, (), 13107), (np.uint8, 0, (cv2.IMWRITE_PNG_BILEVEL, 1), 0)],
)
def test_a_grey_that_is_transparent_is_white(dtype, grey, parameters, key):
    """The key is in the file's own depth, whatever OpenCV makes of it."""
    png = encode(".png", np.array([[grey, 0 if grey else 255]], dtype), *parameters)
    np.testing.assert_allclose(decode_image(png)[0, :, 0], [grey / np.iinfo(dtype).max * 2 - 1, -1 if grey else 1])
    keyed = decode_image(with_chunk(png, b"tRNS", struct.pack(">H", key)))
    np.testing.assert_array_equal(keyed[0], [[1, 1, 1], [-1, -1, -1] if grey else [1, 1, 1]])


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_sixteen_bits_are_scaled(extension):
    pixels = np.array([[[0, 65535, 13107]]], np.uint16)
    np.testing.assert_allclose(decode_image(encode(extension, pixels)), [[[-1, 1, -0.6]]], atol=1e-6)


def test_sixteen_bits_with_alpha_are_scaled():
    pixels = np.array([[[0, 0, 0, 13107]]], np.uint16)
    np.testing.assert_allclose(decode_image(encode(".png", pixels)), [[[0.6, 0.6, 0.6]]], atol=1e-6)


@pytest.mark.skipif(not cv2.haveImageWriter("a.avif"), reason="this OpenCV knows no AVIF")
def test_ten_bits_are_scaled():
    data = encode(".avif", np.full((16, 24, 3), 1023, np.uint16), cv2.IMWRITE_AVIF_DEPTH, 10)
    np.testing.assert_allclose(decode_image(data), np.ones((16, 24, 3)), atol=0.02)


def test_floats_are_clipped():
    pixels = np.array([[[0.5, 2.0, -1.0]]], np.float32)
    np.testing.assert_allclose(decode_image(encode(".pfm", pixels)), [[[0, 1, -1]]], atol=1e-6)


@pytest.mark.parametrize("alpha", [False, True])
def test_convention_orientation_6_turns_clockwise(alpha):
    pixels = np.dstack([COLOURS, np.full((2, 3), 255, np.uint8)]) if alpha else COLOURS
    image = to_uint8(decode_image(with_exif(encode(".png", pixels), 6)))
    assert image.shape == (3, 2, 3)
    np.testing.assert_array_equal(image[0, 1], [255, 0, 0])  # stored top left, seen top right
    np.testing.assert_array_equal(image[0, 0], [255, 255, 255])  # stored bottom left, seen top left


def test_paths_may_be_strings(tmp_path):
    write_image(str(tmp_path / "a.png"), from_uint8(COLOURS))
    np.testing.assert_array_equal(to_uint8(read_image(str(tmp_path / "a.png"))), COLOURS)


@pytest.mark.parametrize("name", ["missing.png", "folder"])
def test_missing_files_and_folders_are_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=rf"A picture file is expected. Received: .*{name}"):
        read_image(tmp_path / name)


@pytest.mark.parametrize(
    ("data", "received"), [(b"", "no bytes"), (b"some text, no picture", "21 bytes that are none")]
)
def test_files_that_are_no_pictures_are_named(tmp_path, data, received):
    (tmp_path / "notes.png").write_bytes(data)
    with pytest.raises(ValueError, match=rf"A picture .* is expected. Received: {received} in .*notes.png"):
        read_image(tmp_path / "notes.png")


def test_truncated_header_is_refused():
    data = encode(".png", np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match="Received: 40 bytes that are none in upload"):
        decode_image(data[:40], name="upload")


@pytest.mark.parametrize("extension", [".png", ".webp", ".PNG"])
def test_written_pixels_come_back(tmp_path, extension):
    write_image(tmp_path / f"a{extension}", from_uint8(COLOURS))
    np.testing.assert_array_equal(to_uint8(read_image(tmp_path / f"a{extension}")), COLOURS)


@pytest.mark.parametrize("extension", [".jpg", ".jpeg"])
def test_written_jpeg_is_close(tmp_path, extension):
    image = np.full((16, 24, 3), 0.25, np.float32)
    write_image(tmp_path / f"a{extension}", image)
    assert (tmp_path / f"a{extension}").read_bytes().startswith(b"\xff\xd8")
    np.testing.assert_allclose(read_image(tmp_path / f"a{extension}"), image, atol=0.03)


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    write_image(tmp_path / "a.png", from_uint8(COLOURS))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    np.testing.assert_array_equal(to_uint8(read_image(tmp_path / "a.png")), COLOURS)


def test_failed_writing_keeps_the_old_file(tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError("disk on fire")

    (tmp_path / "a.png").write_bytes(b"old")
    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ValueError, match="disk on fire"):
        write_image(tmp_path / "a.png", from_uint8(COLOURS))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_no_folder_is_created(tmp_path):
    with pytest.raises(ValueError, match=r"existing, writable folder is expected. Received: .*missing"):
        write_image(tmp_path / "missing" / "a.png", from_uint8(COLOURS))
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="writable folder is expected"):
        write_image(tmp_path / "file" / "a.png", from_uint8(COLOURS))


@pytest.mark.parametrize("name", ["a.gif", "a", ".png", "a.png.txt"])
def test_unknown_extensions_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"ending in .png, .jpg, .jpeg, .webp is expected"):
        write_image(tmp_path / name, from_uint8(COLOURS))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 1), (1, 2, 3, 3), (0, 3, 3)])
def test_wrong_shapes_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match=r"\[height, width, 3\] is expected. Received: \("):
        write_image(tmp_path / "a.png", np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(tmp_path, value):
    with pytest.raises(ValueError, match="Finite numbers are expected"):
        write_image(tmp_path / "a.png", np.full((2, 3, 3), value, np.float32))
    assert not list(tmp_path.iterdir())


def test_wrong_types_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Floats in \[-1, 1\] are expected. Received: uint8"):
        write_image(tmp_path / "a.png", COLOURS)
    with pytest.raises(ValueError, match=r"uint8 is expected\. Received: float32"):
        from_uint8(np.zeros(3, np.float32))


def test_pictures_too_large_for_the_format_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"that .webp can hold is expected. Received: 20000 x 1 pixels"):
        write_image(tmp_path / "a.webp", np.zeros((1, 20000, 3), np.float32))
