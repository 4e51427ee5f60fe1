"""What recording costs: a record at the default settings, as a share of an epoch's own time; and showing many."""

import time
from typing import Any

import keras
import numpy as np

from filterviz_widget import FilterHistory
from filterviz_widget.demo import flowers, network
from filterviz_widget.history import Record
from filterviz_widget.history.layout import Part, RecordedLayer

EPOCHS = 3


def classic_network() -> keras.Model:
    """The well-known recipe's: three convolutions on 224x224 pixels."""
    from tests.history.networks import classic_network

    return classic_network()


def measure(model: keras.Model, images: np.ndarray, labels: np.ndarray, loss: Any) -> dict[str, float]:
    """Trains without and with recording; the first epoch, which traces, is left out."""
    model.compile("adam", loss)
    times: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.began)

    model.fit(images, labels, epochs=EPOCHS + 1, callbacks=[Clock()], verbose=0)
    epoch = float(np.median(times[1:]))
    history = FilterHistory(probe=(images[:32], labels[:32]), input_range=(0, 1))
    model.fit(images, labels, epochs=EPOCHS + 1, callbacks=[history], verbose=0)
    seconds = [log["record_seconds"] for log in history.logs]
    history.close()
    record = float(np.median(seconds[2:]))
    return {"epoch s": epoch, "record s": record, "first record s": seconds[0], "share": record / epoch}


def shown_while_trained(records: int, layers: int = 50, weights: int = 320) -> float:
    """Processor seconds that the widget takes from a training run, drawing after each epoch; the host is not counted.

    They are the interpreter's, which training waits for. With 300 records, 0.1.0 took 96 s of them and more, as it made
    everything anew from all records: 50 took 76 s on the machine on which 300 now take 1.
    """
    rng = np.random.default_rng(0)
    names = [f"block{number}/conv" for number in range(layers)]
    kernel, picture = rng.normal(size=(3, 3, 8, 8)).astype(np.float32), rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    others = [f"norm{number}/gamma" for number in range(weights - 2 * layers)]
    held = tuple(f"{name}/{weight}" for name in names for weight in ("kernel", "bias")) + tuple(others)
    history = FilterHistory(max_bytes=1e12)
    history.probe_size = 1
    history._layout = tuple(
        RecordedLayer(name, (0, 1, 2, 3), (Part("kernel", "convolution", f"{name}/kernel", kernel.shape),))
        for name in names
    )
    widget = history.widget()
    widget.wait()
    began = time.process_time()
    for epoch in range(records):
        history._store.append(
            Record(
                epoch=epoch,
                logs={"loss": 1 / (epoch + 1)},
                weights=held,
                norms=rng.random(weights),
                gradients=tuple(kernel if name.endswith("kernel") else kernel[0, 0, 0] for name in held),
                kernels=dict.fromkeys(names, (kernel,)),
                pictures=dict.fromkeys(names, picture),
                activations={name: np.ones(4, np.float32) for name in names},
                dead={name: np.zeros(4, bool) for name in names},
            )
        )
        history._tell()
        widget.wait()
    seconds = time.process_time() - began
    history.close()
    return seconds


def main() -> dict[str, Any]:
    """Measures the classic network and the flower model."""
    large, labels = flowers(340, size=224)
    small, small_labels = flowers(1700)
    results = {
        "classic network, 340 images": measure(
            classic_network(), large, labels, keras.losses.SparseCategoricalCrossentropy()
        ),
        "flower model, 1,700 images": measure(
            network.build(), small, small_labels, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ),
    }
    counts = (100, 300, 1000)
    results["widget, 50 layers, 320 weights"] = {f"{count} records s": shown_while_trained(count) for count in counts}
    for name, figures in results.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))
    return results


if __name__ == "__main__":
    main()
