"""What is measured of pictures; `benchmarks.quality` says the definitions in words."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import ndimage

Array = np.ndarray
Measure = Callable[[Array], Array]
"""From images `(count, height, width, channels)` to the activations of a layer, `(count, filters)`."""

Move = Callable[[Array], Array]


def _shift(right: int, down: int) -> Move:
    return lambda images: ndimage.shift(images, (0, down, right, 0), order=0, mode="reflect")


def _rotation(degrees: float) -> Move:
    return lambda images: ndimage.rotate(images, degrees, (2, 1), reshape=False, order=1, mode="reflect")


def _blur(sigma: float) -> Move:
    return lambda images: ndimage.gaussian_filter(images, (0, sigma, sigma, 0), mode="reflect")


def _zoom(by: float) -> Move:
    def move(images: Array) -> Array:
        middle = (np.array(images.shape[1:3]) - 1) / 2
        matrix, offset = np.diag([1, 1 / by, 1 / by, 1]), np.array([0, *(middle - middle / by), 0])
        return ndimage.affine_transform(images, matrix, offset, order=1, mode="reflect")

    return move


MOVES: dict[str, list[Move]] = {
    "shift": [_shift(x * by, y * by) for by in (4, 8) for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))],
    "rotation": [_rotation(by) for by in (-10, -5, 5, 10)],
    "blur": [_blur(1.0)],
    "scale": [_zoom(by) for by in (0.9, 1.1)],
}


class Natural(NamedTuple):
    """Each filter's activations over the natural set, `(filters,)` each.

    Attributes:
        mean: Their mean.
        std: Their standard deviation.
        largest: The largest.
        first: How often the filter has rank 1 on the image that excites it most, as 0 or 1.
    """

    mean: Array
    std: Array
    largest: Array
    first: Array

    @classmethod
    def of(cls, activations: Array) -> "Natural":
        """Summarises activations `(images, filters)`."""
        natural = cls(activations.mean(0), activations.std(0), activations.max(0), np.array(()))
        ranks = rank(natural.standardised(activations[activations.argmax(0)]), list(range(activations.shape[1])))
        return natural._replace(first=(ranks == 1).astype(float))

    def standardised(self, activations: Array) -> Array:
        """How many standard deviations they are above the mean; 0 of a filter that never answers otherwise."""
        return np.where(self.std > 0, (activations - self.mean) / np.where(self.std > 0, self.std, 1), 0)


def measured(raw: Array, filters: list[int], measure: Measure, natural: Natural) -> dict[str, Array]:
    """All figures of the pictures of some filters of a layer: each an array `(filters,)`."""

    def of_own(activations: Array) -> Array:
        return activations[np.arange(len(filters)), filters].astype(np.float64)

    vectors = measure(raw)
    own, mean, spread = of_own(vectors), natural.mean[filters], natural.std[filters]
    above, largest = own - mean, natural.largest[filters] - mean
    standardised = natural.standardised(vectors)
    figures = {
        "R": above / largest,
        "rank": rank(standardised, filters),
        "beaten by a filter of less spread": natural.std[standardised.argmax(1)] < spread,
        "slope": np.array([slope(image) for image in raw]),
        "clipped": ((raw <= 0) | (raw >= 1)).mean((1, 2, 3)),
        "dead": above <= 0,
        "NaN": ~np.isfinite(raw).all((1, 2, 3)),
        "constant": raw.std((1, 2, 3)) < 1e-6,
    }
    for name, moves in MOVES.items():
        moved = np.mean([of_own(measure(move(raw))) for move in moves], axis=0)
        figures[f"held under {name}"] = quotient(moved - mean, above)
        figures[f"held under {name}, plain"] = quotient(moved, own)
        figures[f"R under {name}"] = (moved - mean) / largest
    return figures


def quotient(part: Array, whole: Array) -> Array:
    """Quotients; where the whole is not positive nothing is held: 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0)


def rank(standardised: Array, filters: list[int]) -> Array:
    """The rank of each picture's own filter, 1 for the most active, from `(pictures, all filters)`."""
    own = standardised[np.arange(len(filters)), filters]
    return 1 + (standardised > own[:, None]).sum(1)


def slope(image: Array) -> float:
    """The power of the frequency by which a picture's amplitudes fall, from a line through their logarithms."""
    luminance = image.mean(2)
    if not np.isfinite(luminance).all() or luminance.std() == 0:
        return float("nan")
    height, width = luminance.shape
    window = np.hanning(height)[:, None] * np.hanning(width)  # else the jump from edge to edge adds a cross
    amplitude = np.abs(np.fft.rfft2((luminance - luminance.mean()) * window))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    rings = np.geomspace(0.03, 0.45, 13)  # equal weight for each octave
    places = np.digitize(frequency, rings)
    means = [amplitude[places == ring].mean() for ring in range(1, len(rings))]
    middles = np.sqrt(rings[1:] * rings[:-1])
    return float(np.polyfit(np.log(middles), np.log(np.array(means) + 1e-12), 1)[0])


def agreement(first: Array, second: Array, measure: Measure, natural: Natural) -> dict[str, Array]:
    """How alike the pictures of two seeds are, per filter: as images, and in what they excite in the layer."""
    excited = [natural.standardised(measure(raw)) for raw in (first, second)]
    return {
        "agreement of pictures": correlations(first, second),
        "agreement of activations": correlations(*excited),
    }


def correlations(first: Array, second: Array) -> Array:
    """Pearson's correlation of each pair; 0 where one of the two is constant."""
    one, other = (each.reshape(len(each), -1).astype(np.float64) for each in (first, second))
    one, other = (each - each.mean(1, keepdims=True) for each in (one, other))
    return quotient((one * other).sum(1), np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))


def summary(figures: dict[str, Array]) -> dict[str, float]:
    """One number of each kind for many filters: means and shares, of R and the slope the median."""
    held = np.minimum(figures["held under shift"], figures["held under rotation"])
    beaten = figures["rank"] > 1
    numbers = {
        "R": np.median(figures["R"]),
        "R above 1": (figures["R"] > 1).mean(),
        **{f"held under {name}": figures[f"held under {name}"].mean() for name in MOVES},
        **{f"held under {name}, plain": figures[f"held under {name}, plain"].mean() for name in MOVES},
        "at least 0.8 held under shift and rotation": (held >= 0.8).mean(),
        **{f"R under {name}": np.median(figures[f"R under {name}"]) for name in MOVES},
        "rank 1": (~beaten).mean(),
        "beaten, by a filter of less spread": quotient(
            (beaten & figures["beaten by a filter of less spread"]).sum(), beaten.sum()
        ),
        "seconds": figures["seconds"].mean(),
        "slope": np.nanmedian(figures["slope"]),
        "clipped": figures["clipped"].mean(),
        **{name: figures[name].mean() for name in ("agreement of pictures", "agreement of activations")},
        **{name: figures[name].mean() for name in ("dead", "NaN", "constant")},
    }
    return {name: round(float(value), 4) for name, value in numbers.items()}
