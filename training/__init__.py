"""Data, pseudo-fakes, fitting, calibration and evaluation: everything that makes the weights that ship."""
