"""The READMEs' three commands from weights to an answered request, run as they stand there with a small model."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from helpers.development_server import LONG, wait_until
from helpers.toy_models import write_toy

import serving
from gfla_tf.image_io import read_image
from gfla_tf.models.model_files import save_model
from gfla_tf.pose import write_openpose_json
from serving.__main__ import main
from serving.client import ServingClient

FOLDER = Path(serving.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SAMPLES = FOLDER.parent / "samples"
TOP_README = (FOLDER.parent / "README.md").read_text(encoding="utf-8")


def first_commands(text: str) -> list[list[str]]:
    """The words of the commands in the first block of commands of a text."""
    block = text.split("```sh")[1].split("```")[0]
    return [line.split("  #")[0].split()[3:] for line in block.splitlines() if line.startswith("python -m serving")]


COMMANDS = first_commands(README)


@pytest.fixture
def workplace(tmp_path, person_model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(person_model, "small")
    (tmp_path / "me.jpg").write_bytes((SAMPLES / "standing.jpg").read_bytes())
    pose = np.column_stack([np.linspace(10, 30, 18), np.linspace(5, 60, 18), np.ones(18)])
    write_openpose_json(tmp_path / "pose.json", [pose])
    return tmp_path


@pytest.fixture
def serve():
    """Starts a server as a process; gives the process and its two addresses."""
    processes = []

    def start(arguments: list[str]) -> tuple[subprocess.Popen, list[str]]:
        environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
        settings = ["--rest-port", "0", "--grpc-port", "0", "--timeout", str(LONG)]
        command = [sys.executable, "-m", "serving", *arguments, *settings]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        lines = [processes[-1].stdout.readline() for _ in range(2)]
        assert "serving/README.md says where production starts" in lines[0]
        return processes[-1], re.findall(r"\w+://\S+", lines[1])

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_three_commands(workplace, serve):
    assert [command[0] for command in COMMANDS] == ["export", "serve", "predict"]
    export, server, predict = COMMANDS
    assert "person-demo" in export
    export = ["small" if word == "person-demo" else word for word in export]
    assert main([*export, "--name", "person-demo"]) == 0  # the model that `predict` asks for
    write_toy(workplace / "models")
    process, addresses = serve(server)
    assert main([*predict, "--server", addresses[0]]) == 0
    assert read_image(predict[predict.index("--output") + 1]).shape == (64, 48, 3)
    _end_answers(process, addresses, workplace)


def test_both_readmes_begin_alike():
    assert first_commands(TOP_README.split("\n## Serving\n")[1]) == COMMANDS


def _end_answers(process: subprocess.Popen, addresses: list[str], folder: Path) -> None:
    """SIGTERM while requests are under way, over REST and over gRPC: they are answered, then the process ends."""
    assert [address.split(":")[0] for address in addresses] == ["http", "grpc"]
    files = [folder / f"held{index}" for index in range(2)]
    with ThreadPoolExecutor(2) as threads:
        futures = list(map(threads.submit, [_hold] * 2, addresses, files))
        for file, future in zip(files, futures, strict=True):
            wait_until(lambda file=file, future=future: file.exists() or future.done())
        process.send_signal(signal.SIGTERM)
        assert "Answering what has been asked" in process.stdout.readline()
        assert not any(future.done() for future in futures)
        for file in files:  # both before either answer: they may have been merged
            file.unlink()
        assert [future.result() for future in futures] == [0, 0]
    assert process.wait(LONG) == 0


def _hold(address: str, file: Path) -> int:
    with ServingClient(address, "toy", seconds=LONG) as client:
        return client.predict("hold", {"file_bytes": np.array([bytes(file)], object)})["left"].item()


def test_commands_that_are_shown_exist():
    shown = {shlex.split(command)[3] for command in re.findall(r"^python -m serving .*$", README, re.MULTILINE)}
    assert shown >= {"export", "serve", "predict", "load", "config"}
    for command in shown:
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert [link for link in links if not (FOLDER / link).exists()] == []
