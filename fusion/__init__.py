"""From evidence to verdict: features, calibrated head, detector."""
