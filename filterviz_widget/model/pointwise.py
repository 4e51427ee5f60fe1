"""Which layers and operations work at each place of an image by itself; known by name, nothing is run to find out."""

import keras

from filterviz_widget.model.graph import Step
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.traced.operation import TracedOperation

POINTWISE = frozenset(
    [
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Relu",
        "Relu6",
        "LeakyRelu",
        "Elu",
        "Selu",
        "Celu",
        "Gelu",
        "Silu",
        "Sigmoid",
        "HardSigmoid",
        "HardSilu",
        "Tanh",
        "HardTanh",
        "Softplus",
        "Softsign",
        "LogSigmoid",
        "Mish",
        "Identity",
        "Dropout",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "ActivityRegularization",
        "BatchNormalization",
        "Dense",
        "Rescaling",
        "Normalization",
        # Of keras.applications.
        "CustomScaleLayer",
        "LayerScale",
        "StochasticDepth",
        "Add",
        "Subtract",
        "Multiply",
        "Divide",
        "TrueDivide",
        "FloorDivide",
        "Average",
        "Maximum",
        "Minimum",
        "Power",
        "Clip",
        "Absolute",
        "Negative",
        "Positive",
        "Exp",
        "Expm1",
        "Log",
        "Log1p",
        "Sqrt",
        "Rsqrt",
        "Square",
        "Reciprocal",
        "Sign",
        "Sin",
        "Cos",
        "Round",
        "Floor",
        "Ceil",
        "Where",
        "Cast",
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "Equal",
        "NotEqual",
        "LogicalAnd",
        "LogicalOr",
        "LogicalNot",
        "StopGradient",
        "Copy",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomColorJitter",
        "RandomGrayscale",
        "RandomHue",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
    ]
)
"""Keras' layers and operations that work at each place by itself; of augmentation, in inference."""


def is_pointwise(step: Step) -> bool:
    """Whether an operation is known to keep places apart. No code of the user's is run to find out."""
    layer = step.operation
    ranks = {len(tensor.shape) for tensor in (*step.node.input_tensors, *step.node.outputs)}
    if len(ranks) != 1 or not ranks <= {3, 4, 5}:
        return False
    last = (-1, ranks.pop() - 1)
    if isinstance(layer, TracedOperation):
        return layer.is_pointwise
    if isinstance(layer, keras.layers.Concatenate) or type(layer).__name__ == "Concatenate":
        return layer.axis in last
    if isinstance(layer, (keras.layers.Softmax, keras.layers.UnitNormalization)):
        return layer.axis in last
    if type(layer).__name__ in ("Softmax", "LogSoftmax"):
        return layer.axis in last
    return is_of_keras(type(layer)) and type(layer).__name__ in POINTWISE
