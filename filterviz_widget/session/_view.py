"""Stands in for the model's view until it has landed."""

from typing import Any, NamedTuple

from filterviz_widget.model import cut_at


class ModelView:
    def __init__(self, model: Any, channels: int) -> None:
        self._model = model
        self.image_shape = (0, 0, channels)

    def cut(self, layer: str, relu: str = "plain") -> Any:
        return cut_at(self._model, layer)

    def pre_activation(self, layer: str) -> Any:
        return None

    def layer(self, name: str) -> Any:
        class Units(NamedTuple):
            filters: int

        return Units(self._model.get_layer(name).output.shape[-1])

    def to_rgb(self, raw: Any) -> Any:
        return raw
