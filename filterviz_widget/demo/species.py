"""What tells the seventeen flowers apart: one frozen description for each."""

from dataclasses import dataclass

Colour = tuple[float, float, float]
"""Hue, saturation and value, each in [0, 1]."""

COLOURS: dict[str, Colour] = {
    "white": (0.15, 0.03, 1.12),
    "cream": (0.14, 0.22, 1.08),
    "yellow": (0.145, 0.86, 0.98),
    "gold": (0.115, 0.90, 0.97),
    "orange": (0.062, 0.88, 0.95),
    "red": (0.985, 0.84, 0.82),
    "pink": (0.925, 0.42, 0.95),
    "plum": (0.90, 0.62, 0.55),
    "violet": (0.765, 0.58, 0.75),
    "blue": (0.665, 0.58, 0.86),
    "brown": (0.06, 0.70, 0.30),
    "black": (0.80, 0.60, 0.14),
    "green": (0.24, 0.55, 0.62),
}


@dataclass(frozen=True)
class Species:
    """How one species of flower looks; lengths are in units of the flower's radius.

    Attributes:
        name: The common name.
        colours: Names (in `COLOURS`) that its petals may take. Most are shared with other species, so that
            shape has to decide.
        petals: Petals in one row.
        rows: Rows of petals, the outermost first; each inner row is shorter.
        width: Half width of a petal at its widest point.
        tip: Shape of a petal's end, from 0 (round) to 1 (a needle).
        notch: Depth of the dent in a petal's end.
        spread: Angle that the petals fill, in degrees: 360 is a flower seen from the front, less is a cup or
            bell seen from the side.
        facing: Direction of a cup: 1 is up, -1 hangs down.
        core: Radius of the core.
        core_colour: Its colour's name.
        seeds: Spirals in the core's texture; 0 makes the core an open trumpet.
        stamens: Threads around the core.
        pattern: `plain`, `spots`, `checks`, `face`, `stripes` or `marks` on the petals.
        cluster: Flowers on one stem.
        radius: The flower's radius in half image sides.

    Example:

    >>> [species.name for species in SPECIES if species.pattern == "checks"]
    ['fritillary']
    """

    name: str
    colours: tuple[str, ...]
    petals: int
    width: float
    tip: float
    rows: int = 1
    notch: float = 0.0
    spread: float = 360.0
    facing: int = 1
    core: float = 0.0
    core_colour: str = "gold"
    seeds: int = 13
    stamens: int = 0
    pattern: str = "plain"
    cluster: int = 1
    radius: float = 0.55


SPECIES: tuple[Species, ...] = (
    Species(
        "daffodil",
        ("yellow", "white", "cream"),
        6,
        0.30,
        0.45,
        core=0.42,
        core_colour="orange",
        seeds=0,
        radius=0.68,
    ),
    Species("snowdrop", ("white", "cream"), 3, 0.21, 0.4, spread=80, facing=-1, pattern="marks", radius=0.85),
    Species(
        "lily valley",
        ("white", "cream", "pink"),
        5,
        0.30,
        0.05,
        spread=75,
        facing=-1,
        cluster=6,
        radius=0.32,
    ),
    Species(
        "bluebell",
        ("blue", "violet", "pink", "white"),
        4,
        0.20,
        0.75,
        spread=62,
        facing=-1,
        cluster=3,
        pattern="stripes",
        radius=0.58,
    ),
    Species("crocus", ("violet", "yellow", "white"), 5, 0.19, 0.5, spread=70, pattern="stripes", radius=1.0),
    Species("iris", ("violet", "blue", "yellow", "white"), 3, 0.33, 0.3, rows=2, pattern="marks", radius=0.74),
    Species(
        "tigerlily",
        ("orange", "pink", "yellow", "red"),
        6,
        0.20,
        0.85,
        pattern="spots",
        stamens=6,
        radius=0.80,
    ),
    Species("tulip", ("red", "yellow", "pink", "violet", "white"), 3, 0.31, 0.25, spread=34, radius=1.05),
    Species(
        "fritillary",
        ("plum", "white", "violet", "pink"),
        4,
        0.25,
        0.3,
        spread=55,
        facing=-1,
        pattern="checks",
        radius=1.0,
    ),
    Species(
        "sunflower",
        ("yellow", "gold", "orange", "red"),
        21,
        0.115,
        0.7,
        rows=2,
        core=0.46,
        core_colour="brown",
        seeds=21,
        radius=0.74,
    ),
    Species("daisy", ("white", "pink", "cream"), 19, 0.095, 0.05, core=0.27, core_colour="gold", radius=0.66),
    Species("coltsfoot", ("yellow", "gold"), 34, 0.032, 0.5, rows=2, core=0.30, core_colour="gold", radius=0.62),
    Species("dandelion", ("yellow", "gold", "orange"), 24, 0.075, 0.15, rows=5, notch=0.06, radius=0.62),
    Species(
        "cowslip",
        ("yellow", "gold", "red"),
        5,
        0.38,
        0.0,
        notch=0.28,
        core=0.16,
        core_colour="orange",
        cluster=5,
        radius=0.31,
    ),
    Species(
        "buttercup",
        ("yellow", "gold", "white"),
        5,
        0.52,
        0.0,
        core=0.13,
        core_colour="green",
        seeds=8,
        stamens=22,
        radius=0.62,
    ),
    Species(
        "windflower",
        ("white", "pink", "violet", "blue"),
        8,
        0.26,
        0.2,
        core=0.11,
        core_colour="black",
        stamens=26,
        radius=0.68,
    ),
    Species(
        "pansy",
        ("violet", "yellow", "white", "orange", "blue"),
        5,
        0.60,
        0.0,
        notch=0.08,
        core=0.07,
        pattern="face",
        radius=0.68,
    ),
)
"""The 17 species of Oxford Flowers 17 (Nilsback and Zisserman, CVPR 2006), in that set's order."""
