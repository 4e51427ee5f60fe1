"""The compiled ascent: many gradient steps on a batch of images inside one tf.while_loop."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from filterviz_widget.ascent.numbers import Numbers
from filterviz_widget.ascent.objective import activation, likeness
from filterviz_widget.ascent.parameterization import PARAMETERIZATIONS
from filterviz_widget.ascent.regularizer import departure, pull, pull_back
from filterviz_widget.ascent.state import Chunk, Measured, State
from filterviz_widget.ascent.traced import forget_custom_gradients, graphs
from filterviz_widget.ascent.transformation import blur, move
from filterviz_widget.ascent.update import RULES, SLOTS, rms, unchanged, unit
from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.description.method import CLASSIC, Method


class Ascent:
    """Gradient ascent on a filter's activation, compiled once for a layer, an image size and a kind of method.

    The activation is the mean of the filter's feature map. With the default method, each iteration moves each
    image by `step_size` grey levels (RMS) along its own gradient:
    `image += step_size * gradient / (RMS(gradient) + eps)`, after Erhan et al. 2009, "Visualizing
    higher-layer features of a deep network", with the normalised gradient of Mordvintsev et al. 2015.

    Filter, step size, iterations and the method's amounts are tensors: a changed number never traces again. So are
    the weights that the features are computed from: a run sees the same ones from its first step to its last,
    whatever is trained meanwhile. Images of a batch do not influence one another, unless the method asks for diversity.

    A filter that is closed, whose gradient is exactly zero, is opened: where `opens`, such an iteration is computed
    once more with gradients that pass closed rectifiers, as Olah et al. 2017 do in their first 16. So it is with every
    iteration until the filter answers; then the plain ascent goes on. What inhibits a closed filter is not sought.

    An ascent may start at a photo and stay near to it, which shows what in the photo excites the filter (Hamblin et al.
    2024, "Feature Accentuation", arXiv 2402.10039). The photo is a tensor, too: one ascent serves all.

    Args:
        features: Maps float images `(batch, height, width, channels)`, and the tensors that `weights` describes, to the
            layer's output, `(batch, ..., filters)`. It is called once, while tracing.
        image_shape: `(height, width, channels)` in pixels.
        input_range: The lowest and highest value that the model's input pixels take; a step of one grey
            level is 1/255 of it.
        method: Which axes of the method to compile; its amounts are given to `advance`.
        weights: A nest of `tf.TensorSpec`: the second argument of `features`; () where it takes the images only.
        opens: Whether `features` takes `opening` too, bool `(batch,)`: which images want to be opened.
        from_photo: Whether the images that it starts at are photos, which `Method.nearness` and the phase's magnitudes
            go by, and which are to be shown by how much each place mattered.
        data: What the image stands for: which of its channels are colours.

    Attributes:
        is_connected: Whether a gradient can pass from the layer to the image at all; False where rounding, a cast or
            the like stands on every way. None before `compile`.

    Example:

    >>> ascent = Ascent(lambda x: cut(x, training=False), (96, 96, 3))
    >>> chunk = ascent.advance(ascent.start([0]), one_hot([5], 64), Numbers.of(Method(), 1.0), iterations=20)
    >>> chunk.images.shape, chunk.activations.shape
    (TensorShape([1, 96, 96, 3]), TensorShape([20, 1]))
    """

    def __init__(
        self,
        features: Callable[..., tf.Tensor],
        image_shape: tuple[int, int, int],
        input_range: tuple[float, float] = (0.0, 1.0),
        method: Method = CLASSIC,
        weights: Any = (),
        opens: bool = False,
        from_photo: bool = False,
        data: Data = IMAGE,
    ) -> None:
        self._opens = opens
        self._is_near = from_photo and method.nearness > 0
        self._is_turned = from_photo and method.parameterization == "phase"
        self._is_shaded = from_photo or method.parameterization == "phase"
        self.is_connected: bool | None = None
        self._features: Callable[..., tf.Tensor] | None = features
        self._shape = image_shape
        self._input_range = input_range
        self._method = method
        self._parameters = PARAMETERIZATIONS[method.parameterization](image_shape, input_range, data)
        # AutoGraph has nothing to convert here; without it tracing is quicker, and a layer's error stays its own.
        signature = [*self._signature(), weights]
        self._advance = tf.function(self._loop, input_signature=signature, autograph=False)
        self._compiled: Any = None

    def compile(self) -> None:
        """Traces the loop without running it; the first `advance` would do so otherwise."""
        if self._compiled is None:
            # Called by itself, not through tf.function, which would warn that many ascents are traced.
            self._compiled = self._advance.get_concrete_function()
            forget_custom_gradients(self._compiled.graph)
            self._features = None  # with it the model is let go: the function holds no more of it than its graph

    def grown(self, smaller: State, size: tuple[int, int]) -> State:
        """Goes on where an ascent of the same method at a smaller size has come to.

        What the update rule carries along comes with it, and the count of steps, from which random moves are drawn: so
        none is drawn twice.

        Args:
            smaller: The state there; of no photo, which has one size only.
            size: `(height, width)` there.
        """
        return State(
            self._parameters.grow(smaller.parameters, size, smaller.seeds),
            tuple(self._parameters.carry(slot, power, size) for power, slot in enumerate(smaller.slots, 1)),
            tuple(tf.image.resize(each, self._shape[:2], "bilinear") for each in smaller.saliency),
            smaller.photo,
            smaller.seeds,
            smaller.iteration,
        )

    def start(self, seeds: Sequence[int], images: tf.Tensor | None = None) -> State:
        """The state before the first iteration.

        Args:
            seeds: One integer in [0, 2**31 - 1] per image.
            images: float32 `(batch, height, width, channels)` to begin with, and to stay near to; None for grey with a
                little noise.
        """
        parameters = self._parameters.start(seeds) if images is None else self._parameters.encode(images)
        photo = self._parameters.decode(parameters) if images is None else images
        return State(
            parameters,
            (tf.zeros_like(parameters),) * SLOTS[self._method.update],
            (tf.zeros((len(seeds), *self._shape[:2], 1)),) * self._is_shaded,
            (photo,) * (self._is_near or self._is_turned),
            tf.constant(list(seeds), tf.int32),
            tf.constant(0),
        )

    def advance(
        self, state: State, selection: tf.Tensor, numbers: Numbers, iterations: int, weights: Any = ()
    ) -> Chunk:
        """Takes `iterations` steps; 7 and then 13 give exactly what 20 give.

        Args:
            state: From `start`, or of the last chunk.
            selection: float32 `(batch, filters)`: which filters count for each image, see `one_hot`.
            numbers: The step size and the method's amounts.
            iterations: How many steps to take, 1 or more.
            weights: The second argument of the features.
        """
        self.compile()
        return Chunk(*self._compiled(state, selection, numbers, tf.constant(iterations), weights))

    def measure(self, state: State, selection: tf.Tensor, numbers: Numbers, weights: Any = ()) -> Measured:
        """What each image as it is, not transformed, does to its filter."""
        # A step of size zero: dearer than a forward pass, far cheaper than tracing another function.
        chunk = self.advance(state, selection, numbers.at_rest(), 1, weights)
        silent, redirected = chunk.gradient_rms[0] == 0, chunk.redirected[0]
        return Measured(chunk.activations[0], redirected | silent, redirected & ~silent)

    @property
    def variables(self) -> tuple[Any, ...]:
        """Variables that the features read by themselves, beside the weights that they are given."""
        return () if self._compiled is None else tuple(self._compiled.graph.variables)

    @property
    def operations(self) -> int:
        """How many operations were traced, those of the loop's body included; 0 before `compile`."""
        return 0 if self._compiled is None else sum(len(each.get_operations()) for each in graphs(self._compiled.graph))

    @property
    def trace_count(self) -> int:
        """How often the loop has been traced; more than once is a bug."""
        return int(self._advance.experimental_get_tracing_count())

    def _signature(self) -> list[object]:
        def batched(tensor: tf.Tensor) -> tf.TensorSpec:
            return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)

        state = self.start([0])
        specs = State(
            batched(state.parameters),
            tuple(map(batched, state.slots)),
            tuple(map(batched, state.saliency)),
            tuple(map(batched, state.photo)),
            batched(state.seeds),
            tf.TensorSpec((), tf.int32),
        )
        numbers = Numbers(*[tf.TensorSpec((), tf.float32)] * len(Numbers._fields))
        return [specs, tf.TensorSpec((None, None), tf.float32), numbers, tf.TensorSpec((), tf.int32)]

    def _seen(self, images: tf.Tensor, numbers: Numbers, state: State) -> tf.Tensor:
        if self._method.transforms:
            images = move(images, numbers, state.seeds, state.iteration)
        if self._method.blur:
            images = blur(images, numbers, state.seeds, state.iteration)
        return images

    def _maps(
        self, images: tf.Tensor, numbers: Numbers, state: State, weights: Any, opening: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The features of the images as the model sees them and, where they matter, those of their photos."""
        assert self._features is not None
        if self._is_near:
            # As further channels, so that the photos are moved just as the images are; then in one batch with them, so
            # that the features are traced once.
            pairs = self._seen(tf.concat([images, *state.photo], axis=3), numbers, state)
            seen = tf.concat(tf.split(pairs, 2, axis=3), axis=0)
            opening = tf.concat([opening, tf.zeros_like(opening)], axis=0)
        else:
            seen = self._seen(images, numbers, state)
        more = {"opening": opening} if self._opens else {}
        features = self._features(seen, *([weights] if weights else []), **more)
        if not self._is_near:
            return features, None
        features, photos = tf.split(features, 2)
        return features, tf.stop_gradient(photos)

    def _gradient(
        self,
        images: tf.Tensor,
        selection: tf.Tensor,
        numbers: Numbers,
        state: State,
        weights: Any,
        opening: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Where each image should go: activations, the gradient's RMS, and the gradient with the penalties' pull."""
        method = self._method
        features, photos = self._maps(images, numbers, state, weights, opening)
        value = activation(features, selection, method.objective)
        # Not by a tape: it does not know gradients that are registered by name (model/gradient.py).
        (gradient,) = tf.gradients(value, images)
        self.is_connected = gradient is not None
        gradient = tf.zeros_like(images) if gradient is None else gradient
        size = rms(gradient)
        # An image whose gradient is not finite stays where it was, and its neighbours go on.
        gradient = unit(gradient, size) * numbers.sign
        if method.diversity:
            (away,) = tf.gradients(likeness(features), images, unconnected_gradients="zero")
            gradient -= numbers.diversity * unit(away, rms(away))
        if photos is not None:
            left = departure(features, photos)
            (away,) = tf.gradients(left, images, unconnected_gradients="zero")
            gradient -= numbers.nearness * pull_back(away, left)
        if method.l2 or method.total_variation:
            low, high = self._input_range
            gradient -= pull((images - (low + high) / 2) / (high - low), numbers)
        return value, size, gradient

    def _loop(
        self,
        state: State,
        selection: tf.Tensor,
        numbers: Numbers,
        iterations: tf.Tensor,
        weights: Any,
    ) -> tuple[Any, ...]:
        method = self._method
        decode = self._parameters.decoder(*state.photo) if self._is_turned else self._parameters.decode
        is_unit = method.parameterization == "pixels" and not method.regularizes
        rule = unchanged if is_unit and method.update == "normalized" else RULES[method.update]
        step = numbers.step_size / 255 * self._parameters.unit

        def body(
            count: tf.Tensor,
            opening: tf.Tensor,
            state: State,
            series: tuple[tf.TensorArray, ...],
        ) -> tuple[tf.Tensor, tf.Tensor, State, tuple[tf.TensorArray, ...]]:
            images = decode(state.parameters)
            value, size, gradient = self._gradient(images, selection, numbers, state, weights, opening)
            (along,) = tf.gradients(images, state.parameters, grad_ys=gradient)
            change, slots = rule(along, state.slots, state.iteration)
            strength = tf.reduce_mean(tf.abs(gradient), axis=3, keepdims=True)
            saliency = tuple(total + strength for total in state.saliency)
            size = tf.reshape(size, (-1,))
            parameters, iteration = state.parameters + step * change, state.iteration + 1
            after = State(parameters, slots, saliency, state.photo, state.seeds, iteration)
            series = tuple(array.write(count, each) for array, each in zip(series, (value, size, opening), strict=True))
            if not self._opens:
                return count + 1, opening, after, series
            # The same iteration once more where an image is closed and was not being opened.
            closed = (size == 0) & ~opening & (numbers.sign > 0)
            again = tf.reduce_any(closed)
            after = tf.nest.map_structure(lambda new, old: tf.where(again, old, new), after, state)
            return count + tf.cast(~again, tf.int32), again & (opening | closed), after, series

        series = tuple(
            tf.TensorArray(dtype, size=iterations, element_shape=(None,)) for dtype in (tf.float32, tf.float32, tf.bool)
        )
        _, _, state, series = tf.while_loop(
            lambda count, *_: count < iterations,
            body,
            (0, tf.zeros_like(state.seeds, tf.bool), state, series),
            parallel_iterations=1,
        )
        return state, decode(state.parameters), *(array.stack() for array in series)
