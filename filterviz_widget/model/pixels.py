"""Between which values an image's pixels lie: as the user says, as preprocessing shows, or as the model begins."""

from collections.abc import Sequence
from typing import Any

import keras

from filterviz_widget.model.beginning import beginning
from filterviz_widget.model.follow import computed
from filterviz_widget.model.input_range import (
    NOTHING_SAYS,
    InputRange,
    given_range,
    is_readable,
    measured_range,
    read_range,
    standardises,
)
from filterviz_widget.model.keras_private import flat_layers
from filterviz_widget.model.preprocess import Preprocess, published_mode
from filterviz_widget.model.route import Route


def pixel_range(
    wanted: tuple[float, float] | str,
    preprocess: Preprocess | None,
    route: Route,
    image_shape: tuple[int, int, int],
    given_shape: tuple[int, ...],
    unbuilt: Sequence[Any],
) -> InputRange:
    """The range of the pixels, and where it is known from.

    Args:
        wanted: What the user says; "auto" to find out.
        preprocess: As it was given.
        route: The way of the image into the model.
        image_shape: Of the image.
        given_shape: Of what `preprocess` takes.
        unbuilt: Layers that must stay so.
    """
    if wanted != "auto":
        return given_range(wanted)
    if isinstance(preprocess, str):
        return InputRange(0.0, 255.0, f"set by preprocess={preprocess!r}")
    if route.preprocess and (measured := measured_range(route.preprocess, given_shape)):
        return InputRange(*measured, "read from preprocess")

    def images_to(path: tuple[str, ...]) -> Any:
        return lambda images: computed(lambda given: route.run(given, path), images, unbuilt)

    found = read_range(beginning(route.graph, route.position), images_to, image_shape)
    if found.source == NOTHING_SAYS and route.preprocess:
        if standardises(route.preprocess, given_shape):
            return found._replace(source="preprocess standardises every image, so every range gives the same picture")
        if not is_readable(route.preprocess, given_shape):
            return found._replace(source="assumed, what preprocess does to the pixels could not be read")
    return found


def published_hint(model: Any) -> str:
    """What to add where nothing says the range of a network whose published weights take a known preprocessing."""
    for part in (model, *flat_layers(model)):
        if isinstance(part, keras.Model) and (mode := published_mode(part.name)):
            return f'; with its published weights, {part.name} takes preprocess="{mode}"'
    return ""
