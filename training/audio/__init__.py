"""Training of the voice network: utterances, copy-synthesis, augmentation, fitting."""
