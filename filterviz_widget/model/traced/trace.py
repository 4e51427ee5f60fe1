"""Traces a call as TensorFlow does, AutoGraph included, and leaves nothing behind in what is called."""

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.autograph.core.converter import ConversionOptions
from tensorflow.python.framework import ops

from filterviz_widget.model.attributes import attributes_kept
from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.keras_private import names_kept, nothing_built
from filterviz_widget.model.reason import reason
from filterviz_widget.model.traced.gradients import has_own_gradient, own_gradient
from filterviz_widget.model.traced.inline import CALLS, flattened, functions_of
from filterviz_widget.model.traced.rebuild import rebuilt

PACKAGE = Path(__file__).parents[2]
LONG = 300
"""Characters of a message that are told."""


def traced(
    call: Callable[..., Any],
    arguments: tuple[Sequence[Any], Mapping[str, Any]],
    paths: Mapping[int, str],
    name: str,
    layers: Sequence[Any] = (),
) -> Any:
    """A Functional model of what a call does, on the variables that it uses.

    Args:
        call: What is called.
        arguments: Positional and keyword arguments; a `tf.TensorSpec` for each tensor, everything else as it is.
        paths: Who owns a variable, by its handle's id.
        name: Of the model.
        layers: Keras layers that it may reach; those that are not built stay so.

    Raises:
        ValueError: If it cannot be traced, with the line at fault.
    """
    specs = [one for one in keras.tree.flatten(arguments) if isinstance(one, tf.TensorSpec)]

    def run(*tensors: tf.Tensor) -> Any:
        given = iter(tensors)
        args, kwargs = keras.tree.map_structure(
            lambda one: next(given) if isinstance(one, tf.TensorSpec) else one, arguments
        )
        return call(*args, **kwargs)

    with names_kept(), nothing_built(layers) as unbuilt, attributes_kept(layers):
        try:
            made = _concrete(run, specs)
        except Exception as error:  # a user's code, which may raise anything
            if unbuilt:
                raise ValueError(
                    f"Its layer {unbuilt[0].name!r} is not built: call the model on a batch of images first."
                ) from error
            told = getattr(error, "ag_error_metadata", None)
            raise ValueError(_at_fault(told.to_exception(error) if told else error)) from error
    outputs = [one for one in made.graph.outputs if one.dtype.is_floating]
    if not outputs:
        raise ValueError("It gives no numbers of which a gradient could be taken.")
    flat = flattened(made, made.graph.inputs[: len(specs)], specs, outputs)
    _forget_gradients(made.graph)
    return rebuilt(flat, tuple(made.graph.variables), paths, name)


def _concrete(run: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Any:
    # Said here and not by `tf.function`, which leaves AutoGraph out where somebody runs functions eagerly.
    autograph = ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED, ConversionOptions(recursive=True))

    def in_peace(*tensors: tf.Tensor) -> Any:
        def outermost(_: Any) -> Any:  # names begin at the user's code
            with ops.get_default_graph().name_scope(None):
                return converted(*tensors)

        with autograph:
            converted = tf.__internal__.autograph.tf_convert(run, autograph)
            return in_inference(outermost, tf.zeros(()))

    return tf.function(in_peace, autograph=False).get_concrete_function(*specs)


def _forget_gradients(graph: Any) -> None:
    """Forgets the custom gradients of a graph and of its branches and loops, which TensorFlow keeps for ever.

    They were copied. Those of functions that it calls stay: these are the user's, and trained perhaps.
    """
    for op in graph.get_operations():
        if has_own_gradient(op) and own_gradient(op).startswith("CustomGradient-"):
            ops.gradient_registry._registry.pop(own_gradient(op), None)
        if op.type not in CALLS:
            for name in functions_of(op):
                if (inner := getattr(graph._get_function(name), "graph", None)) is not None:
                    _forget_gradients(inner)


def _at_fault(error: Exception) -> str:
    """What went wrong, and the user's line that did it."""
    if "in user code:" not in str(error):
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if _is_users(frame.filename):
                return f"{reason(error)} (line {frame.lineno} of {Path(frame.filename).name}: {frame.line})."
        return reason(error)
    # AutoGraph's account: the lines of the call, each under its place, and the message last.
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("Arguments received by")[0]
    places = [one for one in re.findall(r'File "([^"]+)", line (\d+), in .*\n\s*(.*)', text) if _is_users(one[0])]
    message = [line.strip() for line in text.splitlines() if line.strip()][-1]
    message = message.removeprefix(f"{type(error).__name__}: ").partition(" You can attempt")[0][:LONG]
    if not places:
        return f"{type(error).__name__}: {message}"
    file, number, line = places[-1]
    return f"{type(error).__name__}: {message} (line {number} of {Path(file).name}: {line.strip()})."


def _is_users(file: str) -> bool:
    return "site-packages" not in file and not file.startswith(str(PACKAGE))
