"""Artefacts of the evidence: pictures and curves made while a clip is analysed, kept with it and erased with it."""
