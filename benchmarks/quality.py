"""How good the pictures are: each preset beside tf-keras-vis' defaults and Lucid's recipe, on two trained networks.

`python -m benchmarks.quality` writes `results/quality.json` and a contact sheet per layer, `results/quality-*.png`.

The definitions are this project's own. The networks are the flower model, 16 filters of each layer at 96 x 96, with a
natural set of 2,000 flowers that it has not seen, `flowers(2000, seed=2)`; and a VGG16 that was trained on photographs,
8 filters of each of three layers at 128 x 128, with 102 crops of photographs. Filters are drawn at random among those
that answer differently to different natural images. The presets were tuned on blocks 2 and 4 of VGG16, which are not
among the layers here. A filter's activation is the mean of its feature map, measured by Keras in float32 on the
picture as it was optimised, for tf-keras-vis as its call returns it: clipped to the range. As that clip alone costs it
much, its pictures before the clip are measured, too. Means and shares are over filters; seed 0, unless two are
compared.

- `R`: the activation over the largest of the natural set, both less the filter's mean over the set: with leaky ReLU
  an activation can be negative or about 0, and a plain quotient then says nothing. R is above 1 exactly where the
  picture excites the filter more than any natural image does, with or without that mean. Median.
- `held under shift`: the mean activation over the moved picture's over the picture's own, again both less the natural
  mean; `plain` is without that. Shift: by 4 and by 8 pixels in each of four directions. Rotation: by 5 and by 10
  degrees either way. Blur: a Gaussian of sigma 1. Scale: to 0.9 and 1.1 of the size. What comes in at the edges is
  reflected. More than 1 says that the picture was not at its best: blur takes away noise that held it down. `R under
  shift` is the R of the moved pictures, which does not reward a low start.
- `rank 1`: share of pictures that excite, of all filters of the layer, theirs the most, when each filter's activation
  is standardised by its mean and standard deviation over the natural set.
- `slope`: of a straight line through the logarithms of the amplitude over the frequency, from .03 to .45 cycles per
  pixel, of the mean of the channels under a Hann window. Median. Best is the natural set's own.
- `clipped`: share of values at or beyond the bounds of the input range.
- `agreement` of seeds 0 and 1: the correlation of their pictures, and of the vectors of standardised activations of
  the whole layer that they cause.
- `dead`: not above the natural mean; `NaN`: any value not finite; `constant`: standard deviation below 1e-6.
- `seconds`: of one picture once all is compiled; of tf-keras-vis and Lucid's recipe by what 15 of their steps take.

Where the aims are missed, and why (`results/quality.json` has the figures):

- R above 1 for 95 % of the filters: on VGG16 for all of blocks 3 and 5 by each preset, but on block1_conv2 for 25 %
  (classic), 75 % (robust) and 50 % (natural). Its filters answer most to areas and edges of full contrast, which
  neither 20 grey levels reach nor the contrast of a photograph. On the flower model for all by classic and robust, by
  natural for 69 % in conv1 and conv2, and nearly all from there on.
- Rank 1 in 90 %: 83 % (classic), 89 % (robust) and 84 % (natural) on the flower model, about 30 % on VGG16. Nearly all
  that are beaten are beaten by a filter of less spread over the natural set, which what is unlike a photograph drives
  farther beyond its usual range. Natural images are no better: of those that excite a filter most, 77 % excite it the
  most of all on the flower model, 17 % on VGG16. An objective that punishes the other filters might (not tried), and
  would be another picture.
- `robust` at least as good as tf-keras-vis and Lucid's recipe: on VGG16 it is in every row, in a thirty-sixth and a
  sixtieth of their time, but for the agreement of activations (of Lucid's pictures 37 % are grey, not opened, and two
  grey pictures agree) and, beside tf-keras-vis, that of pictures and the slope, by 0.06. On the flower model, which no
  contrast can impress as it standardises its input, it trades strength: 512 steps with smaller moves reach an R of 3.0,
  its 30 with larger ones 2.4, hold more of it, and take a twentieth of the time.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality_figures import Natural, agreement, measured, slope, summary
from benchmarks.quality_methods import LUCID, METHODS, THEIRS, UNCLIPPED, check_batch, pictures, seconds
from benchmarks.quality_networks import LAYERS, Judged, judged
from benchmarks.quality_sheets import draw_sheet
from filterviz_widget.description.presets import PRESETS

RESULTS = Path(__file__).with_name("results")

BEST: dict[str, float] = {
    "R": np.inf,
    "R above 1": 1,
    "held under shift": np.inf,
    "held under rotation": np.inf,
    "held under blur": np.inf,
    "held under scale": np.inf,
    "at least 0.8 held under shift and rotation": 1,
    "R under shift": np.inf,
    "R under rotation": np.inf,
    "R under blur": np.inf,
    "R under scale": np.inf,
    "rank 1": 1,
    "clipped": 0,
    "agreement of pictures": 1,
    "agreement of activations": 1,
    "dead": 0,
    "NaN": 0,
    "constant": 0,
    "seconds": 0,
}
"""The figures in which methods are compared, and the best that each can be; of `slope` it is the natural set's own."""


