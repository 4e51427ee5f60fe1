"""From coarse to fine: the sizes that an image passes through, and the steps that it takes at each."""

SMALLEST = 32
"""Pixels of the shorter side: a smaller image shows nothing, and is no quicker."""

SHARE = 0.5
"""How many times as many steps are taken at a size as at the next, twice as large, one. Half as many give the shape,
and details as fine as those of VGG16's second block have only the last size to form."""


def octaves(size: tuple[int, int], count: int, iterations: int) -> list[tuple[tuple[int, int], int]]:
    """Lists (size, iterations) from the smallest to the picture's own, which takes one step at least.

    >>> octaves((224, 224), 2, 30)
    [((112, 112), 10), ((224, 224), 20)]
    """
    sizes = [(max(1, round(size[0] / 2**level)), round(size[1] / 2**level)) for level in reversed(range(count))]
    # A signal has one side, and is 1 high at every size.
    sizes = [each for each in sizes[:-1] if min(each[size[0] == 1 :]) >= SMALLEST] + sizes[-1:]
    weights = [SHARE**level for level in reversed(range(len(sizes)))]
    # By where they end, so that nothing is lost to rounding.
    ends = [round(iterations * sum(weights[: place + 1]) / sum(weights)) for place in range(len(sizes))]
    ends = [min(end, iterations - 1) for end in ends[:-1]] + [iterations]
    steps = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    return [(each, taken) for each, taken in zip(sizes, steps, strict=True) if taken > 0]
