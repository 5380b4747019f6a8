"""The files of `deploy/`, validated as far as it can be without a cloud, and against what the project pins."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.sweep import SweepSpec
from jobs.cluster import NOT_SHIPPED
from jobs.sweep_file import read_sweep
from tests.jobs.sweep_cases import ROOT

DEPLOY = ROOT / "deploy"
HOME = "/home/ray"
RAY_VERSION = re.search(r"^ray\[default\]==(.+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)


def pinned() -> str:
    """The version of Ray the project pins."""
    assert RAY_VERSION is not None
    return RAY_VERSION[1]


class Strict(BaseModel):
    """Of our own description of the fields of KubeRay's v1 resources that the project uses; others are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti)?$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]


class Resources(Strict):
    limits: dict[Literal["cpu", "memory"], Quantity]
    requests: dict[Literal["cpu", "memory"], Quantity]


class Port(Strict):
    containerPort: int = Field(ge=1, le=65535)
    name: Name


class Variable(Strict):
    name: str
    value: str


class SecretName(Strict):
    name: Name


class FromSecret(Strict):
    secretRef: SecretName


class Mount(Strict):
    name: Name
    mountPath: str = Field(pattern="^/")


class Container(Strict):
    name: Name
    image: str
    resources: Resources
    env: list[Variable] = []
    envFrom: list[FromSecret] = []
    ports: list[Port] = []
    volumeMounts: list[Mount] = []


class Volume(Strict):
    name: Name
    configMap: SecretName


class PodSpec(Strict):
    containers: list[Container] = Field(min_length=1)
    volumes: list[Volume] = []


class Template(Strict):
    spec: PodSpec


class Head(Strict):
    serviceType: Literal["ClusterIP"]
    rayStartParams: dict[str, str]
    template: Template


class Workers(Strict):
    groupName: Name
    replicas: int = Field(ge=0)
    minReplicas: int = Field(ge=0)
    maxReplicas: int = Field(ge=1)
    rayStartParams: dict[str, str]
    template: Template

    @model_validator(mode="after")
    def _in_order(self) -> "Workers":
        assert self.minReplicas <= self.replicas <= self.maxReplicas
        return self


class Authentication(Strict):
    mode: Literal["token"]


class RayClusterSpec(Strict):
    rayVersion: str
    authOptions: Authentication
    headGroupSpec: Head
    workerGroupSpecs: list[Workers]


class RayJobSpec(Strict):
    entrypoint: str
    shutdownAfterJobFinishes: bool
    ttlSecondsAfterFinished: int = Field(ge=0)
    backoffLimit: int = Field(ge=0)
    rayClusterSpec: RayClusterSpec


class Metadata(Strict):
    name: Name


class RayJob(Strict):
    apiVersion: Literal["ray.io/v1"]
    kind: Literal["RayJob"]
    metadata: Metadata
    spec: RayJobSpec


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "rayjob.yaml").read_text()))


def test_ray_itself_takes_the_cluster_file() -> None:
    """Defaults filled in and checked by the functions `ray up` calls, in a process of its own."""
    code = (
        "import json, sys, yaml\n"
        "from ray.autoscaler._private.util import prepare_config, validate_config\n"
        "from ray.autoscaler._private.providers import _get_node_provider_cls\n"
        "config = yaml.safe_load(open(sys.argv[1])); config = prepare_config(config); validate_config(config)\n"
        "cls = _get_node_provider_cls(config['provider'])\n"
        "print(json.dumps(sorted(config['available_node_types'])))\n"
    )
    asked = [sys.executable, "-W", "ignore", "-c", code, str(DEPLOY / "cluster.yaml")]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["local.cluster.node"]


def test_the_cluster_file_keeps_secrets_home_and_the_dashboard_on_loopback() -> None:
    config = yaml.safe_load((DEPLOY / "cluster.yaml").read_text())
    assert {".git", ".venv", ".env", ".streamlit/secrets.toml"} <= set(config["rsync_exclude"])
    assert {".env", ".streamlit/secrets.toml", ".workbench", "tests"} <= set(NOT_SHIPPED)
    head, worker = config["head_start_ray_commands"][-1], config["worker_start_ray_commands"][-1]
    assert "RAY_AUTH_MODE=token" in head
    assert "RAY_AUTH_MODE=token" in worker
    assert "--dashboard-host=127.0.0.1" in head
    assert config["min_workers"] == config["max_workers"] == len(config["provider"]["worker_ips"])


def test_the_ray_job_has_the_fields_of_its_kind(resources: list[dict[str, Any]]) -> None:
    sweep, job = resources
    assert (sweep["apiVersion"], sweep["kind"]) == ("v1", "ConfigMap")
    checked = RayJob.model_validate(job)
    cluster = checked.spec.rayClusterSpec
    assert cluster.rayVersion == pinned()
    pod = cluster.headGroupSpec.template.spec
    assert {mount.name for c in pod.containers for mount in c.volumeMounts} == {v.name for v in pod.volumes}
    assert [v.configMap.name for v in pod.volumes] == [sweep["metadata"]["name"]]


def test_the_ray_job_runs_a_command_and_a_sweep_that_exist(resources: list[dict[str, Any]], tmp_path: Path) -> None:
    sweep, job = resources
    words = shlex.split(job["spec"]["entrypoint"])
    mount = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]
    assert words[:4] == ["python", "-m", "jobs", "sweep"]
    assert words[4] == f"{mount['mountPath']}/{next(iter(sweep['data']))}"
    file = tmp_path / "sweep.yaml"
    file.write_text(sweep["data"]["sweep.yaml"])
    spec = read_sweep(file)
    assert isinstance(spec, SweepSpec)
    assert spec.size() == 4096
    done = subprocess.run([sys.executable, "-m", "jobs", "sweep", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert all(flag in done.stdout for flag in words if flag.startswith("--"))


def container_steps() -> list[tuple[str, str]]:
    """Instruction and text of each step of the container file."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]  # type: ignore[misc]


def test_the_container_starts_from_the_pinned_ray_and_python() -> None:
    steps = dict(container_steps())
    assert steps["FROM"] == f"rayproject/ray:{pinned()}-py{sys.version_info.major}{sys.version_info.minor}-cpu"
    assert json.loads(steps["CMD"])[:4] == ["python", "-m", "streamlit", "run"]
    assert "--server.address" in steps["CMD"]


def test_the_container_steps_work_in_an_empty_folder(tmp_path: Path) -> None:
    """COPY and RUN as they stand, with the container's home at a temporary folder and a fresh Python in front."""
    home, folder = tmp_path / "home", tmp_path
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    ours = ("PYTHON", "VIRTUAL_ENV", "RAY_", "WORKBENCH_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["PATH"] = f"{tmp_path / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for instruction, text in container_steps():
        here = text.replace(HOME, str(home))
        if instruction == "WORKDIR":
            folder = Path(here)
            folder.mkdir(parents=True)
        elif instruction == "ENV":
            environment |= dict(pair.split("=", 1) for pair in shlex.split(here))
        elif instruction == "COPY":
            copy(folder, *here.split())
        elif instruction == "RUN":
            ran = subprocess.run(
                ["bash", "-ec", here], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{here}: {ran.stderr[-2000:]}"
    asked = [*("python", "-c"), "import streamlit, ray, views.overview, jobs; print(ray.__version__)"]
    found = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert found.stdout.strip() == pinned(), found.stderr[-2000:]


def copy(folder: Path, *names: str) -> None:
    """COPY, from the project to the folder."""
    *sources, target = names
    for source in sources:
        there = folder / target / source if target == "./" else folder / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / source, there)
