"""The models of this project through server and clients: every endpoint gives what the library gives."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from helpers.development_server import Caller, running

from gfla_tf.image_io import decode_image, read_image
from gfla_tf.pose import write_openpose_json
from gfla_tf.pose.sequences import KeypointSequence, write_sequence
from serving.__main__ import main
from serving.client import ClientError, ServingClient
from serving.examples import make_examples
from serving.export import serve_model
from serving.fresh_check import differences
from serving.retries import Retries
from serving.server.batching_parameters import BatchingParameters
from serving.server.limits import Limits
from serving.statuses import Code

NETWORKS = ("person", "sequence", "motion")
PATIENCE = 300.0  # seconds, for machines with much else to do


@pytest.fixture(scope="module")
def server(exported):
    batching, limits = BatchingParameters(4, 2000, 64, 1, (1, 2, 4)), Limits(seconds=PATIENCE)
    with running(exported, batching=batching, limits=limits) as server:
        yield server


@pytest.fixture(params=["rest_address", "grpc_address"])
def address(request, server):
    return getattr(server, request.param)


class Examples(dict):
    """Requests and the library's own answers, by network and endpoint, made when they are asked for."""

    def __init__(self, request):
        super().__init__()
        self.request = request

    def __missing__(self, network: str) -> dict:
        self[network] = make_examples(serve_model(self.request.getfixturevalue(f"{network}_model")))
        return self[network]


@pytest.fixture(scope="module")
def examples(request):
    return Examples(request)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_endpoint_gives_what_the_library_gives(examples, address, network):
    with ServingClient(address, f"small-{network}", seconds=PATIENCE) as client:
        assert set(client.endpoints()) == {"serving_default", *examples[network]}
        for endpoint, (inputs, outputs) in examples[network].items():
            for batch in (slice(0, 1), slice(1, 3)):
                answer = client.predict(endpoint, {name: array[batch] for name, array in inputs.items()})
                assert answer.keys() == outputs.keys()
                for name, expected in outputs.items():
                    assert differences(answer[name], expected[batch], 1e-4) == ""


def test_transfer(examples, address):
    inputs, outputs = examples["person"]["transfer"]
    with ServingClient(address, "small-person", seconds=PATIENCE) as client:
        image, frame = client.transfer(*(inputs[name][2] for name in inputs))
    assert frame == tuple(outputs["frame"][2])
    np.testing.assert_allclose(decode_image(image), decode_image(outputs["image_bytes"][2]), atol=1.01 / 127.5)


def test_a_clip_at_once_and_step_by_step(examples, address):
    inputs, outputs = examples["sequence"]["clip"]
    arguments = [inputs[name][0] for name in inputs]
    with ServingClient(address, "small-sequence", seconds=PATIENCE) as client:
        frames, frame = client.clip(*arguments)
        steps = list(client.animate(*arguments))
    assert frame == tuple(outputs["frame"][0])
    assert len(frames) == len(steps) == outputs["image_bytes"].shape[1]
    # What travels as PNG is rounded to 8 bits: the framed photo before the first frame, then every frame.
    for index, (whole, step) in enumerate(zip(frames, steps, strict=True)):
        difference = np.abs(decode_image(whole) - decode_image(step))
        assert difference.max() <= (4.01 + 12 * index) / 127.5
        assert difference.mean() <= 1 / 127.5


def test_denoise(examples, address):
    inputs, outputs = examples["motion"]["denoise"]
    with ServingClient(address, "small-motion", seconds=PATIENCE) as client:
        np.testing.assert_allclose(client.denoise(inputs["noisy"][0]), outputs["clean"][0], atol=1e-4)
        with pytest.raises(ClientError, match="noisy must have 81 frames or more") as caught:
            client.denoise(inputs["noisy"][0, :80])
    assert caught.value.code is Code.INVALID_ARGUMENT


BAD_PHOTOS = (b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50))


@pytest.mark.parametrize("photo", BAD_PHOTOS)
def test_a_photo_that_is_none_is_the_senders_mistake(examples, server, photo):
    inputs = examples["person"]["transfer"][0]
    row = {name: array[0].tolist() for name, array in inputs.items() if name != "source_image_bytes"}
    row["source_image_bytes"] = {"b64": base64.b64encode(photo).decode()}
    with Caller(server) as call:
        status, body = call.predict({"instances": [row]}, model="small-person")
    assert status == 400, body
    assert "source_image_bytes" in body["error"] or "Invalid" in body["error"] or "decod" in body["error"]


FILES = [
    ("person", "transfer", "source_image_bytes"),
    ("sequence", "clip", "reference_image_bytes"),
    ("sequence", "prepare", "reference_image_bytes"),
    ("sequence", "step", "reference_image_bytes"),
    ("sequence", "step", "previous_image_bytes"),
]


