"""Labelled sets of clips and utterances: manifests, readers of known layouts, checks, splits, balance, re-encoding."""
