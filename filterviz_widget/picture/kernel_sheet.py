"""What a figure of kernels shows: which layer, which filters and inputs, on which scale, and the words for it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from filterviz_widget.model.kernels import Array, KernelPart, kernel_parts, layers_with_kernels, read_kernel
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.paths import layers_by_path, path_at, path_of
from filterviz_widget.picture.signed_colours import symmetric_limit


class Sheet(NamedTuple):
    """What one figure shows: the chosen kernels, scaled, and the words that say what was chosen."""

    title: str
    kernel: Array
    filters: list[int]
    inputs: list[int]
    limits: Array
    low: Array
    high: Array
    colour: bool


def find_kernels(thing: Any, layer: Any) -> tuple[str, dict[str, Array], bool]:
    """The name to show, the kernels by part, and whether three inputs would be colours."""
    if hasattr(thing, "layers") and layer is not None:
        name, found, is_first = _find(thing, layer)
        return name, _read(kernel_parts(found)), is_first
    if hasattr(thing, "layers"):
        names = ", ".join(map(repr, layers_with_kernels(layers_by_path(thing))))
        raise ValueError(f"Which layer of the model? Expected layer= to be one of {names}.")
    if hasattr(thing, "trainable_weights"):
        return thing.name, _read(kernel_parts(thing)), False
    array = np.asarray(thing)
    if array.dtype.kind not in "fiu" or array.ndim != 4 or array.size == 0:
        raise TypeError(
            "Expected a Keras model, a layer, or an array (height, width, inputs, filters); "
            f"got {type(thing).__name__} of shape {array.shape}."
        )
    return "kernels", {"kernel": array.astype(np.result_type(array, np.float32))}, True


def _read(parts: tuple[KernelPart, ...]) -> dict[str, Array]:
    return {part.name: read_kernel(part) for part in parts}


def _find(model: Any, wanted: Any) -> tuple[str, Any, bool]:
    """The path to show, the layer, and whether it is the model's first with a kernel."""
    found = layers_by_path(model)
    if isinstance(wanted, str):
        path = path_at(found, wanted, f"The model {model.name!r}")
        layer = found[path]
    else:
        layer = wanted
        if isinstance(wanted, int | np.integer):
            if not -len(model.layers) <= wanted < len(model.layers):
                raise ValueError(f"The model has {len(model.layers)} layers, counted from 0; got layer={wanted}.")
            layer = model.layers[wanted]
        path = path_of(found, layer) or layer.name
    first = next(iter(layers_with_kernels(found).values()), None)
    return path, layer, layer is first or unwrapped(first) is layer


def chosen(word: str, wanted: int | Iterable[int] | None, count: int) -> list[int]:
    """Checks the wanted numbers; None is all of them."""
    if wanted is None:
        return list(range(count))
    numbers = [int(wanted)] if isinstance(wanted, int | np.integer) else [int(one) for one in wanted]
    wrong = [one for one in numbers if not 0 <= one < count]
    if wrong or not numbers:
        raise ValueError(f"{word} must be among 0 to {count - 1}, got {wrong[0] if wrong else 'none'}.")
    return numbers


def paged(numbers: list[int], page: int, most: int, kernel: Array) -> tuple[list[int], str]:
    """The filters of one page, and the words for them."""
    count, pages = kernel.shape[3], -(-len(numbers) // most)
    if not 1 <= page <= pages:
        raise ValueError(f"page must be from 1 to {pages}, got {page!r}.")
    shown = numbers[(page - 1) * most : page * most]
    words = _counted("filter", len(shown), count)
    return shown, f"{words} (page {page} of {pages})" if pages > 1 else words


def spread(numbers: list[int], most: int, kernel: Array) -> tuple[list[int], str]:
    """At most so many input channels, evenly spaced, and the words for them."""
    if len(numbers) > most:
        numbers = [numbers[int(place)] for place in np.linspace(0, len(numbers) - 1, most).round()]
    return numbers, _counted("input", len(numbers), kernel.shape[2])


def _counted(word: str, shown: int, count: int) -> str:
    plural = "" if count == 1 else "s"
    return f"{count} {word}{plural}" if shown == count else f"{shown} of {count} {word}s"


def make_sheet(title: str, kernel: Array, filters: list[int], inputs: list[int], scale: str, colour: bool) -> Sheet:
    """Finds the scale of each row."""
    # The scale is the whole layer's, so that every page of it can be compared.
    groups = [kernel[..., one] for one in filters] if scale == "filter" else [kernel] * len(filters)
    limits = np.array([symmetric_limit(group) for group in groups])
    finite = [group[np.isfinite(group)] for group in groups]
    low = np.array([group.min(initial=np.inf) for group in finite])
    high = np.array([group.max(initial=-np.inf) for group in finite])
    return Sheet(title, kernel, filters, inputs, limits, low, high, colour)
