"""The kernel of a layer is the one that it computes with, in units of weights; its outputs tell which that is."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model.kernels import kernel_parts, read_kernel

RNG = np.random.default_rng(6)


def built(layer, shape=(None, 8, 8, 3)):
    layer.build(shape)
    for variable in layer.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape))
    return layer


def response(layer, size, inputs):
    """What a convolution answers to a single pixel, input by input: its kernel, turned by 180 degrees."""
    found = []
    for channel in range(inputs):
        image = np.zeros((1, 2 * size - 1, 2 * size - 1, inputs), np.float32)
        image[0, size - 1, size - 1, channel] = 1
        found.append(np.asarray(layer(image) - layer(0 * image))[0])
    return np.stack(found, axis=2)


def of_matrix(layer, inputs):
    """What a dense layer answers to each input alone."""
    pixels = np.eye(inputs, dtype=np.float32)
    return np.asarray(layer(pixels) - layer(0 * pixels))


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.SpectralNormalization], ids=["plain", "normalized"])
def test_the_kernel_of_a_convolution_is_its_answer_to_single_pixels(wrap):
    layer = built(wrap(layers.Conv2D(4, 3)))
    if hasattr(layer, "power_iterations"):
        layer(RNG.normal(size=(1, 8, 8, 3)), training=True)  # from here on it computes with another kernel
    np.testing.assert_allclose(
        read_kernel(kernel_parts(layer)[0]), response(layer, 3, 3)[::-1, ::-1], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.SpectralNormalization], ids=["plain", "normalized"])
def test_the_axes_of_what_is_wrapped_are_put_in_order(wrap):
    transposed = built(wrap(layers.Conv2DTranspose(5, 3)))
    image = np.zeros((1, 1, 1, 3), np.float32)
    image[..., 2] = 1
    answer = np.asarray(transposed(image) - transposed(0 * image))[0]
    (part,) = kernel_parts(transposed)
    assert (part.filters, part.kind) == (5, "transposed")
    assert read_kernel(part).shape == (3, 3, 3, 5)
    np.testing.assert_allclose(read_kernel(part)[:, :, 2], answer, rtol=1e-4, atol=1e-5)
    depthwise = built(wrap(layers.DepthwiseConv2D(3, depth_multiplier=2)))
    (part,) = kernel_parts(depthwise)
    assert (part.filters, read_kernel(part).shape) == (6, (3, 3, 1, 6))
    answer = response(depthwise, 3, 3)[::-1, ::-1]  # of filter 5 to input 2, which is the one that it sees
    np.testing.assert_allclose(read_kernel(part)[:, :, 0, 5], answer[:, :, 2, 5], rtol=1e-4, atol=1e-5)
    dense = built(wrap(layers.Dense(4)), (None, 6))
    np.testing.assert_allclose(read_kernel(kernel_parts(dense)[0])[0, 0], of_matrix(dense, 6), rtol=1e-4, atol=1e-5)


class Twice(layers.Wrapper):
    def call(self, x):
        return 2 * self.layer(x)


def test_a_wrapper_of_ones_own_and_a_wrapped_wrapper_are_seen_through():
    layer = built(Twice(layers.SpectralNormalization(layers.Conv2DTranspose(5, 3))))
    (part,) = kernel_parts(layer)
    assert part.weight is layer.layer.layer.kernel
    assert part.kind == "transposed"


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "float64"])
def test_a_low_rank_update_shows_as_it_is_at_that_moment(dtype):
    layer = built(layers.Conv2D(4, 3, use_bias=False, dtype=dtype))
    before = read_kernel(kernel_parts(layer)[0])
    layer.enable_lora(2, lora_alpha=6)
    (part,) = kernel_parts(layer)
    tolerance = {"rtol": 2e-3, "atol": 2e-3} if "16" in dtype else {"rtol": 1e-6}
    np.testing.assert_allclose(read_kernel(part), before, **tolerance)  # it begins with zeros
    low, high = RNG.normal(size=(3, 3, 3, 2)), RNG.normal(size=(2, 4))
    layer.lora_kernel_a.assign(low)
    layer.lora_kernel_b.assign(high)
    np.testing.assert_allclose(read_kernel(part), before + 3 * low @ high, **tolerance | {"atol": 2e-2})
    assert any(part.weight is weight for weight in layer.weights)
    assert part.filters == 4
    dense = built(layers.Dense(4), (None, 6))
    dense.enable_lora(2)
    dense.lora_kernel_b.assign(RNG.normal(size=(2, 4)))
    np.testing.assert_allclose(read_kernel(kernel_parts(dense)[0])[0, 0], of_matrix(dense, 6), rtol=1e-4, atol=1e-5)


def calibrated(layer, mode):
    """A quantized layer with random codes, as Keras leaves one after calibration on data."""
    config = keras.quantizers.GPTQConfig if mode.startswith("gptq") else keras.quantizers.AWQConfig
    bits = 8 if mode == "gptq8" else 4
    layer.quantize(mode.rstrip("48"), config=config(dataset=None, tokenizer=None, weight_bits=bits, group_size=5))
    for variable in layer.variables:
        if variable.dtype == "uint8":
            variable.assign(RNG.integers(0, 16, variable.shape))
        elif "scale" in variable.name:
            variable.assign(RNG.uniform(0.1, 1, variable.shape))
    layer.g_idx.assign(np.arange(10) // 5)
    setattr(layer, f"is_{mode.rstrip('48')}_calibrated", True)


@pytest.mark.parametrize("mode", ["int8", "int4", "int4 in groups", "float8", "gptq4", "gptq8", "awq"])
@pytest.mark.parametrize("kind", ["dense", "einsum"])
def test_a_quantized_layer_is_read_in_units_of_weights(mode, kind):
    make = {"dense": lambda: layers.Dense(7), "einsum": lambda: layers.EinsumDense("ab,bc->ac", 7, bias_axes="c")}
    layer = built(make[kind](), (None, 10))
    before = layer.kernel.numpy()
    if mode.startswith(("gptq", "awq")):
        calibrated(layer, mode)
    else:
        config = keras.quantizers.Int4QuantizationConfig(block_size=4) if "groups" in mode else None
        layer.quantize(mode.split()[0], config=config)
        near = {"int8": 0.02, "int4": 0.3, "float8": 0.1}[mode.split()[0]]
        np.testing.assert_allclose(read_kernel(kernel_parts(layer)[0])[0, 0], before, atol=near * np.abs(before).max())
    (part,) = kernel_parts(layer)
    assert (part.shape, part.filters) == ((10, 7), 7)
    assert any(part.weight is variable for variable in layer.variables)
    np.testing.assert_allclose(read_kernel(part)[0, 0], of_matrix(layer, 10), rtol=1e-4, atol=1e-4)
    if mode in ("int8", "int4"):
        layer.enable_lora(2)
        layer.lora_kernel_b.assign(RNG.normal(size=(2, 7)))
        np.testing.assert_allclose(read_kernel(part)[0, 0], of_matrix(layer, 10), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "shape", "said"),
    [
        (layers.LSTM(2, name="a"), (None, 8, 3), "'a' is a LSTM, which runs over sequences: it has no kernel that can"),
        (layers.ReLU(name="a"), (None, 8, 8, 3), r"'a' \(ReLU\) has no kernel that can be shown"),
        (
            layers.TimeDistributed(layers.LSTM(2), name="a"),
            (None, 4, 8, 3),
            r"'a' is a TimeDistributed\(LSTM\), which runs over time: it has no kernel that can be shown",
        ),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 3), name="a"), (None, 4, 5), r"'a' \(EinsumDense\) has no"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_layer_without_such_a_kernel_is_described_as_what_it_is(layer, shape, said):
    with pytest.raises(ValueError, match=r"is not built|has no kernel that can be shown"):
        kernel_parts(layer)
    layer.build(shape)
    with pytest.raises(ValueError, match=said):
        kernel_parts(layer)


def test_a_layer_of_ones_own_with_a_kernel_is_read():
    class Own(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(2, 3, shape[-1], 5), initializer="random_normal")

    layer = Own()
    layer.build((None, 8, 8, 3))
    assert kernel_parts(layer)[0].filters == 5
    np.testing.assert_array_equal(read_kernel(kernel_parts(layer)[0]), layer.kernel)
