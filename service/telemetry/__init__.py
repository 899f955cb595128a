"""Seeing inside a running service: counters, drift, traces."""
