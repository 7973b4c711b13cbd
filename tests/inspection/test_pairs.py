"""Pairs that are inspected: sheets, pages and files."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urljoin

import numpy as np
import pytest

from gfla_tf.inspection.files import SheetOptions, write_index, write_inspections
from gfla_tf.inspection.origins import trace
from gfla_tf.inspection.page import FLOW_SCALE, page_html
from gfla_tf.inspection.sheet import draw_sheet, panel_size

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def data_of(page: str) -> dict:
    return json.loads(re.search(r"^const data = (.*);$", page, re.MULTILINE)[1])


def array_of(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def test_what_is_known_of_a_pair(inspection):
    assert inspection.size == (64, 48)
    assert [one.name for one in inspection.maps] == ["1/8", "1/4"]
    assert all(one.mask.shape == (*one.size, 1) for one in inspection.maps)
    nose = inspection.target_keypoints[0]
    assert inspection.pixels()[0] == (nose[0], nose[1])
    assert panel_size(inspection) == (384, 288)


def test_joints_of_the_outer_pixels_can_be_followed(inspection):
    keypoints = inspection.target_keypoints.copy()
    keypoints[:, :2] = 20.0, 63.8  # outside: the last row's centre is at 63
    keypoints[:2, :2] = (47.4, -0.5), (47.5, 30)
    inside = replace(inspection, target_keypoints=keypoints).pixels()
    np.testing.assert_allclose(inside, [(47.4, -0.5)], rtol=1e-6)
    assert [trace(maps, *inside[0], inspection.size).position[1] for maps in inspection.maps] == [0, 0]


def test_the_person_is_drawn_around_the_limbs_where_nothing_is_known(inspection):
    np.testing.assert_array_equal(inspection.person, inspection.truth.person)
    person = replace(inspection, truth=None).person
    x, y = np.rint(inspection.target_keypoints[1, :2]).astype(int)  # the neck
    assert (person[y, x], person[0, 0], person[-1, -1]) == (1, 0, 0)


def test_sheets_show_more_where_more_is_known(inspection):
    full, blind = draw_sheet(inspection), draw_sheet(replace(inspection, truth=None), [(3, 3)])
    # Nine panels of 288 on each level's row, of them exact flow and occlusion from what is known.
    assert full.shape[1] == 9 * 288 + 8 * 14 + 2 * 24
    assert blind.shape[1] == 7 * 288 + 6 * 14 + 2 * 24
    assert full.shape[0] == blind.shape[0]
    assert np.isfinite(full).all()


def test_pixels_outside_are_refused(inspection):
    with pytest.raises(ValueError, match="inside 48x64"):
        draw_sheet(inspection, [(48, 3)])


def test_the_page_holds_everything_it_needs(inspection):
    page = page_html(inspection, [(7, 9)])
    data = data_of(page)
    assert (data["title"], data["height"], data["width"], data["pixel"]) == ("tiny <pair>", 64, 48, [7, 9])
    assert "tiny <pair>" not in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    for level, maps in zip(data["levels"], inspection.maps, strict=True):
        shape = (level["height"], level["width"])
        flow = array_of(level["flow"], "<i2").reshape(*shape, 2) / FLOW_SCALE
        np.testing.assert_allclose(flow, maps.flow, atol=0.5 / FLOW_SCALE)
        weights = array_of(level["weights"], np.uint8).reshape(*shape, level["kernel"] ** 2) / 255
        np.testing.assert_allclose(weights, maps.weights, atol=0.5 / 255)
        np.testing.assert_allclose(
            array_of(level["mask"], np.uint8).reshape(*shape, 1) / 255, maps.mask, atol=0.5 / 255
        )
    assert [image["name"] for image in data["images"]][:3] == ["result", "target, the truth", "flow 1/8"]
    assert all(image["uri"].startswith("data:image/png;base64,") for image in data["images"])


def title_of(page: str, folder: Path) -> str:
    """The title of a page once its scripts have run."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    command = [CHROMIUM, *options, "--virtual-time-budget=5000", (folder / "page.html").as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    return re.search("<title>(.*)</title>", found)[1]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_marks_stay_where_another_picture_is_chosen(inspection, tmp_path):
    script = """<script>
    const later = () => new Promise((done) => setTimeout(done, 300));
    addEventListener("load", async () => {
      await later();
      const box = result.canvas.getBoundingClientRect(), place = { clientX: box.left + 20, clientY: box.top + 30 };
      result.canvas.dispatchEvent(new MouseEvent("click", place));
      const marked = source.canvas.toDataURL();
      choice.value = 1;
      choice.dispatchEvent(new Event("change"));
      await later();
      document.title = [held, result.image.src === data.images[1].uri, marked === source.canvas.toDataURL()].join();
    });
    </script>"""
    assert title_of(page_html(inspection, [(40, 50)]) + script, tmp_path) == "true,true,true"


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_page_follows_pixels_as_the_library_does(inspection, tmp_path):
    script = """<script>
    document.title = JSON.stringify(levels.map((level) =>
      taps(level, Math.floor(37.5 / level.cell.x), Math.floor(20.5 / level.cell.y))));
    </script>"""
    origins = json.loads(title_of(page_html(inspection) + script, tmp_path))
    for found, maps in zip(origins, inspection.maps, strict=True):
        expected = trace(maps, 37, 20, inspection.size)
        assert (found["column"], found["row"]) == expected.position
        assert found["taken"] == pytest.approx(expected.mask, abs=0.5 / 255)
        places = [(tap["x"], tap["y"]) for tap in found["found"]]
        np.testing.assert_allclose(places, expected.taps, atol=0.5 / FLOW_SCALE * expected.cell[0])
        np.testing.assert_allclose([tap["weight"] for tap in found["found"]], expected.weights, atol=0.5 / 255)


def test_files(inspection, tmp_path):
    names = list(write_inspections([("one", inspection)], tmp_path, SheetOptions()))
    write_index(names, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "one.html", "one.png"]
    assert 'href="one.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_names_in_the_index_are_addresses(tmp_path):
    names = ["who?_in_50%25", "a: b<c>&'\"#1"]
    page = write_index(names, tmp_path).read_text(encoding="utf-8")
    addresses = [html.unescape(address) for address in re.findall(r'href="(.*?)"', page)[::2]]
    assert [urljoin("file:///folder/", address) for address in addresses] == [
        f"file:///folder/{quote(name)}.html" for name in names
    ]
    assert [html.unescape(name) for name in re.findall(r'alt="sheet of (.*?)"', page)] == names
