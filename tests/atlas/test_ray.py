"""Atlases on a real Ray: two nodes on this machine, of which one dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from ray.cluster_utils import Cluster

from filterviz_widget import Atlas
from tests.atlas.conftest import contents
from tests.atlas.in_scripts import shards, until
from tests.atlas.test_workers import REPOSITORY

DRIVER = """
import sys
from tests.atlas.in_scripts import make
if __name__ == "__main__":
    make(sys.argv[1], workers=None, ray=sys.argv[2])
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes of one core each. What they start finds the tests' modules."""
    environment = pytest.MonkeyPatch()
    environment.setenv("PYTHONPATH", str(REPOSITORY))
    environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
    environment.setenv("RAY_memory_monitor_refresh_ms", "0")  # other tests may take the memory that it watches
    # Of this machine alone; for 127.0.0.1 Ray would take the machine's own address.
    local = {"num_cpus": 1, "node_ip_address": "127.0.0.2", "object_store_memory": 100_000_000}
    made = Cluster(initialize_head=True, head_node_args={**local, "include_dashboard": False})
    made.add_node(**local)
    made.wait_for_nodes()
    yield made
    made.shutdown()
    environment.undo()


def started(folder: Path, cluster: Cluster) -> subprocess.Popen[bytes]:
    script = folder.parent / "driver.py"
    script.write_text(DRIVER)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, str(script), str(folder), cluster.address], env=environment)


def ray_workers() -> list[psutil.Process]:
    """Processes that have a task in hand: Ray says so in their names."""
    busy = []
    for each in psutil.process_iter():
        try:
            if each.cmdline()[:1] == ["ray::_run"]:
                busy.append(each)
        except psutil.Error:
            continue
    return busy


def test_a_driver_a_worker_and_a_node_die_and_the_atlas_is_what_a_process_makes(
    cluster: Cluster, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "atlas"
    process = started(folder, cluster)
    until(lambda: shards(folder), 180)
    process.kill()
    process.wait(10)
    done = {path: path.stat().st_mtime_ns for path in shards(folder)}
    assert len(done) < 5

    again = started(folder, cluster)
    os.kill(until(ray_workers, 180)[0].pid, signal.SIGKILL)
    node = next(each for each in cluster.worker_nodes)
    cluster.remove_node(node, allow_graceful=False)
    assert again.wait(280) == 0
    assert Atlas.open(folder).made == 103
    assert {path: path.stat().st_mtime_ns for path in done} == done, "nothing that was finished is made twice"
    assert contents(folder) == whole
