"""Analyses and the queue that carries them."""
