"""The files of `deploy/`, validated as far as it can be without a cloud, and against what the project pins."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import pytest
import yaml
from docker.utils.build import PatternMatcher
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.sweep import SweepSpec
from jobs.cluster import NOT_SHIPPED
from jobs.sweep_file import read_sweep
from tests.jobs.sweep_cases import ROOT
from tests.jobs.test_jobs_api import free_ports

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "cluster.md").read_text()
HOME = "/home/ray"
PYTHON = "3.11"  # of the image and the machines, whatever runs these tests
STORE_VARIABLES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"}
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


@pytest.mark.parametrize("kind", ["head", "worker"])
@pytest.mark.parametrize("credentials", [True, False])
def test_the_start_commands_give_ray_what_it_needs(tmp_path: Path, kind: str, credentials: bool) -> None:
    """The shell of each, as the launcher wraps it, with a stand-in for `ray` that writes down its environment."""
    config = yaml.safe_load((DEPLOY / "cluster.yaml").read_text())
    ray = tmp_path / "workbench-venv" / "bin" / "ray"
    ray.parent.mkdir(parents=True)
    ray.write_text('#!/bin/sh\nenv -0 > "$HOME/seen"\necho "$@" > "$HOME/asked"\n')
    ray.chmod(0o755)
    if credentials:
        (tmp_path / ".workbench.env").write_text("AWS_ACCESS_KEY_ID=key\nAWS_SECRET_ACCESS_KEY=a/b+c=\n")
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "RAY_HEAD_IP": "192.0.2.10"}
    for command in config[f"{kind}_start_ray_commands"]:
        subprocess.run(["bash", "-ec", f"true && ({command})"], env=environment, check=True)
    seen = dict(pair.split("=", 1) for pair in (tmp_path / "seen").read_text().split("\0") if pair)
    assert (tmp_path / "asked").read_text().split()[0] == "start"
    assert (seen["RAY_AUTH_MODE"], seen["PYTHONPATH"]) == ("token", f"{tmp_path}/workbench")
    found = {name: value for name, value in seen.items() if name.startswith("AWS_")}
    given = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "a/b+c="}
    assert found == (given if credentials and kind == "head" else {})


def test_one_python_is_deployed_and_the_page_says_how_to_get_it() -> None:
    setup = yaml.safe_load((DEPLOY / "cluster.yaml").read_text())["setup_commands"]
    assert any(f"|| python{PYTHON} -m venv" in command for command in setup)
    assert f"make PYTHON=python{PYTHON} .venv/app.stamp" in PAGE
    assert f"**Python {PYTHON}**" in PAGE


def test_the_page_gives_a_sweep_that_is_read(tmp_path: Path) -> None:
    found = re.search(r"^cat > sweep.yaml <<'END'\n(.*?)^END$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    (tmp_path / "sweep.yaml").write_text(found[1])
    assert read_sweep(tmp_path / "sweep.yaml").size() == 10_000


def test_the_page_and_the_ray_job_name_the_stores_variables() -> None:
    job = (DEPLOY / "rayjob.yaml").read_text()
    for text in (PAGE, job):
        assert set(re.findall(r"AWS_[A-Z_]+", text)) >= STORE_VARIABLES


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
    tag = f"py{PYTHON.replace('.', '')}-cpu"
    assert dict(container_steps())["FROM"] == f"rayproject/ray:{pinned()}-{tag}"


SECRETS = [".env", ".workbench.env", ".streamlit/secrets.toml", ".git/config", ".venv/bin/python", "jobs/.env"]
NOT_BUILT = [*SECRETS, ".workbench/store/runs/x/spec.json", "tests/conftest.py", "engine/__pycache__/npv.pyc"]


@pytest.mark.parametrize("name", [*NOT_BUILT, "new-folder/new-file", "data/deeper/.env", "jobs/secrets.toml"])
def test_secrets_and_what_is_not_copied_never_reach_a_build(name: str) -> None:
    assert not reaches_a_build(name)


def reaches_a_build(name: str) -> bool:
    """Whether a file of the project is part of a build's context, by the matcher of Docker's own client."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return not PatternMatcher([line for line in lines if line and not line.startswith("#")]).matches(name)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Folder and environment after COPY and RUN as they stand, in a temporary home, with a fresh Python in front."""
    top = tmp_path_factory.mktemp("container")
    home, folder = top / "home", top
    subprocess.run([sys.executable, "-m", "venv", str(top / "python")], check=True)
    ours = ("PYTHON", "VIRTUAL_ENV", "RAY_", "WORKBENCH_", "STREAMLIT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["PATH"] = f"{top / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
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
    return folder, environment


def copy(folder: Path, *names: str) -> None:
    """COPY, from what of the project reaches a build, to the folder."""
    *sources, target = names
    for source in sources:
        there = folder / target / source if target == "./" else folder / target
        found = [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*"))
        for file in (file for file in found if file.is_file() and reaches_a_build(str(file.relative_to(ROOT)))):
            to = there / file.relative_to(ROOT / source)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
        assert there.exists(), f".dockerignore keeps {source} out"


def test_the_container_steps_work_in_an_empty_folder(container: tuple[Path, dict[str, str]]) -> None:
    folder, environment = container
    asked = [*("python", "-c"), "import streamlit, ray, views.overview, jobs; print(ray.__version__)"]
    found = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert found.stdout.strip() == pinned(), found.stderr[-2000:]


def test_the_app_of_the_container_is_reached_from_outside_it(container: tuple[Path, dict[str, str]]) -> None:
    """Its command as it stands but for the port: it listens on every address, and the page maps it to loopback."""
    folder, environment = container
    (port,) = free_ports(1)
    command = json.loads(dict(container_steps())["CMD"])
    app = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "STREAMLIT_SERVER_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        answer = healthy(port, app)
        assert answer == "ok"
        assert listening(port) == {"00000000"}
    finally:
        app.terminate()
        app.wait()
    assert "-p 127.0.0.1:8501:8501" in PAGE


def healthy(port: int, app: "subprocess.Popen[bytes]") -> str:
    """The app's word on its health, once it answers."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert app.poll() is None, "the app ended"
        try:
            return httpx.get(f"http://127.0.0.1:{port}/_stcore/health").text
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError("the app never listened")


def listening(port: int) -> set[str]:
    """Addresses, in hexadecimal, at which something listens on the port, by the kernel's own table."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1].split(":")[1], 16) == port}
