"""Evaluation: the detector that serves, run over a labelled set, with figures, plots and baselines beside it."""
