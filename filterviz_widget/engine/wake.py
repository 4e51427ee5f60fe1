"""Dead filters: what is tried, in which order, until one answers."""

from collections.abc import Iterator
from typing import NamedTuple

import tensorflow as tf

from filterviz_widget.ascent import Numbers, State
from filterviz_widget.description.description import Description
from filterviz_widget.description.ranges import LARGEST_SEED
from filterviz_widget.engine.compiled import Compiled, CompiledLayers, Variant

OTHER_STARTS = 8


class Remedy(NamedTuple):
    """A way to make a picture of a dead filter."""

    variant: Variant
    seed: int
    note: str


def remedies(wanted: Description) -> Iterator[tuple[Variant, list[int], str]]:
    """Lists what to try: which variant, the seeds to start from, and the words for the caption."""
    dead = f"Filter {wanted.filter} of {wanted.layer} is dead from seed {wanted.seed}: its gradient is exactly zero."
    seeds = [(wanted.seed + offset) % (LARGEST_SEED + 1) for offset in range(1, OTHER_STARTS + 1)]
    yield "", seeds, dead + " This picture starts from seed {seed} instead."
    dead = dead.replace(f"from seed {wanted.seed}", f"from {OTHER_STARTS + 1} starts")
    yield (
        "pre-activation",
        [wanted.seed],
        dead + " This picture shows what its pre-activation, before the ReLU, answers to.",
    )
    yield "redirected", [wanted.seed], dead + " For this picture the gradients of the ReLUs were redirected."


def wake(layers: CompiledLayers, wanted: Description, size: tuple[int, int], numbers: Numbers) -> Remedy:
    """Finds the first remedy that gives a gradient; one without any leaves the variant and the seed as they were."""
    for variant, seeds, note in remedies(wanted):
        if not layers.offers(wanted.layer, variant):
            continue
        compiled = layers.compile(wanted, size, variant)
        alive = answers(compiled, compiled.ascent.start(seeds), layers.weights([wanted] * len(seeds)), numbers)
        if any(alive):
            seed = seeds[alive.index(True)]
            return Remedy(variant, seed, note.format(seed=seed))
    return Remedy(
        "",
        wanted.seed,
        f"Filter {wanted.filter} of {wanted.layer} is dead: its gradient is exactly zero from {OTHER_STARTS + 1} "
        "starts, before its activation function, and with redirected ReLU gradients. This is the start image.",
    )


def answers(compiled: Compiled, state: State, weights: tf.Tensor, numbers: Numbers) -> list[bool]:
    """Says which images of a batch have a gradient."""
    chunk = compiled.ascent.advance(state, weights, numbers, 1)
    return [bool(size) for size in chunk.gradient_rms.numpy()[0] > 0]
