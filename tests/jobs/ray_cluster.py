"""A Ray cluster of several nodes on this machine, in a process of its own, whose parts can be killed by their ids.

Run as a script it starts the cluster, prints its address and the process ids of its nodes as a line of JSON, and stops
what it started when its standard input ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRIES = 3
# A node may take long to start on a busy machine; Ray's own patience is half a minute.
ENVIRONMENT = {"RAY_AUTH_MODE": "disabled", "RAY_raylet_start_wait_time_s": "120", "PYTHONWARNINGS": "ignore"}


class RayCluster:
    """A running cluster of one-processor nodes: its address, and the process ids of each node, the head first."""

    def __init__(self, nodes: int) -> None:
        self._count = nodes
        self._start(0)

    def _start(self, port: int) -> None:
        """On a busy machine a node may not answer in time: another try, as an operator would."""
        for tries_left in reversed(range(TRIES)):
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self._count), str(port)],
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            if line:
                break
            complaint = self._process.communicate()[1]
            assert tries_left, complaint
        told = json.loads(line)
        self.address: str = told["address"]
        self.nodes: list[dict[str, int]] = told["nodes"]

    def stop(self) -> None:
        """End every process of it that is left."""
        self._process.communicate(input="", timeout=90)

    def restart(self) -> None:
        """Everything anew at the same address."""
        self.stop()
        self._start(int(self.address.rpartition(":")[2]))

    def workers(self, node: int) -> list[int]:
        """Ids of the worker processes of a node that compute something or wait to; its agents are not among them."""
        names = ("ray::_task", "ray::IDLE")
        return [pid for pid in children(self.nodes[node]["raylet"]) if command_line(pid).startswith(names)]


def children(parent: int) -> list[int]:
    """Process ids of a process's children."""
    try:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def command_line(pid: int) -> str:
    """A process's command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def ray_cluster(nodes: int = 3) -> Iterator[RayCluster]:
    """A cluster of that many nodes, stopped at the end by its handles."""
    cluster = RayCluster(nodes)
    try:
        yield cluster
    finally:
        cluster.stop()


def _started(nodes: int, port: int) -> Any:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False, "gcs_server_port": port or None}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1)
    return cluster


def _ids(node: Any) -> dict[str, int]:
    return {name: found[0].process.pid for name, found in node.all_processes.items()}


def _tell(cluster: Any) -> None:
    nodes = [cluster.head_node, *sorted(cluster.worker_nodes, key=lambda node: node.node_id)]
    print(json.dumps({"address": cluster.address, "nodes": [_ids(node) for node in nodes]}), flush=True)


def main(nodes: int, port: int) -> None:
    """Start, tell, stop."""
    cluster = _started(nodes, port)
    _tell(cluster)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
