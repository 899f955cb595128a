"""Training of the lip-and-voice network."""
