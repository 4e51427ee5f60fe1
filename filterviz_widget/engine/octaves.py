"""The sizes that an image passes through, and the steps that it takes at each."""

OCTAVE = 1.4
"""From one size to the next, as in DeepDream (Mordvintsev et al. 2015)."""

SMALLEST = 16
"""Pixels: a smaller image shows nothing."""


def octaves(size: tuple[int, int], count: int, iterations: int) -> list[tuple[tuple[int, int], int]]:
    """Lists (size, iterations) from the smallest to the picture's own, which takes what does not divide.

    >>> octaves((96, 96), 2, 21)
    [((69, 69), 10), ((96, 96), 11)]
    """
    sizes = [(round(size[0] / OCTAVE**level), round(size[1] / OCTAVE**level)) for level in reversed(range(count))]
    sizes = [each for each in sizes[:-1] if min(each) >= SMALLEST] + sizes[-1:]
    steps = [iterations // len(sizes)] * len(sizes)
    steps[-1] += iterations - sum(steps)
    return [(each, taken) for each, taken in zip(sizes, steps, strict=True) if taken]
