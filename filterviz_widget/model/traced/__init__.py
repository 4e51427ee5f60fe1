"""Networks that are written in TensorFlow rather than in Keras: traced, and read from the graph that comes of it."""
