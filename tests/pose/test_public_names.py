from __future__ import annotations

import subprocess
import sys

import pytest

import gfla_tf.pose as pose


@pytest.mark.parametrize("name", pose.__all__)
def test_every_public_name_comes_from_the_module_that_lists_it(name):
    value = getattr(pose, name)
    home = sys.modules[f"gfla_tf.pose.{pose._HOME_OF[name]}"]
    assert name in home.__all__
    assert value is getattr(home, name)
    assert name in dir(pose)


def test_lists_of_names_agree():
    assert len(pose.__all__) == len(set(pose.__all__))
    assert set(pose.__all__) == set(pose._HOME_OF)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'skeletonize'"):
        pose.skeletonize  # noqa: B018


def test_heavy_packages_are_imported_where_they_are_used():
    code = (
        "import sys; from gfla_tf.pose import pose_maps, draw_skeleton, read_keypoints, convert_keypoints; "
        "print([name for name in ('tensorflow', 'cv2', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
