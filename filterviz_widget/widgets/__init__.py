"""The widgets, and the only place that knows traitlets."""
