"""The load generator, against servers whose times are known."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.development_server import LONG, running
from helpers.toy_models import write_toy

from serving.__main__ import main
from serving.client import ClientError
from serving.load.generator import closed_loop, open_loop
from serving.load.measurement import Measurement
from serving.load.plot import plot_measurements
from serving.load.samples import default_endpoint, sample_inputs
from serving.statuses import Code, ServingError
from serving.transports.transport import EndpointInfo, Target


class SlowServer:
    """Takes some time for a request, for one after the other; refuses every `refused`th."""

    def __init__(self, seconds: float, refused: int = 1_000_000):
        self.seconds, self.refused = seconds, refused
        self.count, self.connections, self.lock = 0, 0, threading.Lock()

    @contextlib.contextmanager
    def connect(self):
        with self.lock:
            self.connections += 1
        yield self.send

    def send(self):
        with self.lock:
            self.count += 1
            if self.count % self.refused == 0:
                raise ClientError(ServingError(Code.UNAVAILABLE, "full"), "here", Target("toy"))
            time.sleep(self.seconds)


def test_closed_loop():
    """Three are under way, not more (Little's law), whichever of them a busy machine prefers."""
    server, meeting = SlowServer(0.01), threading.Barrier(3)

    @contextlib.contextmanager
    def connect():
        with server.connect() as send:
            meetings = iter([meeting.wait])  # the first requests of all three wait for each other

            def send_together():
                for wait in meetings:
                    wait(LONG)
                send()

            yield send_together

    measurement = closed_loop(connect, 3, 0.3)
    assert server.connections == 3
    assert len(measurement.latencies) == server.count
    assert measurement.seconds >= 0.3
    assert measurement.throughput == pytest.approx(server.count / measurement.seconds)
    assert measurement.throughput <= 100
    assert sum(measurement.latencies) / measurement.seconds <= 3


def test_open_loop_does_not_hide_waiting():
    """A server that takes longer than the time between requests gets behind, and their times grow."""
    server = SlowServer(0.02)
    measurement = open_loop(server.connect, 100, 0.4, connections=2)
    assert 20 <= server.count == len(measurement.latencies) <= 60
    assert measurement.percentile(99) >= 0.02 * server.count - 0.4 - 0.1


@pytest.mark.parametrize("loop", [closed_loop, lambda connect, *load: open_loop(connect, *load, connections=3)])
def test_a_connection_that_cannot_be_made_ends_all(loop):
    numbers = itertools.count()

    @contextlib.contextmanager
    def connect():
        if next(numbers) == 1:
            raise OSError("too many open files")
        yield lambda: None

    with pytest.raises(OSError, match="too many open files"):
        loop(connect, 3, 0.1)


def test_errors_are_counted_apart():
    server = SlowServer(0.001, refused=2)
    measurement = closed_loop(server.connect, 2, 0.1)
    assert measurement.errors["UNAVAILABLE"] == server.count // 2 > 0
    assert len(measurement.latencies) == server.count - server.count // 2
    assert measurement.line().endswith(" UNAVAILABLE")


@pytest.mark.parametrize("call", [lambda: closed_loop(None, 0, 1), lambda: open_loop(None, 0, 1)])
def test_no_load(call):
    with pytest.raises(ValueError, match="expected. Received: 0"):
        call()


def test_convention_percentiles():
    measurement = Measurement("closed", 4, seconds=50.0, latencies=[index / 1000 for index in range(101)])
    assert [measurement.percentile(percent) for percent in (50, 95, 99)] == pytest.approx([0.05, 0.095, 0.099])
    assert measurement.throughput == pytest.approx(101 / 50)
    assert measurement.line().split() == ["4", "at", "once", "2.02", "50.0", "95.0", "99.0", "101", "none"]
    assert np.isnan(Measurement("open", 1).percentile(50))
    assert json.loads(json.dumps(Measurement("open", 1).summary(), allow_nan=False))["p99"] is None


def test_plot():
    measurements = [Measurement("closed", load, 1.0, [0.1 * load] * round(10 / load)) for load in (1, 2, 4)] + [
        Measurement("closed", 8, 1.0)
    ]
    root = ElementTree.fromstring(plot_measurements(measurements, "a < b"))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "answers a second", "milliseconds to an answer", "p50", "p95", "p99"} <= set(texts)
    lines = [node.get("points").split() for node in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [4, 3, 3, 3]  # nothing was answered at the last load
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights == sorted(heights)  # fewer answers are lower
    with pytest.raises(ValueError, match="of one kind are expected. Received: 0"):
        plot_measurements([], "none")


def test_samples():
    photo, pose = (object, (None,)), (np.float32, (None, 18, 3))
    endpoint = EndpointInfo({"source_image_bytes": photo, "source_keypoints": pose}, {})
    inputs = sample_inputs(endpoint, (90, 60))
    assert inputs["source_image_bytes"][0].startswith(b"\xff\xd8\xff")
    keypoints = inputs["source_keypoints"]
    assert keypoints.shape == (1, 18, 3)
    assert 0 <= keypoints[..., 0].max() < 60 < keypoints[..., 1].max() < 90
    assert sample_inputs(EndpointInfo({"noisy": (np.float32, (None, None, 34))}, {}), frames=85)["noisy"].shape == (
        1,
        85,
        34,
    )
    assert default_endpoint({"step": endpoint, "clip": endpoint}) == "clip"
    with pytest.raises(ValueError, match="A model with transfer, clip, denoise is expected. Received: step"):
        default_endpoint({"step": endpoint})
    for size, frames in (((0, 750), 1), ((9, 9), 0)):
        with pytest.raises(ValueError, match="Photos of one pixel or more, and one frame or more are expected"):
            sample_inputs(endpoint, size, frames)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("toys")
    write_toy(root)
    with running(root) as server:
        yield server


@pytest.mark.parametrize("load", [["--concurrency", "1", "3"], ["--rate", "20", "40"]])
def test_command(server, tmp_path, capsys, load):
    options = ["--server", server.rest_address, "--model", "toy", "--endpoint", "scale", "--seconds", "0.2", *load]
    files = ["--output", str(tmp_path / "load.json"), "--plot", str(tmp_path / "load.svg")]
    assert main(["load", *options, *files]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    summaries = json.loads((tmp_path / "load.json").read_text())
    assert [entry["load"] for entry in summaries] == [float(value) for value in load[1:]]
    assert all(entry["answered"] and not entry["errors"] for entry in summaries)
    assert ElementTree.parse(tmp_path / "load.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("load", ["--concurrency 8 0", "--rate 1 -2", "--rate 1 nan", "--seconds 0", "--seconds inf"])
def test_a_load_that_cannot_be_is_found_before_anybody_is_asked(capsys, load):
    assert main(["load", "--server", "http://127.0.0.1:9", *load.split()]) == 2
    assert "Loads and seconds above 0 are expected. Received: " in capsys.readouterr().err


def test_numbers_and_plot_in_one_file_are_found_before_anybody_is_asked(tmp_path, capsys):
    output = str(tmp_path / "load.svg")
    assert main(["load", "--server", "http://127.0.0.1:9", "--output", output, "--plot", output]) == 2
    assert "Different files are expected as inputs and outputs. Received: " in capsys.readouterr().err


def test_command_without_a_server(capsys):
    assert main(["load", "--server", "http://127.0.0.1:9", "--timeout", "1"]) == 2
    assert "the server is not there" in capsys.readouterr().err
