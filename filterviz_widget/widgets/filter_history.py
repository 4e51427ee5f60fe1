"""FilterHistory: the callback that records a training run, and shows itself in a notebook."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from filterviz_widget.history import HistoryCallback
from filterviz_widget.widgets.history_widget import HistoryWidget


class FilterHistory(HistoryCallback):
    """Records how filters form while a network trains: kernels, gradients, and the pictures that filters respond to.

    A Keras callback. After each epoch, and once before training, it keeps

    - the kernels of the chosen layers, as the layers compute with them;
    - the gradients of the compiled loss, regularization included, with respect to every trainable weight. A callback
      never sees the batches of `fit`, so these are the gradients on the probe, the same examples every time;
    - the picture that each chosen filter responds to most, from the same start every time: the same bytes as in
      `FilterExplorer` and `visualize_filter`, with what there is to know about it (`notes`);
    - the numbers that Keras logged. `class_weight` given to `fit` is not known here: give the probe sample weights.

    Training is not disturbed: the same seed gives the same weights with and without the callback.

    Epochs are counted as "trained so far". A second `fit` goes on counting where the first ended, unless its
    `initial_epoch` says otherwise; a first `fit` with `initial_epoch=5` begins with record 5. Interrupting `fit` keeps
    what was recorded. A model that only the first batch builds is recorded from the end of the first epoch on or, with
    a probe, which builds it, from before training.

    Whatever cannot be recorded is left out, and training goes on: a warning and `error` say what and why. If that is
    one picture or the gradients, the rest is recorded; if it is all, recording stops, and the next `fit` tries again.

    Copies (`copy.deepcopy`, as searches over hyperparameters make for each trial) are new, empty histories with the
    same settings.

    Args:
        probe: `(x, y)` or `(x, y, sample_weight)`: examples as `fit` takes them, as arrays, such as one batch of the
            validation data; `y` may be None for a loss that needs none. They are not copied. None: no gradients.
        layers: Which layers: names (paths in nested models: "vgg16/block3_conv1"), indices in `model.layers`, or
            layers; None for all convolutions of the model. Each takes time: name those that you want to watch.
        filters: Which filters of each layer are drawn, counted from 0; those that a layer lacks are left out. `()`
            for no pictures.
        every: Records every so many epochs.
        method: A preset's name: "classic", "robust" or "natural".
        iterations: Steps of the ascent, 1 to 10,000; None for what suits the method (classic: 20).
        step_size: Grey levels per iteration (RMS), 0.01 to 1,000; None for what suits the method (classic: 1.0).
        seed: Of the start image, in [0, 2**31 - 1].
        training: Whether the probe's gradients are taken in training mode: dropout on, and batch normalization over
            each batch of the probe.
        initial: Whether the state before training is recorded.
        batch_size: How many examples of the probe are computed at a time.
        max_bytes: How many bytes of arrays are held in memory. Beyond it, the oldest go to a temporary file that is
            removed by `close()`, when the history is forgotten, or at exit; they are read as before.
        strict: Whether whatever cannot be recorded ends training with its exception.
        image_size: Side of the pictures, or `(height, width)`, in pixels, up to 2,048; None for the model's input size.
        input_range: The lowest and highest value that the model's input pixels take; "auto" reads them from the
            model's first layers, and is (0, 1) where these say nothing.
        input: Name of the input to optimise, for a model with several.
        preprocess: What happens to the image before the model sees it: a function in TensorFlow operations, or
            "caffe", "tf" or "torch" as `keras.applications` calls them.
        other_inputs: What the model's other inputs are held at, arrays by name; zeros where nothing is given.
        channels: Three channels to show as red, green and blue, for an image that is neither grey nor RGB.
        data: What the model's input is, an image, a spectrogram, a signal or a volume; as for `FilterExplorer`.
        precision: In which dtype the pictures are computed: "float32", "bfloat16", "float16", or "auto", as for
            `FilterExplorer`.
        **options: Axes of `Method`, such as `jitter=8` or `sign=-1`.

    Raises:
        TypeError, ValueError: If an argument is unknown or not allowed. What depends on the model is found when `fit`
            starts, and raised there only if `strict`.

    Example:

    >>> history = FilterHistory(probe=(x[:32], y[:32]), layers=["conv2d_1"])
    >>> model.fit(x, y, epochs=4, callbacks=[history])
    >>> history.epochs
    (0, 1, 2, 3, 4)
    >>> history.kernels("conv2d_1").shape  # records, height, width, inputs, filters
    (5, 3, 3, 32, 64)
    >>> history.plot("conv2d_1", 0)
    >>> history.save("run.h5")
    >>> FilterHistory.load("run.h5").epochs
    (0, 1, 2, 3, 4)
    """

    _widget: HistoryWidget | None = None

    def _begin(self) -> None:
        super()._begin()
        self._widget = None

    def widget(self) -> HistoryWidget:
        """The widget that shows this history, also while it is recorded; the same one every time.

        Raises:
            RuntimeError: If the history is closed.
        """
        if self._closed:
            raise RuntimeError("This history is closed: make a new FilterHistory.")
        if self._widget is None or self._widget.closed:
            self._widget = HistoryWidget(self)
        return self._widget

    def to_html(
        self,
        path: str | Path | None = None,
        layers: Sequence[str] | None = None,
        filters: Iterable[int] | None = None,
        *,
        title: str | None = None,
    ) -> str | None:
        """Makes one HTML file to hand out: the run as the widget shows it, to play with without a kernel.

        The file needs no network and no other file: script, style and pictures are in it, those that filters respond to
        as WebP or JPEG with losses that hardly show.

        Args:
            path: Ends in ".html"; None returns the page as text.
            layers: Which recorded layers, by path; None for all.
            filters: Which of their recorded filters; those that a layer lacks are left out. None for all.
            title: The page's heading; None for "How filters formed".

        Raises:
            ValueError: For a layer that was not recorded, no filter at all, or a file's name that ends otherwise.
            OSError: If it cannot be written; what was there before stays.
            RuntimeError: If the history is closed, or nothing is recorded yet.

        Example:

        >>> model.fit(x, y, epochs=2, callbacks=[history])
        >>> history.to_html("run.html", layers=["conv2d_1"])
        """
        from filterviz_widget.widgets import handout, history_handout

        target, widget = handout.checked(path), self.widget()
        widget.wait()
        state = {name: value for name, value in widget.get_state().items() if name in handout.kept(widget.keys)}
        if not state["layers"]:
            raise RuntimeError("Nothing is recorded yet: pass this history to fit, callbacks=[history].")
        wanted = history_handout.chosen(layers, filters, {each["name"]: each["filters"] for each in state["layers"]})
        content = history_handout.content(self, state, wanted)
        about = "Recorded while the network was trained: epoch, layer and filter can be moved."
        page = handout.page("history", title or "How filters formed", about, content)
        return handout.handed_out(page, target)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # Through the widget's own, which tells Colab to allow widgets.
        return {"text/plain": repr(self)} if self._closed else self.widget()._repr_mimebundle_(**kwargs)

    def close(self) -> None:
        """Lets go of the model, the records, the temporary file and the widget."""
        try:
            if self._widget is not None:
                self._widget.close()
        finally:  # also where somebody was tired of waiting for the widget
            super().close()
