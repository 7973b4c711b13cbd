"""The files that a server is started with: read by the messages and readers of those who use them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

import serving

yaml = pytest.importorskip("yaml")
FOLDER = Path(serving.__file__).parent / "deployment"
README = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
Field = descriptor_pb2.FieldDescriptorProto


def message(name: str, **fields: tuple):
    """A message of (number, type) or (number, type, repeated or message's name) by name.

    tensorflow-serving-api leaves these out; the fields are those of tensorflow_serving/config/*.proto and
    servables/tensorflow/session_bundle_config.proto.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", syntax="proto3", package="test")
    file.dependency.append("google/protobuf/wrappers.proto")
    entry = file.message_type.add(name=name)
    for key, (number, kind, *more) in fields.items():
        label = Field.LABEL_REPEATED if more == ["repeated"] else Field.LABEL_OPTIONAL
        field = entry.field.add(name=key, number=number, type=kind, label=label)
        if kind == Field.TYPE_MESSAGE:
            field.type_name = more[0]
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"test.{name}"))()


def read(path: str, into):
    return text_format.Parse((FOLDER / path).read_text(), into)


def documents(path: str) -> list:
    return list(yaml.safe_load_all((FOLDER / path).read_text()))


def compose_service() -> dict:
    return documents("docker-compose.yml")[0]["services"]["tensorflow-serving"]


def kubernetes() -> dict[str, dict]:
    """The objects by kind and name."""
    paths = ("deployment", "service", "autoscaler")
    everything = [entry for path in paths for entry in documents(f"kubernetes/{path}.yaml")]
    return {f"{entry['kind']}/{entry['metadata']['name']}": entry for entry in everything}


def container() -> dict:
    return kubernetes()["Deployment/gfla-serving"]["spec"]["template"]["spec"]["containers"][0]


def test_batching_parameters():
    whole, number = (Field.TYPE_MESSAGE, ".google.protobuf.Int64Value"), Field.TYPE_INT64
    parameters = read(
        "batching_parameters.txt",
        message(
            "BatchingParameters",
            max_batch_size=(1, *whole),
            batch_timeout_micros=(2, *whole),
            max_enqueued_batches=(3, *whole),
            num_batch_threads=(4, *whole),
            thread_pool_name=(5, Field.TYPE_MESSAGE, ".google.protobuf.StringValue"),
            allowed_batch_sizes=(6, number, "repeated"),
            pad_variable_length_inputs=(7, Field.TYPE_BOOL),
        ),
    )
    sizes = list(parameters.allowed_batch_sizes)
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 1
    assert sizes[-1] == parameters.max_batch_size.value
    assert parameters.max_enqueued_batches.value > 0
    assert not parameters.pad_variable_length_inputs


def test_monitoring():
    inner = message("PrometheusConfig", enable=(1, Field.TYPE_BOOL), path=(2, Field.TYPE_STRING))
    text = (FOLDER / "monitoring.config").read_text()
    body = re.search(r"prometheus_config \{(.*)\}", text, re.DOTALL).group(1)
    config = text_format.Parse(body, inner)
    assert config.enable
    annotations = kubernetes()["Deployment/gfla-serving"]["spec"]["template"]["metadata"]["annotations"]
    assert config.path == annotations["prometheus.io/path"]


def test_tls():
    config = read(
        "ssl.config",
        message(
            "SSLConfig",
            server_key=(1, Field.TYPE_STRING),
            server_cert=(2, Field.TYPE_STRING),
            custom_ca=(3, Field.TYPE_STRING),
            client_verify=(4, Field.TYPE_BOOL),
        ),
    )
    assert config.server_key.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert config.server_cert.endswith("-----END CERTIFICATE-----\n")


def test_the_image_is_pinned_and_the_same():
    images = {compose_service()["image"], container()["image"]}
    assert len(images) == 1
    (image,) = images
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", image)
    assert f"Both manifests pin `{image}`" in README


def test_what_is_exported_here_with_a_newer_tensorflow_is_said():
    """A server older than the TensorFlow that exports is outside of what TensorFlow promises."""
    server, ours = (
        tuple(map(int, version.split(".")[:2])) for version in (container()["image"].split(":")[1], tf.__version__)
    )
    if ours > server:
        newer = ".".join(map(str, ours))
        assert f"made with TensorFlow {newer} is newer than that server" in " ".join(README.split())
        for path in ("docker-compose.yml", "kubernetes/deployment.yaml"):
            assert f"Older than TensorFlow {newer}" in (FOLDER / path).read_text()


def test_both_start_the_server_alike():
    options = compose_service()["command"]
    assert options == container()["args"]
    assert {option.split("=")[0] for option in options} >= {"--model_config_file", "--enable_batching"}
    mounted = {volume.split(":")[-2] for volume in compose_service()["volumes"] if "/config/" in volume}
    named = {option.split("=")[1] for option in options if "=/config/" in option}
    assert mounted == named
    assert all((FOLDER / Path(path).name).is_file() for path in named)


def test_nobody_else_can_connect_to_compose():
    assert all(port.startswith("127.0.0.1:") for port in compose_service()["ports"])


def test_kubernetes_objects_belong_together():
    objects = kubernetes()
    deployment = objects["Deployment/gfla-serving"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert ports == {"grpc": 8500, "http": 8501}
    for kind, entry in objects.items():
        if kind.startswith("Service/"):
            assert entry["spec"]["selector"].items() <= labels.items()
            assert {port["targetPort"] for port in entry["spec"]["ports"]} <= ports.keys()
    scaler = objects["HorizontalPodAutoscaler/gfla-serving"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == "gfla-serving"
    assert scaler["minReplicas"] <= deployment["replicas"] <= scaler["maxReplicas"]
    volumes = {volume["name"] for volume in deployment["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == volumes


def test_readiness_asks_for_the_models_status():
    command = container()["readinessProbe"]["exec"]["command"][-1]
    assert "/v1/models/%s/labels/stable" in command
    assert '"AVAILABLE"' in command
    assert container()["env"] == [{"name": "MODEL", "value": "person-demo"}]


def test_pods_end_after_their_requests():
    specification = kubernetes()["Deployment/gfla-serving"]["spec"]["template"]["spec"]
    (timeout,) = (int(arg.split("=")[1]) for arg in container()["args"] if arg.startswith("--rest_api_timeout_in_ms"))
    pause = int(container()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert specification["terminationGracePeriodSeconds"] >= pause + timeout / 1000


def test_kustomization_names_files_that_are_there():
    (kustomization,) = documents("kubernetes/kustomization.yaml")
    named = [*kustomization["resources"], *kustomization["configMapGenerator"][0]["files"]]
    assert all((FOLDER / "kubernetes" / path).is_file() for path in named)
    volumes = kubernetes()["Deployment/gfla-serving"]["spec"]["template"]["spec"]["volumes"]
    assert kustomization["configMapGenerator"][0]["name"] in [
        volume["configMap"]["name"] for volume in volumes if "configMap" in volume
    ]
