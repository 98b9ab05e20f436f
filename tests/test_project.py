"""The project as a whole: the wheel, and what stands in its files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.builds import kit_cells, specification, write_specification

GRANTED = re.compile(r"apache|bsd|mit|mozilla|mpl|psf|python|isc|unlicense|zlib|cc0|public domain|hpnd", re.IGNORECASE)
"""Licences that a distribution under Apache-2.0 may require of its users."""


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, object]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, Requirement]:
    lines = (root / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def test_every_dependency_is_pinned_inside_its_range(project: dict, pins: dict[str, Requirement]) -> None:
    extras = project["optional-dependencies"]
    asked = [
        Requirement(line) for line in [*project["dependencies"], *extras["evaluation"], *extras["dev"], *extras["docs"]]
    ]
    for requirement in asked:
        pin = pins[canonicalize_name(requirement.name)]
        (version,) = [specifier.version for specifier in pin.specifier]
        assert requirement.specifier.contains(version), f"{requirement} and {pin}"


def test_everything_that_a_dependency_requires_is_pinned(project: dict, pins: dict[str, Requirement]) -> None:
    missing, seen = [], set()
    lines = [*project["dependencies"], *project["optional-dependencies"]["evaluation"]]
    waiting = [Requirement(line).name for line in lines]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        if name not in pins and not name.startswith(("nvidia-", "cuda-", "triton")):
            missing.append(name)
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in map(Requirement, required):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    assert missing == []


def test_dependencies_have_licences_that_ours_allows(project: dict) -> None:
    unclear = []
    for line in [*project["dependencies"], *project["optional-dependencies"]["evaluation"]]:
        about = metadata.metadata(Requirement(line).name)
        classifiers = [entry for entry in about.get_all("Classifier") or [] if entry.startswith("License")]
        told = " ".join([about.get("License-Expression") or "", about.get("License") or "", *classifiers])
        if not GRANTED.search(told):
            unclear.append(f"{line}: {told[:80]!r}")
    assert unclear == []


def test_no_file_names_a_package_index(root: Path) -> None:
    files = [root / name for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run")]
    index = re.compile(r"index-url|find-links|trusted-host|https?://\S*(?:pypi|simple)|file://")
    assert [file.name for file in files if index.search(file.read_text())] == []


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(root)]
    subprocess.run(command, check=True, timeout=110, capture_output=True)
    (built,) = folder.glob("impress_bench-*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_the_packages_and_what_people_edit(root: Path, wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in held} - {"pipeline", "flows", "impress"} == {
        name.split("/")[0] for name in held if ".dist-info/" in name
    }
    for kind in ("seeds", "prompts"):
        here = {path.relative_to(root).as_posix() for path in (root / kind).rglob("*.*") if path.is_file()}
        assert {f"pipeline/_data/{path}" for path in here} <= held
    others = {path for path in (root / "pipeline").rglob("*.*") if path.suffix in {".yaml", ".j2", ".css", ".typed"}}
    assert {path.relative_to(root).as_posix() for path in others} <= held


@pytest.mark.slow
def test_installed_wheel_plans_in_another_folder_like_the_checkout(root: Path, wheel: Path, tmp_path: Path) -> None:
    """The libraries are this environment's; our own modules are the wheel's, as the paths they print show."""
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(installed)
    spec = write_specification(elsewhere, specification("http://unused/v1", cells=kit_cells(6)))
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = [sys.executable, "-c", "import pipeline.resources as r; print(r.seeds_dir()); print(r.prompts_dir())"]
    found = subprocess.run(
        where, cwd=elsewhere, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    data = installed.resolve() / "pipeline" / "_data"
    assert found.stdout.splitlines() == [str(data / "seeds"), str(data / "prompts")]

    plan = [sys.executable, "-m", "pipeline.cli", "plan", str(spec), "--json"]
    there = subprocess.run(plan, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=60, check=True)
    here = subprocess.run(plan, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert len(json.loads(there.stdout)["cells"]) == 6
    assert there.stdout == here.stdout
