"""What a user's mypy sees of the package, in a project of its own: the types of the installed wheel."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.conftest import without_node

RIGHT = """
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from filterviz_widget import (
    PRESETS, Ablation, Atlas, AttentionMaps, Description, FeatureMaps, FilterExplorer, FilterHistory, FilterKernel,
    FilterPicture, Method, Neighbours, ReceptiveField, Strongest, ablate, accentuate, attention_maps, feature_maps,
    filter_kernel, neighbours, plot_kernels, receptive_field, strongest_images, visualize_facets, visualize_filter,
    visualize_layer,
)


def drawn(model: object) -> npt.NDArray[np.uint8]:
    explorer = FilterExplorer(model, layer="conv3", filter=12, method="robust", jitter=8, image_size=(96, 96))
    explorer.filter = np.array([1, 5]).argmax()
    explorer.step_size, explorer.options = 2, {"sign": -1}
    words: str = explorer.layer + explorer.status + explorer.error
    number: int = explorer.filter + explorer.iteration
    panels: list[str] = explorer.panels
    last: FilterPicture | None = explorer.picture
    explorer.observe(lambda change: print(words, number, panels, last), "filter")
    picture: FilterPicture = explorer.wait(timeout=60)
    wanted: Description = picture.description
    axes: Method = wanted.method.replaced(jitter=2)
    print(axes.jitter + 1, PRESETS["robust"].method.blur)
    return picture.image


def made(model: object, images: npt.NDArray[np.uint8]) -> tuple[Figure, Iterator[FilterPicture]]:
    figure: Figure = visualize_filter("model.keras", "conv3", 12, iterations=20, sign=-1, input_range=(0, 1)).plot()
    several: list[FilterPicture] = visualize_facets(model, "conv3", 1, count=3, diversity=0.5, seed=1)
    near: FilterPicture = accentuate(model, "conv3", 1, "cat.jpg", nearness=2.0, image_size=64)
    maps: FeatureMaps = feature_maps(model, "conv3", images[0], preprocess="tf")
    heads: AttentionMaps = attention_maps(model, images[0], "block", query=(1, 2))
    best: Strongest = strongest_images(model, "conv3", images, filters=[1, 2], k=3)
    without: Ablation = ablate(model, "conv3", 1, images, [0, 1], class_names=["cat", "dog"])
    field: ReceptiveField = receptive_field(model, "conv3")
    top, left, bottom, right = field.box((3, 5))
    kernel: FilterKernel = filter_kernel(model, "conv3", 1)
    around: Neighbours = neighbours(model, "conv3", 1, most=4)
    mean: np.float32 = maps.maps.mean() + heads.maps.max() + kernel.values.min()
    print(several[0].facet + top, near, best.indices, without.by_class(), around.next[0].weight, mean, left + right)
    return figure, visualize_layer(model, "conv3", range(4), batch_size="auto", method="natural")


def trained(x: npt.NDArray[np.float32]) -> tuple[int, ...]:
    history = FilterHistory(probe=(x, x), layers=["conv2d_1"], jitter=4)
    plot_kernels(x, scale="filter").savefig("kernels.png")
    atlas: Atlas = Atlas.make("model.keras", "atlas/", images="photos/", rotation=5, data="image")
    print(atlas.made + 1, Atlas.estimate("model.keras", iterations=4).seconds, bottom_up(history))
    return FilterHistory.load("run.h5").epochs + history.epochs


def bottom_up(history: FilterHistory) -> npt.NDArray[np.float32]:
    return history.kernels("conv2d_1")
