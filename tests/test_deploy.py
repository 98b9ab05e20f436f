"""The files of ``deploy/``: valid by the published schemas, whole in themselves, and of this version of the project."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from pipeline.seeds import load_specification

DEPLOY = Path(__file__).parents[1] / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()) if one]


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in objects if one["kind"] == kind]


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one["spec"]["template"] for one in objects if "template" in one.get("spec", {})}


def test_compose_is_valid_by_the_specification_of_compose(compose: dict[str, Any]) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**compose, "servces": {}}, json.loads(schema.read_text()))


def test_compose_names_only_what_it_has_and_gives_keys_to_the_build_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).is_file(), volume
    assert [name for name, one in services.items() if "VLLM_API_KEY" in one.get("environment", {})] == [
        "vllm-generator",
        "vllm-judge",
        "build",
    ]
    text = (DEPLOY / "compose.yaml").read_text()
    assert not re.search(r"(PASSWORD|KEY|TOKEN): (?!\$\{)\S", text), "a secret stands in the file"


def test_each_object_is_valid_by_the_schema_of_kubernetes(objects: list[dict[str, Any]]) -> None:
    for one in objects:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    wrong = {**objects[0], "kind": "ConfigMap", "dat": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_services_policies_and_volumes_reach_something(objects: list[dict[str, Any]]) -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pods(objects).items()}
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "Deployment")]
    for policy in of_kind(objects, "NetworkPolicy"):
        selectors.append(policy["spec"]["podSelector"]["matchLabels"])
        selectors += [each["podSelector"]["matchLabels"] for rule in policy["spec"]["ingress"] for each in rule["from"]]
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels.values()), selector
    claims = {one["metadata"]["name"] for one in of_kind(objects, "PersistentVolumeClaim")}
    for template in pods(objects).values():
        volumes = {one["name"]: one for one in template["spec"].get("volumes", ())}
        named = {
            one["persistentVolumeClaim"]["claimName"] for one in volumes.values() if "persistentVolumeClaim" in one
        }
        assert named <= claims
        for container in template["spec"]["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= set(volumes)
    told = (DEPLOY / "kubernetes.yaml").read_text()
    for reference in re.findall(r"(?:secretRef|configMap): \{name: ([\w-]+)\}", told):
        assert re.search(rf"kubectl create (?:configmap|secret generic) {reference} ", told), reference


def test_the_specification_loads_and_its_hosts_are_services(
    compose: dict[str, Any], objects: list[dict[str, Any]]
) -> None:
    specification = load_specification(DEPLOY / "specification.yaml")
    run, models = specification.run, specification.models
    assert run.tasks == "dask"
    assert run.storage is not None
    hosts = re.findall(r"//([\w-]+):", f"{run.address} //{run.gateway} {models.model_dump_json()}")
    assert len(set(hosts)) == 4
    assert set(hosts) <= set(compose["services"])
    served = {
        f"{one['metadata']['name']}:{port['port']}"
        for one in of_kind(objects, "Service")
        for port in one["spec"]["ports"]
    }
    assert {str(run.gateway), str(run.address).removeprefix("tcp://")} == served
    asked = [command for name in ("vllm-generator", "vllm-judge") for command in compose["services"][name]["command"]]
    assert {models.generator.model, models.judge.model} <= set(asked)


def test_the_image_installs_extras_that_there_are_and_copies_what_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    (extras,) = re.findall(r"\.\[([\w,]+)\]", text)
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (DEPLOY.parent / source).exists(), source
