"""Measurements, each a ratio in one run; they assert nothing."""
