"""What is called, and with what, of a network whose call Keras cannot write down as a graph."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.keras_private import autocasting, called_shapes, flat_layers
from filterviz_widget.model.traced.owners import owners
from filterviz_widget.model.traced.saved import from_concrete
from filterviz_widget.model.traced.trace import traced

Shapes = Mapping[str, Any] | Sequence[Any]


def from_keras(layer: Any, size: tuple[int, int] | None, input_shape: Shapes | None) -> Any:
    """A Functional model of what a Keras layer or model does with images, in inference.

    Args:
        layer: The layer or model, built.
        size: `(height, width)` of the image where the layer takes any; None for that which it was called with.
        input_shape: Of one example, or by the argument's name; None for the one that the layer was called with.

    Raises:
        ValueError: If nothing says what it takes, or it cannot be traced, with the line at fault.
    """
    if isinstance(layer, keras.layers.TFSMLayer):
        return from_concrete(_endpoint(layer), owners(layer), layer.name)
    takes = _takes(layer.call)
    tried: Sequence[Shapes]
    if input_shape is not None:
        tried = [input_shape]
    elif len(known := called_shapes(layer)) >= len(takes):
        tried = [_without_batch(known)]
    elif len(takes) > 1:  # of which Keras knows the first only
        names = ", ".join(f"{name!r}: (...)" for name in takes)
        raise ValueError(
            f"{layer.name!r} takes {', '.join(takes)}. Say the shape of each for one example: input_shape={{{names}}}."
        )
    else:
        tried = _first_shapes(layer)
    if not tried:
        raise ValueError(UNKNOWN.format(layer.name))
    dtype = layer.compute_dtype if layer.autocast and layer.compute_dtype else "float32"

    def call(*args: Any, **kwargs: Any) -> Any:
        with autocasting(layer):
            return layer.call(*args, **kwargs)

    failure: ValueError | None = None
    for shapes in tried:
        try:
            specs = _arguments(layer.call, shapes, dtype, size)
            return traced(call, specs, owners(layer), layer.name, [layer, *flat_layers(layer)])
        except ValueError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _endpoint(layer: Any) -> Any:
    """The function of a SavedModel that a TFSMLayer calls, as it was traced when that was saved."""
    function = layer.call_endpoint_fn
    return getattr(function, "concrete_functions", [function])[0]


def call_once(layer: Any, input_shape: Shapes) -> None:
    """Calls a layer on an image of zeros, or on zeros of several shapes by the arguments' names."""
    args, kwargs = _arguments(layer.call, input_shape, "float32", None)
    zeros = tf.nest.map_structure(
        lambda one: tf.zeros([size or 1 for size in one.shape], one.dtype) if isinstance(one, tf.TensorSpec) else one,
        (args, kwargs),
    )
    layer(*zeros[0], **zeros[1])


def _first_shapes(layer: Any) -> list[tuple[int | None, ...]]:
    """The images that layers in it were called with, the first ones first: one is what the layer itself takes."""
    found: dict[tuple[int | None, ...], None] = {}
    for inner in flat_layers(layer):
        for shape in called_shapes(inner).values():
            if isinstance(shape, tuple) and len(shape) in (3, 4, 5) and isinstance(shape[-1], int):
                found[tuple(shape[1:])] = None
    for variable in vars(layer).values():
        if isinstance(variable, tf.Variable) and variable.shape.rank in (3, 4, 5):
            found[(*[None] * (variable.shape.rank - 2), variable.shape[-2])] = None
    return list(found)


def from_module(module: Any, input_shape: Shapes | None) -> Any:
    """A Functional model of a `tf.Module`, of a Keras 2 model, or of a `tf.function`.

    Args:
        module: What is called.
        input_shape: Of one example, or by the argument's name; None where it has a signature, or was called before.

    Raises:
        ValueError: If nothing says what it takes, or it cannot be traced, with the line at fault.
    """
    name = str(getattr(module, "name", None) or getattr(module, "__name__", None) or type(module).__name__)
    call = module if isinstance(module, tf.types.experimental.GenericFunction) else module.__call__
    if getattr(module, "built", True) is False:  # of Keras 2
        raise ValueError(
            f"The model {name!r} of Keras 2 was never called. Call it once on a batch of images, model(images)."
        )
    if input_shape is not None:
        arguments = _arguments(call, input_shape, "float32", None)
    elif (known := _signature(module, call)) is not None:
        arguments = known
    else:
        raise ValueError(UNKNOWN.format(name))
    return traced(module, arguments, owners(module), name)


UNKNOWN = (
    "Nothing says what {!r} takes. Call it once on a batch of images, or say the shape of an image: "
    "input_shape=(height, width, channels)."
)


def _signature(module: Any, call: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments that a call declares, or that it was traced for before."""
    if (saved := getattr(module, "save_spec", None)) and saved() is not None:  # of Keras 2, which notes it at a call
        args, kwargs = saved()
        return _any_batch(tuple(args)), {**_any_batch(kwargs), "training": False}
    signature = getattr(call, "input_signature", None)
    if signature is None:
        made = call._list_all_concrete_functions() if hasattr(call, "_list_all_concrete_functions") else []
        if not made:
            return None
        args, kwargs = made[0].structured_input_signature
        return tuple(_any_batch(one) for one in args), {name: _any_batch(one) for name, one in kwargs.items()}
    return tuple(_any_batch(one) for one in signature), {}


def _any_batch(structure: Any) -> Any:
    def one(spec: Any) -> Any:
        if not isinstance(spec, tf.TensorSpec) or not spec.shape.rank:
            return spec
        return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, spec.name)

    return tf.nest.map_structure(one, structure)


def _arguments(
    call: Any, shapes: Any, dtype: str, size: tuple[int, int] | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What to call with: a `tf.TensorSpec` for each shape, and `training=False` where there is such an argument."""
    names, parameters = _takes(call), inspect.signature(call).parameters
    kwargs: dict[str, Any] = {"training": False} if "training" in parameters else {}

    def spec(shape: Any, name: str) -> Any:
        if isinstance(shape, Mapping):
            return {key: spec(one, str(key)) for key, one in shape.items()}
        if isinstance(shape, list) or (shape and not all(size is None or isinstance(size, int) for size in shape)):
            return [spec(one, f"{name}_{place}") for place, one in enumerate(shape)]
        if size is not None and len(shape) == 3:
            shape = (*size, shape[2])
        return tf.TensorSpec((None, *shape), dtype, name)

    if isinstance(shapes, Mapping) and shapes.keys() <= parameters.keys():
        return (), kwargs | {name: spec(shape, name) for name, shape in shapes.items()}
    return (spec(shapes, names[0] if names else "inputs"),), kwargs


def _takes(call: Any) -> list[str]:
    """The names of the arguments that a call needs."""
    return [
        name
        for name, parameter in inspect.signature(call).parameters.items()
        if name not in ("self", "training", "mask")
        and parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]


def _without_batch(shapes: Mapping[str, Any]) -> Any:
    """What `build` was told, of one example: by the argument's name where there are several."""

    def one(shape: Any) -> Any:
        if isinstance(shape, Mapping):
            return {key: one(inner) for key, inner in shape.items()}
        if shape and not all(size is None or isinstance(size, int) for size in shape):
            return [one(inner) for inner in shape]
        return tuple(shape[1:])

    if len(shapes) == 1:
        (shape,) = shapes.values()
        return one(shape)
    return {name.removesuffix("_shape"): one(shape) for name, shape in shapes.items()}
