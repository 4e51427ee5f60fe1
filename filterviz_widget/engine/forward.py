"""A layer's feature maps of given images, with the model's weights as they are at the moment, in float32."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.engine import memory
from filterviz_widget.model import ModelView, generators

Floats = npt.NDArray[np.float32]


class Summary(NamedTuple):
    """What images do to the filters of a layer, each array with a row per image and a column per filter.

    Attributes:
        mean: float32, the activation: the mean of the feature map.
        largest: float32, the feature map at its strongest position.
        position: int32 `(count, filters, 2)`: row and column of that, the first of several.
    """

    mean: Floats
    largest: Floats
    position: npt.NDArray[np.int32]


class Forward:
    """The forward pass to a layer, compiled once for images of any number. Several threads may use it.

    Args:
        view: The model.
        layer: A name from `ModelView.layers`.
    """

    def __init__(self, view: ModelView, layer: str) -> None:
        self._view, self._layer = view, layer
        spec = tf.TensorSpec((None, *view.image_shape), tf.float32)
        features = view.cut(layer)

        def maps(images: tf.Tensor) -> tf.Tensor:
            made = tf.cast(features(images), tf.float32)
            return made if len(made.shape) == 4 else made[:, None, None]

        def summary(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
            made = maps(images)
            columns = tf.shape(made)[2]
            flat = tf.reshape(made, (tf.shape(made)[0], -1, made.shape[3]))
            place = tf.argmax(flat, axis=1, output_type=tf.int32)
            return tf.reduce_mean(flat, 1), tf.reduce_max(flat, 1), tf.stack([place // columns, place % columns], -1)

        def compiled(function: Any) -> Any:
            return tf.function(function, input_signature=[spec], autograph=False).get_concrete_function()

        with generators.kept(view.has_own_code):
            self._maps, self._summary = compiled(maps), compiled(summary)

    def most(self) -> int:
        """How many images the memory holds at once.

        Raises:
            MemoryError: If it does not hold one, with the layer and a size to try.
        """
        return memory.forward_fits(self._view, self._layer, self._view.image_shape[:2])

    def maps(self, images: Floats) -> Floats:
        """The feature maps, `(count, height, width, filters)`; of units a map of one position.

        Raises:
            MemoryError: If there is too little for it.
        """
        self.most()
        with memory.told(self._layer, self._view.image_shape[:2]):
            return np.asarray(self._maps(tf.constant(images)))

    def summary(self, images: Floats) -> Summary:
        """What they come to, some at a time where the memory holds no more.

        Raises:
            MemoryError: If it does not hold one, with the layer and a size to try.
        """
        most = self.most()
        with memory.told(self._layer, self._view.image_shape[:2]):
            parts = [images[first : first + most] for first in range(0, len(images), most)]
            made = [[np.asarray(each) for each in self._summary(tf.constant(part))] for part in parts]
            return Summary(*(np.concatenate(each) for each in zip(*made, strict=True)))
