"""Arrays that are kept, and damaged."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.kept_arrays import read_arrays, read_kept_arrays


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_flipped_bytes_lose_the_arrays_and_raise_nothing(tmp_path, save):
    path, random = tmp_path / "a.npz", np.random.default_rng(0)
    arrays = {"count": np.array(3), "people": random.normal(size=(40, 17, 3)).astype(np.float32)}
    save(path, **arrays)
    content = path.read_bytes()
    np.testing.assert_equal(read_kept_arrays(path), arrays)
    np.testing.assert_equal(read_arrays(path, "people", "count"), [arrays["people"], arrays["count"]])
    lost = 0
    for start in [*range(0, 400, 3), *random.integers(400, len(content), 100)]:
        damaged = bytearray(content)
        for place in range(start, min(start + 8, len(content))):
            damaged[place] ^= 0xA5
        path.write_bytes(damaged)
        if read_kept_arrays(path) is None:
            lost += 1
            with pytest.raises(ValueError, match=f"{path}: a file of count, people is expected. Received: .+"):
                read_arrays(path, "count", "people")
    assert lost > 150


def test_what_is_no_such_file(tmp_path):
    assert read_kept_arrays(tmp_path) is None
    assert read_kept_arrays(tmp_path / "absent.npz") is None
    np.save(tmp_path / "a.npy", np.zeros(3))
    assert read_kept_arrays(tmp_path / "a.npy") is None
    np.savez(tmp_path / "a.npz", there=np.zeros(3))
    for name in ("", "absent.npz", "a.npy", "a.npz"):
        with pytest.raises(ValueError, match=f"{tmp_path / name}: a file of wanted is expected. Received: .+"):
            read_arrays(tmp_path / name, "wanted")
