"""Methods that have names, with the numbers they work well with."""

from typing import Any, NamedTuple

from filterviz_widget.description.method import CLASSIC, Method
from filterviz_widget.description.ranges import short


class Preset(NamedTuple):
    """A method with a name, and the numbers it works well with; `help` says what it is and what it is for."""

    method: Method
    step_size: float
    iterations: int
    help: str


PRESETS = {
    "classic": Preset(
        CLASSIC,
        1.0,
        20,
        "Plain gradient ascent on the pixels, as published: the quickest, and what the filter answers to in every "
        "detail, with patterns that no photograph has",
    ),
    "robust": Preset(
        Method(parameterization="fourier", update="adam", jitter=8.0, scale=0.15, rotation=12.0, octaves=2),
        8.0,
        30,
        "Fourier coefficients under random shifts, scales and rotations: only what still excites the filter when it "
        "moves; for deep layers of trained networks (Olah et al. 2017)",
    ),
    "natural": Preset(
        Method(parameterization="phase", update="adam", jitter=6.0, scale=0.25, rotation=6.0),
        10.0,
        100,
        "Only phases are sought, the magnitudes stay those of photographs: to be shown beside a photograph, with its "
        "contrast and its frequencies (MaCo, Fel et al. 2023)",
    ),
}
"""`classic` is the plain ascent as published in 2016; `robust` is Olah et al. 2017; `natural` is MaCo (2023).

The moves of `robust` were measured on the flower model (`benchmarks/quality.py`): with wide ones its pictures reach a
little less, but hold more of it when moved. Its octaves and steps were measured on blocks 2 and 4 of a trained VGG16:
in a third of the time it reaches more than 80 steps of half a grey level do at the whole size; of steps of 3 to 20 grey
levels, all held as well, 8 are the longest that leave nothing at the bounds of the range. Octaves were tried there for
the other two as well, and cost more activation than they save time (`benchmarks/octaves.py`).
"""

ACCENTUATION = Preset(
    Method(parameterization="fourier", jitter=4.0, nearness=1.5),
    1.0,
    20,
    "Starts at a photo and stays near to it: what in this photo excites the filter (feature accentuation, Hamblin et "
    "al. 2024)",
)
"""For a description with a photo; not among `PRESETS`, which start at none.

Found by looking at conv4 of the flower model and block4_conv2 of a trained VGG16. On 60 other pairs of a photo and a
filter, of conv3 to conv5, block3_conv3 and block5_conv3, the activation becomes 3 times the photo's own or more, and
the picture correlates with the photo by 0.80 to 0.94 (medians of a layer; of the 49 activations that are above 0 on the
photo each becomes at least 1.5 times as large). With a nearness of 0.5 the photo is lost, with 4 little changes. Adam
reaches as much, with noise in every frequency; on pixels the change is a fine texture that is hardly to be seen; with
phases alone colours change all over the picture. Jitter has little say but in the grain of the gradients that the
picture is shaded by.
"""


def preset(name: Any) -> Preset:
    """Looks a preset up.

    Raises:
        ValueError: If there is none of that name.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"method must be one of {', '.join(map(repr, PRESETS))}, got {short(name)}.")
    return PRESETS[name]
