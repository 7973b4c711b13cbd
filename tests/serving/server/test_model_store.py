"""Which versions are found, loaded and let go of."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from helpers.development_server import wait_until

from serving.models_config import make_config
from serving.server.model_store import ModelStore, State
from serving.server.routes import ModelSpec
from serving.server.service import Service
from serving.server.wanted import Wanted, wanted_by_config, wanted_in
from serving.server.watcher import Watcher, bring_to
from serving.statuses import Code, ServingError


def load_name(folder: Path) -> str:
    """Instead of a model, its folder's name; version 13 does not load."""
    if folder.name == "13":
        raise ValueError("bad luck")
    return f"{folder.parent.name} {folder.name}"


@pytest.fixture
def store():
    return ModelStore(load_name)


def wanted(*versions: int, **labels: int) -> dict[str, Wanted]:
    return {"toy": Wanted({version: Path(f"toy/{version}") for version in versions}, labels)}


def states(store) -> dict[int, str]:
    return {version: state.state.name for version, state in store.known("toy").items()}


def find(store, **spec) -> str:
    with store.use(ModelSpec("toy", **spec)) as (_, model):
        return model


def test_the_newest_is_found_unless_another_is_asked_for(store):
    bring_to(store, wanted(2, 10, stable=2))
    assert find(store) == "toy 10"
    assert find(store, version=2) == find(store, label="stable") == "toy 2"


def test_a_new_version_takes_over(store):
    bring_to(store, wanted(1))
    bring_to(store, wanted(2))
    assert find(store) == "toy 2"
    assert states(store) == {1: "END", 2: "AVAILABLE"}
    with pytest.raises(ServingError, match=r"Specific\(toy, 1\)"):
        find(store, version=1)
    bring_to(store, wanted(1))  # and back
    assert find(store) == "toy 1"


def test_a_version_that_does_not_load_leaves_the_old_one(store, capsys):
    bring_to(store, wanted(1))
    for _ in range(2):
        bring_to(store, wanted(13))
    assert find(store) == "toy 1"
    (failed, _) = store.states(ModelSpec("toy"))
    assert (failed.version, failed.state, failed.code, failed.message) == (13, State.END, Code.UNKNOWN, "bad luck")
    assert capsys.readouterr().err.count("version 13 failed: bad luck") == 1
    bring_to(store, wanted(1))  # it is taken away, and put there anew
    assert states(store) == {1: "AVAILABLE"}
    bring_to(store, wanted(13))
    assert capsys.readouterr().err.count("version 13 failed: bad luck") == 1


def test_an_old_version_waits_for_its_requests(store):
    bring_to(store, wanted(1))
    with store.use(ModelSpec("toy")) as (version, model):
        thread = threading.Thread(target=bring_to, args=(store, wanted(2)))
        thread.start()
        wait_until(lambda: states(store) == {1: "UNLOADING", 2: "AVAILABLE"})
        assert find(store) == "toy 2"
        assert (version, model) == (1, "toy 1")
        assert states(store)[1] == "UNLOADING"
    thread.join()
    assert states(store) == {1: "END", 2: "AVAILABLE"}


def test_a_model_that_is_taken_away(store):
    bring_to(store, wanted(1))
    bring_to(store, {})
    assert states(store) == {1: "END"}
    with pytest.raises(ServingError, match=r"Latest\(toy\)"):
        find(store)


def test_ready_while_every_model_that_ought_to_be_there_answers(store):
    service = Service(store)
    assert not service.ready()
    both = {**wanted(1), "other": Wanted({13: Path("other/13")})}
    bring_to(store, both)
    assert not service.ready()  # the other one did not load
    bring_to(store, wanted(1))
    assert service.ready()
    bring_to(store, {})
    assert not service.ready()


def test_labels_wait_for_their_version(store):
    bring_to(store, wanted(1, stable=1))
    bring_to(store, wanted(1, 13, stable=13))
    assert find(store, label="stable") == "toy 1"
    bring_to(store, wanted(1))
    with pytest.raises(ServingError, match="Unrecognized servable version label: stable"):
        find(store, label="stable")


def test_the_watcher_survives_an_unreadable_config(store, capsys):
    answers = iter([wanted(1), ValueError("half written"), OSError("no folder")])

    def look():
        answer = next(answers, wanted(2))
        if isinstance(answer, Exception):
            raise answer
        return answer

    watcher = Watcher(store, look, 0.001)
    watcher.start()
    wait_until(lambda: states(store) == {1: "END", 2: "AVAILABLE"})
    watcher.stop()
    said = capsys.readouterr().err
    assert "everything stays as it is: half written" in said
    assert "everything stays as it is: no folder" in said


@pytest.fixture
def root(tmp_path):
    for path in ("person/1", "person/2", "person/10", "motion/3", "empty", ".hidden/1"):
        (tmp_path / path).mkdir(parents=True)
    return tmp_path


def test_wanted_in_a_folder(root):
    assert wanted_in(root) == {
        "person": Wanted({10: root / "person" / "10"}),
        "motion": Wanted({3: root / "motion" / "3"}),
    }
    with pytest.raises(ValueError, match="A folder of models is expected. Received: .*nowhere"):
        wanted_in(root / "nowhere")


def test_a_version_is_loaded_from_the_folder_that_is_there(store, tmp_path):
    """Its name may have zeros before the number, as TensorFlow Serving allows."""
    (tmp_path / "toy" / "00000123").mkdir(parents=True)
    bring_to(store, wanted_in(tmp_path))
    assert find(store, version=123) == "toy 00000123"


def folders(model: Path, *versions: int) -> dict[int, Path]:
    return {version: model / str(version) for version in versions}


def test_wanted_by_config(root):
    path = root / "models.config"
    path.write_text(make_config({"person": [1, 2, 10], "motion": [3]}, canary={"person": 10}, stable={"person": 1}))
    assert wanted_by_config(root, path) == {
        "person": Wanted(folders(root / "person", 1, 2, 10), {"stable": 1, "canary": 10}),
        "motion": Wanted(folders(root / "motion", 3), {"stable": 3}),
    }


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", (10,)),
        ("latest { num_versions: 2 }", (2, 10)),
        ("all {}", (1, 2, 10)),
        ("specific { versions: [2, 9] }", (2,)),
    ],
)
def test_version_policies(root, policy, versions):
    path = root / "models.config"
    policy = policy and f"model_version_policy {{ {policy} }}"
    path.write_text(f'model_config_list {{ config {{ name: "me" base_path: "/models/person" {policy} }} }}')
    assert wanted_by_config(root, path) == {"me": Wanted(folders(root / "person", *versions))}


@pytest.mark.parametrize("text", ["models", 'model_config_list { config { name: "a" } config { name: "a" } }'])
def test_wrong_config(root, text):
    path = root / "models.config"
    path.write_text(text)
    with pytest.raises(ValueError, match="Received: "):
        wanted_by_config(root, path)
    with pytest.raises(ValueError, match="A list of models as TensorFlow Serving reads it is expected"):
        wanted_by_config(root, root / "nowhere")
