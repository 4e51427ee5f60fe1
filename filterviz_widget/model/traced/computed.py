"""Layers whose kernel is computed from variables each time, such as one with weight normalization."""

from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.traced.constants import Constants
from filterviz_widget.model.traced.inline import in_a_graph


class _Computed:
    """Gives a layer of Keras a kernel that a traced graph computes.

    Attributes:
        computed_shape: Of the kernel.
        sources: The variables that it is computed from.
    """

    def compute_from(self, constants: Constants, tensor: tf.Tensor) -> None:
        """Says which tensor of the graph it is."""
        self._constants, self._tensor = constants, tensor
        self._read = constants.read_by(tensor)
        self.computed_shape = tuple(tensor.shape)
        self.sources = [constants.variables[name] for name in self._read]

    @property
    def kernel(self) -> Any:
        """The kernel with the variables of the moment."""

        def made(*values: tf.Tensor) -> tf.Tensor:
            return self._constants.value(self._tensor, dict(zip(self._read, values, strict=True)))

        return in_a_graph(made, [tf.convert_to_tensor(one) for one in self.sources])

    @kernel.setter
    def kernel(self, value: Any) -> None:
        """What `build` would put there."""


class ComputedConv2D(_Computed, keras.layers.Conv2D):  # type: ignore[misc]  # Keras has no types
    """A convolution with such a kernel."""


class ComputedDepthwiseConv2D(_Computed, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """A depthwise convolution with such a kernel."""


class ComputedConv2DTranspose(_Computed, keras.layers.Conv2DTranspose):  # type: ignore[misc]
    """A transposed convolution with such a kernel."""


class ComputedDense(_Computed, keras.layers.Dense):  # type: ignore[misc]  # Keras has no types
    """A dense layer with such a kernel."""