def measure_layer(network: Judged, layer: str) -> tuple[dict[str, Any], np.ndarray]:
    """Figures per filter of all methods on one layer, and which filters are first on their strongest natural image."""
    filters = network.filters(layer)
    natural = Natural.of(network.measure(layer, network.natural))
    found, shown = {}, {}
    for method in METHODS:
        first, second = (pictures(method, network, layer, filters, seed) for seed in (0, 1))

        def measure(images: np.ndarray) -> np.ndarray:
            return network.measure(layer, images)

        found[method] = measured(first.raw, filters, measure, natural)
        found[method] |= agreement(first.raw, second.raw, measure, natural)
        if method != UNCLIPPED:
            shown[method] = first.shown
            took = seconds(method, network, layer, filters[0])
        found[method]["seconds"] = np.full(len(filters), took)
        line = f"{network.name}, {layer}, {method}: R {np.median(found[method]['R']):.2f}, {took:.2f} s"
        print(line, file=sys.stderr, flush=True)
    draw_sheet(shown, filters, RESULTS / f"quality-{network.name.replace(' ', '-')}-{layer}.png")
    return found, natural.first[filters]


def table(numbers: dict[str, dict[str, float]], natural_slope: float) -> str:
    """The figures of all methods as Markdown, one row each; those of all layers together."""
    lines = ["| | " + " | ".join(numbers) + " |", "|---" * (len(numbers) + 1) + "|"]
    for name in next(iter(numbers.values())):
        title = f"{name} (natural {natural_slope:.2f})" if name == "slope" else name
        lines.append(f"| {title} | " + " | ".join(f"{each[name]:.3f}" for each in numbers.values()) + " |")
    return "\n".join(lines)


def worse(numbers: dict[str, dict[str, float]], natural_slope: float) -> dict[str, list[str]]:
    """In which figures a preset is farther from the best than a rival."""
    found = {}
    for preset in PRESETS:
        for theirs in (THEIRS, UNCLIPPED, LUCID):
            names = []
            for name, best in (BEST | {"slope": natural_slope}).items():
                mine, other = numbers[preset][name], numbers[theirs][name]
                if mine < other if best == np.inf else abs(mine - best) > abs(other - best):
                    names.append(f"{name} ({mine:.3f} to {other:.3f})")
            found[f"{preset} than {theirs}"] = names
    return found


def measure_network(name: str) -> dict[str, Any]:
    """Measures all methods on all layers of a network."""
    network = judged(name)
    natural_slope = float(np.median([slope(image) for image in network.natural]))
    layers = {layer: measure_layer(network, layer) for layer in LAYERS[name]}
    everything = {
        method: summary(
            {figure: np.concatenate([found[method][figure] for found, _ in layers.values()]) for figure in figures}
        )
        for method, figures in next(iter(layers.values()))[0].items()
    }
    comparison = worse(everything, natural_slope)
    print(f"\n### {name}\n\n{table(everything, natural_slope)}")
    for pair, names in comparison.items():
        print(f"\nWorse, {pair}: {', '.join(names) or 'nothing'}")
    return {
        "all layers": everything,
        "layers": {
            layer: {method: summary(figures) for method, figures in found.items()}
            for layer, (found, _) in layers.items()
        },
        "worse": comparison,
        "slope of the natural set": natural_slope,
        "rank 1 of the strongest natural images": float(np.concatenate([first for _, first in layers.values()]).mean()),
    }


def main() -> dict[str, Any]:
    """Measures all methods on both networks."""
    warnings.filterwarnings("ignore", "The structure of `inputs`")  # tf-keras-vis calls a model with a list
    RESULTS.mkdir(exist_ok=True)
    return {
        **{name: measure_network(name) for name in LAYERS},
        "version of tf-keras-vis": version("tf-keras-vis"),
        "tf-keras-vis, several filters in one batch": check_batch(judged("flower model"), "conv3"),
    }


if __name__ == "__main__":
    import benchmarks.__main__

    sys.argv[1:] = ["quality"]
    benchmarks.__main__.main()
