"""Fitting the fusion heads on features that the Detector extracted."""
