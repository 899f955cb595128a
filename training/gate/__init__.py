"""Training of the patch gate."""