@pytest.mark.parametrize(("network", "endpoint", "name"), FILES)
def test_wrong_files_over_both_interfaces(examples, address, network, endpoint, name):
    """INVALID_ARGUMENT, for every file that goes in; a good one is answered afterwards."""
    inputs = {key: array[:1] for key, array in examples[network][endpoint][0].items()}
    with ServingClient(address, f"small-{network}", seconds=PATIENCE, retries=Retries(most=1)) as client:
        for photo in BAD_PHOTOS:
            with pytest.raises(ClientError, match=f"{name}|Invalid|decod") as caught:
                client.predict(endpoint, {**inputs, name: np.array([photo], object)})
            assert caught.value.code is Code.INVALID_ARGUMENT
        assert client.predict(endpoint, inputs)


@pytest.fixture
def workplace(tmp_path, examples, monkeypatch):
    """Photos and keypoints as files."""
    for network, endpoint, role in (("person", "transfer", "source"), ("sequence", "clip", "reference")):
        inputs, _ = examples[network][endpoint]
        for index, photo in enumerate(inputs[f"{role}_image_bytes"]):
            (tmp_path / f"{network}{index}.png").write_bytes(photo)
        if network == "person":
            write_openpose_json(tmp_path / "source.json", [inputs["source_keypoints"][0]])
            (tmp_path / "poses").mkdir()
            for index, pose in enumerate(inputs["target_keypoints"]):
                write_openpose_json(tmp_path / "poses" / f"{index}.json", [pose])
        else:
            clip = KeypointSequence(("0", "1"), inputs["target_keypoints"][0], "h36m-17")
            write_sequence(tmp_path / "clip.json", clip)
            write_sequence(tmp_path / "me.json", KeypointSequence(("0",), inputs["reference_keypoints"][:1], "h36m-17"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(server, *arguments: str) -> int:
    servers = ["--server", server.rest_address, "--server", server.grpc_address]
    return main(["predict", *arguments, *servers, "--timeout", str(PATIENCE)])


def test_predict_a_picture(server, workplace, examples, capsys):
    options = ("--source-keypoints", "source.json", "--model", "small-person")
    assert predict(server, "person0.png", "poses/0.json", "--output", "out.png", *options) == 0
    assert capsys.readouterr().out == "out.png\n"
    expected = decode_image(examples["person"]["transfer"][1]["image_bytes"][0])
    np.testing.assert_allclose(read_image("out.png"), expected, atol=1.01 / 127.5)


def test_predict_a_folder_through_two_servers(server, workplace, capsys, monkeypatch):
    """One of the photos is damaged: the others are rendered."""
    from gfla_tf.people import PeopleReader, Person

    keypoints = np.column_stack([np.linspace(5, 60, 18), np.linspace(5, 60, 18), np.ones(18)]).astype(np.float32)

    def find(self, photo, name, person):
        return Person(keypoints, photo, name)

    monkeypatch.setattr(PeopleReader, "_find_in_image", find)
    (workplace / "photos").mkdir()
    for index in (0, 1):
        (workplace / f"person{index}.png").rename(workplace / "photos" / f"{index}.png")
    (workplace / "photos" / "bad.png").write_bytes(b"no picture")
    options = ("--output", "results", "--model", "small-person", "--parallel", "2")
    assert predict(server, "photos", "poses", *options) == 2
    written = sorted(path.name for path in (workplace / "results").iterdir())
    assert written == sorted(f"{photo}_in_{pose}.png" for photo in "01" for pose in "012")
    captured = capsys.readouterr()
    assert captured.out == "results: 6 of 9\n"
    assert captured.err.count("bad.png") >= 3


@pytest.mark.parametrize("how", [(), ("--stepwise",)])
def test_predict_a_clip(server, workplace, examples, how):
    options = ("--source-keypoints", "me.json", "--model", "small-sequence", *how)
    assert predict(server, "sequence0.png", "clip.json", "--output", "frames", *options) == 0
    assert sorted(path.name for path in (workplace / "frames").iterdir()) == ["00000.png", "00001.png"]
    expected = decode_image(examples["sequence"]["clip"][1]["image_bytes"][0, 0])
    np.testing.assert_allclose(read_image("frames/00000.png"), expected, atol=4.01 / 127.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("person0.png poses/0.json --output out.jpg --source-keypoints source.json", "ending in .png is expected"),
        ("person0.png poses --output results --source-keypoints source.json", "--source-keypoints is for one source"),
        ("person0.png poses/0.json --output out.png --model small-motion", "A model that renders people is expected"),
        ("person0.png poses/0.json --output out.png --model none", "no such model or version"),
        ("person0.png poses/0.json --output out.png --parallel 0", "One request at a time or more"),
    ],
)
def test_predict_with_wrong_arguments(server, workplace, capsys, arguments, message):
    words = arguments.split() + ([] if "--model" in arguments else ["--model", "small-person"])
    assert predict(server, *words) == 2
    assert message in capsys.readouterr().err
    assert not (workplace / "out.png").exists()
