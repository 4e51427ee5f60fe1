"""Networks that exist as a graph of TensorFlow already: saved models, frozen graphs, and functions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from filterviz_widget.model.reason import reason
from filterviz_widget.model.traced.inline import flattened
from filterviz_widget.model.traced.owners import owners
from filterviz_widget.model.traced.rebuild import rebuilt

SIGNATURE = "serving_default"


def from_folder(path: Path) -> Any:
    """A Functional model of what a SavedModel serves.

    Loading one runs none of the Python code that wrote it: it is TensorFlow operations only. These may still read
    and write files, so open only what you trust.

    Raises:
        ValueError: If it cannot be loaded, or serves nothing.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # a damaged file, or operations that are not known here
        raise ValueError(f"The SavedModel in {str(path)!r} could not be loaded ({reason(error)}).") from error
    made = from_loaded(loaded, path.name)
    made.holder = [loaded]  # tables go with what loaded them
    made.traced_note = "traced by TensorFlow, as it is a SavedModel, of which only the operations run"
    return made


def from_loaded(loaded: Any, name: str) -> Any:
    """A Functional model of what `tf.saved_model.load` returned serves: its signature "serving_default", or the only
    one, or the only function `serve` that Keras exports.

    Raises:
        ValueError: If it serves nothing, or several things none of which is the default.
    """
    signatures = dict(getattr(loaded, "signatures", None) or {})
    if SIGNATURE in signatures:
        function = signatures[SIGNATURE]
    elif len(signatures) == 1:
        (function,) = signatures.values()
    elif signatures:
        raise ValueError(
            f"The SavedModel {name!r} has several signatures: {', '.join(map(repr, sorted(signatures)))}. Pass one of "
            f"them: tf.saved_model.load(path).signatures[{min(signatures)!r}]."
        )
    else:
        raise ValueError(
            f"The SavedModel {name!r} has no signature, so nothing says what it takes. Pass a function of it: "
            "tf.saved_model.load(path).f.get_concrete_function(tf.TensorSpec((None, height, width, channels)))."
        )
    return from_concrete(function, owners(loaded), name)


def from_concrete(function: Any, paths: Mapping[int, str], name: str) -> Any:
    """A Functional model of a `ConcreteFunction`.

    Raises:
        ValueError: If its graph cannot be followed, or no output depends on an input.
    """
    captured = {inside.name for _, inside in function.graph.captures}
    inputs = [tensor for tensor in function.graph.inputs if tensor.name not in captured]
    if not any(tensor.dtype.is_floating for tensor in inputs):
        raise ValueError(f"The function {name!r} takes no tensor of floats, so there is no image in it.")
    specs = [_spec(tensor, _argument(tensor)) for tensor in inputs]
    outputs = [tensor for tensor in function.graph.outputs if tensor.dtype.is_floating]
    flat = flattened(function, inputs, specs, outputs)
    return rebuilt(flat, tuple(function.graph.variables), paths, name)


def from_frozen(path: Path, input_shape: Any = None) -> Any:
    """A Functional model of a frozen graph, a `GraphDef` in a `.pb` file; its constants are its weights.

    Its placeholders are the inputs, and what no operation takes are the outputs.

    Args:
        path: Of the file.
        input_shape: Of one example, for a placeholder of floats that does not say its shape.

    Raises:
        ValueError: If it is something else, or has variables without values.
    """
    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(path.read_bytes())
    except Exception as error:
        raise ValueError(f"{str(path)!r} is no GraphDef of TensorFlow ({reason(error)}).") from error
    if not definition.node:
        raise ValueError(f"{str(path)!r} is no GraphDef of TensorFlow: it holds no operation.")
    variables = [node.name for node in definition.node if node.op in ("VariableV2", "VarHandleOp", "Variable")]
    if variables:
        raise ValueError(
            f"The graph in {str(path)!r} has variables without values, such as {variables[0]!r}. Expected a frozen "
            "graph, or the folder of a SavedModel."
        )
    try:
        wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    except Exception as error:
        raise ValueError(f"The graph in {str(path)!r} could not be read ({reason(error)}).") from error
    graph = wrapped.graph
    inputs = [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]
    taken = {tensor.name for op in graph.get_operations() for tensor in op.inputs}
    outputs = [
        tensor
        for op in graph.get_operations()
        for tensor in op.outputs
        if tensor.name not in taken and tensor.dtype.is_floating and op.type not in ("Const", "Placeholder")
    ]
    if not inputs or not outputs:
        raise ValueError(f"The graph in {str(path)!r} has no placeholder, or nothing is computed from one.")
    specs = [_spec(tensor, tensor.op.name) for tensor in inputs]
    if input_shape is not None:
        specs = [_filled(spec, tuple(input_shape)) for spec in specs]
    made = rebuilt(flattened(wrapped, inputs, specs, outputs), (), {}, path.stem)
    made.traced_note = "traced by TensorFlow, as it is a frozen graph, whose weights are constants"
    if scalars := [spec.name for spec in specs if spec.shape.rank == 0]:
        made.traced_note += f"; {', '.join(map(repr, scalars))} held at 0 unless other_inputs says otherwise"
    return made


def _argument(tensor: tf.Tensor) -> str:
    """What the function calls the argument."""
    try:
        name = tensor.op.get_attr("_user_specified_name").decode()
    except ValueError:
        name = ""
    return name or str(tensor.op.name)


def _filled(spec: tf.TensorSpec, shape: tuple[int | None, ...]) -> tf.TensorSpec:
    """The spec of images of a shape, where it says none."""
    is_open = spec.dtype.is_floating and (spec.shape.rank is None or spec.shape.rank == len(shape) + 1)
    return tf.TensorSpec((None, *shape), spec.dtype, spec.name) if is_open else spec


def _spec(tensor: tf.Tensor, name: str) -> tf.TensorSpec:
    """Of any number of images at once."""
    shape = tensor.shape
    if shape.rank:
        shape = tf.TensorShape([None, *shape[1:]])
    return tf.TensorSpec(shape, tensor.dtype, name.replace("/", "_"))
