"""Answers questions about a model's filters: what was found out is kept, by the question and the weights."""

import threading
from collections.abc import Callable
from typing import Any

import cachetools

from filterviz_widget import interrupts
from filterviz_widget.description.question import (
    AblationOf,
    AttentionOf,
    FeatureMapsOf,
    FieldOf,
    KernelOf,
    NeighboursOf,
    Question,
    StrongestOf,
)
from filterviz_widget.engine.ablation import ablation
from filterviz_widget.engine.attention import Heads
from filterviz_widget.engine.compiled import CompiledLayers
from filterviz_widget.engine.forward import Forward
from filterviz_widget.engine.kernel import filter_kernel
from filterviz_widget.engine.neighbours import neighbours
from filterviz_widget.engine.paint import laid_rows, shown_centres
from filterviz_widget.engine.strongest import strongest
from filterviz_widget.images import Format, PhotoSet, as_given, read_photo
from filterviz_widget.model import ModelView
from filterviz_widget.picture.feature_maps import FeatureMaps

MOST_BYTES = 64e6
"""Of one model's answers; the feature maps of a VGG16's first layer over one photo take 13 MB."""

MOST_FORWARD = 8
"""Forward passes of one model that are kept."""

OF_ALL = (AblationOf, NeighboursOf)
"""Questions whose answers depend on weights behind the layer, too."""


class Answers:
    """Answers questions about one model. Several threads may use it.

    Args:
        view: The model as it was read.
        layers: Knows the versions of its weights.
    """

    def __init__(self, view: ModelView, layers: CompiledLayers) -> None:
        self._view, self._layers = view, layers
        self._known: cachetools.LRUCache[Any, Any] = cachetools.LRUCache(
            MOST_BYTES, getsizeof=lambda answer: max(1, answer.nbytes)
        )
        self._forward: cachetools.LRUCache[str, Forward] = cachetools.LRUCache(MOST_FORWARD)
        self._heads: cachetools.LRUCache[str, Heads] = cachetools.LRUCache(MOST_FORWARD)
        self._lock, self._forward_lock = threading.Lock(), threading.Lock()

    @property
    def format(self) -> Format:
        """What the model takes."""
        return Format(*self._view.image_shape, self._view.input_range, self._view.data)

    def version(self, asked: Question) -> int:
        """Of the weights that the answer depends on."""
        return self._key(asked)[0]

    def known(self, asked: Question) -> Any:
        """The answer if it was found with the weights of this moment; None otherwise."""
        with self._lock:
            return self._known.get(self._key(asked))

    def answer(
        self,
        asked: Question,
        photos: PhotoSet | None = None,
        check: Callable[[], None] = interrupts.check,
        told: Callable[[int], None] = lambda _: None,
        seconds: float | None = None,
    ) -> Any:
        """Recalls or finds the answer.

        Args:
            asked: The question.
            photos: The set of images that it is about, if it is about one.
            check: Called often where it takes long; it may raise to give the work up.
            told: Called with how many of the images were read.
            seconds: See `strongest`.

        Returns:
            `FilterKernel`, `ReceptiveField`, `FeatureMaps`, `Pass`, `Ablation`, `Neighbours` or `AttentionMaps`.

        Raises:
            ValueError: For what does not fit the model.
            Exception: Whatever a layer or `check` raises.
        """
        key = self._key(asked)
        with self._lock:
            if (known := self._known.get(key)) is not None:
                return known
        with interrupts.WHOLE:
            found = self._find(asked, photos, check, told, seconds)
        with self._lock:
            # The weights of before: what was found while they changed is not kept.
            if self._key(asked) == key and found.nbytes <= MOST_BYTES:
                self._known[key] = found
        return found

    def forward(self, layer: str) -> Forward:
        """The forward pass to a layer, compiled when it is first asked for.

        Raises:
            ValueError: If there is no such layer.
        """
        with self._forward_lock:  # its own: tracing takes long, and nobody is to wait for it who does not need it
            if layer not in self._forward:
                self._forward[layer] = Forward(self._view, layer)
            return self._forward[layer]

    def heads(self, layer: str) -> Heads:
        """The attention in a layer, compiled when it is first asked for.

        Raises:
            ValueError: If there is none over the places of the image.
        """
        with self._forward_lock:
            if layer not in self._heads:
                self._heads[layer] = Heads(self._view, layer)
            return self._heads[layer]

    def _key(self, asked: Question) -> tuple[int, Question]:
        self._view.layer(asked.layer)
        return self._layers.now("" if isinstance(asked, OF_ALL) else asked.layer).version, asked

    def _find(
        self,
        asked: Question,
        photos: PhotoSet | None,
        check: Callable[[], None],
        told: Callable[[int], None],
        seconds: float | None,
    ) -> Any:
        view, layer = self._view, asked.layer
        match asked:
            case KernelOf():
                return filter_kernel(view, layer, asked.filter)
            case FieldOf():
                return view.receptive_field(layer)
            case FeatureMapsOf():
                photo = read_photo(as_given(asked.photo.numpy(), self.format), self.format)
                maps, field = self.forward(layer).maps(photo.pixels[None])[0], view.receptive_field(layer)
                rows, slices = laid_rows(field), view.data.slices
                return FeatureMaps(layer, maps, photo.shown, shown_centres(view, field), photo.note, rows, slices)
            case AttentionOf():
                query = None if asked.row < 0 else (asked.row, asked.column)
                photo = read_photo(as_given(asked.photo.numpy(), self.format), self.format)
                return self.heads(layer).maps(photo, query)
            case NeighboursOf():
                return neighbours(view, layer, asked.filter, asked.most)
        if photos is None or photos.key != getattr(asked, "images", None):
            raise ValueError(f"The question is about images that were not given: {asked.kind}.")

        def told_and_checked(count: int) -> None:
            told(count)
            check()

        match asked:
            case StrongestOf():
                return strongest(
                    self.forward(layer), photos, asked.k, asked.by == "position", told_and_checked, seconds
                )
            case AblationOf():
                to_mean = asked.to == "mean"
                return ablation(
                    view, self.forward, layer, asked.filter, photos, to_mean, asked.output, told_and_checked, seconds
                )
        raise TypeError(f"There is no answer to {type(asked).__name__}.")