"""

WRONG = {
    "FilterExplorer(5, filtr=3)": 'Unexpected keyword argument "filtr" for "FilterExplorer"; did you mean "filter"?',
    "FilterExplorer(5, jiter=3)": 'Unexpected keyword argument "jiter"',
    "FilterExplorer(5, layer=3)": 'Argument "layer" to "FilterExplorer" has incompatible type "int"',
    "FilterExplorer(5).filter = 'one'": 'Incompatible types in assignment (expression has type "str"',
    "FilterExplorer(5).layer.colour": '"str" has no attribute "colour"',
    "FilterExplorer(5).wait(60).imge": '"FilterPicture" has no attribute "imge"; maybe "image"?',
    "FilterExplorer(5).picture.image": '"image"',  # it may be None
    "visualize_filter(5, 'conv3')": 'Missing positional argument "filter"',
    "visualize_filter(5, 'conv3', 1).imge": '"FilterPicture" has no attribute "imge"; maybe "image"?',
    "visualize_filter(5, 'conv3', 1, metod='robust')": 'did you mean "method"?',
    "visualize_filter(5, 'conv3', 1, moves='up')": 'Argument "moves"',
    "visualize_layer(5, 'conv3', batch_size='all')": 'Argument "batch_size"',
    "visualize_layer(5, 'conv3')[0]": "not indexable",
    "visualize_facets(5, 'conv3', 1, count='4')": 'Argument "count"',
    "feature_maps(5, 'conv3', 'cat.jpg', jitter=3)": 'Unexpected keyword argument "jitter"',
    "feature_maps(5, 'conv3', 'cat.jpg').map": '"FeatureMaps" has no attribute "map"; maybe "maps"?',
    "attention_maps(5, 'cat.jpg', 'block', query=3)": 'Argument "query"',
    "strongest_images(5, 'conv3', 'photos', by='max')": 'Argument "by"',
    "ablate(5, 'conv3', 1, 'photos', to='half')": 'Argument "to"',
    "accentuate(5, 'conv3', 1, 'cat.jpg', method='robust')": 'Unexpected keyword argument "method"',
    "receptive_field(5, 'conv3').box(3)": 'Argument 1 to "box"',
    "filter_kernel(5, 'conv3', 1).value": '"FilterKernel" has no attribute "value"',
    "neighbours(5, 'conv3', 1).previous[0].wieght": '"Neighbour" has no attribute "wieght"',
    "plot_kernels(5, scale='all')": 'Argument "scale"',
    "Method(jiter=3)": 'Unexpected keyword argument "jiter" for "Method"',
    "Method().jitter = 3": "read-only",
    "FilterHistory(prob=None)": 'Unexpected keyword argument "prob"',
    "FilterHistory(every='2')": 'Argument "every"',
    "FilterHistory().epochs.append(1)": 'has no attribute "append"',
    "Atlas.make(5)": 'Missing positional argument "folder"',
    "Atlas.make(5, 'atlas', workrs=2)": 'Unexpected keyword argument "workrs"',
    "Atlas.open('atlas').fitler('conv3', 1)": '"Atlas" has no attribute "fitler"',
    "filterviz_widget.visualise_filter": "has no attribute",
}


@pytest.fixture(scope="module")
def found(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of the right program, and of each line of a wrong one."""
    project = tmp_path_factory.mktemp("project")
    (project / "right.py").write_text(RIGHT)
    begin = "import filterviz_widget\nfrom filterviz_widget import *\n"
    (project / "wrong.py").write_text(begin + "\n".join(WRONG))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-color-output", "--no-pretty"]
    command += ["--python-executable", str(installed), "--cache-dir", str(project / "cache"), "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=project, env=without_node(project), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr + done.stdout
    said: dict[str, str] = {"right": ""}
    for line in done.stdout.splitlines():
        if match := re.match(r"wrong\.py:(\d+): error: (.*)", line):
            wrong = list(WRONG)[int(match[1]) - 3]
            said[wrong] = said.get(wrong, "") + match[2]
        elif re.match(r"\S+:\d+: (error|note)", line) and not line.startswith("wrong.py"):
            said["right"] += line + "\n"
    return said


def test_a_right_program_passes_strictly(found: dict[str, str]) -> None:
    assert found["right"] == ""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_line_is_found(found: dict[str, str], wrong: str) -> None:
    assert WRONG[wrong] in found.get(wrong, "nothing")
