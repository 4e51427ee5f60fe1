"""How much memory there is, and what is refused before it would end the process."""

import resource
import subprocess
import sys

import keras
import pytest

from filterviz_widget.engine import memory
from filterviz_widget.engine.memory import most_together
from filterviz_widget.model import read_model
from tests.networks import small_network


def test_less_memory_and_larger_pictures_mean_fewer_together(monkeypatch):
    view = read_model(keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3)))
    counts = []
    for free in (16e9, 2e9, 1e6):
        monkeypatch.setattr(memory, "free", lambda free=free: free)
        counts.append(most_together(view, "Conv_1"))
    assert 64 > counts[0] > counts[1] > counts[2] == 1
    assert most_together(view, "Conv1") >= counts[-1]


def test_what_a_container_allows_counts_and_not_what_its_machine_has(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("1000000000\n")
    real = memory.Path

    def found(*parts):
        return real(tmp_path, *parts[1:]) if parts[0] == "/sys/fs/cgroup" else real(*parts)

    monkeypatch.setattr(memory, "Path", found)
    assert memory.free() <= 2e9
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free() > 2e9


def test_an_image_that_is_too_large_is_refused_with_a_size_that_fits(monkeypatch):
    view = read_model(small_network(size=None), image_size=2048)
    wanted = memory.needed(view, "second", (2048, 2048))
    monkeypatch.setattr(memory, "free", lambda: wanted / 20)
    with pytest.raises(MemoryError, match=r"2048 x 2048 pixels takes some .* GB .* Try image_size=\((\d+), ") as caught:
        memory.check(view, "second", (2048, 2048), 1)
    side = int(str(caught.value).partition("image_size=(")[2].partition(",")[0])
    memory.check(view, "second", (side, side), 1)
    assert side > 400


LIMITED = """
import resource
import keras
from filterviz_widget import FilterExplorer
model = keras.applications.VGG16(weights=None, include_top=False)
explorer = FilterExplorer(model, layer="block1_conv1", image_size=64, input_range=(0, 1), precision="float32")
explorer.wait(60)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 700_000_000, resource.RLIM_INFINITY))
large = FilterExplorer(model, layer="block5_conv3", image_size=2048, input_range=(0, 1), precision="float32")
try:
    large.wait(60)
except RuntimeError as error:
    print(large.status, error)
explorer.filter = 3
print(explorer.wait(60).description.filter)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS") or sys.platform != "linux", reason="reads /proc")
def test_under_a_limit_too_large_an_image_is_said_to_be_and_the_next_picture_comes():
    made = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    assert "error There is too little memory for layer block5_conv3" in made.stdout
    assert made.stdout.rstrip().endswith("3")
