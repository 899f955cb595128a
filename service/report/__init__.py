"""The report of an analysis: one document, given as HTML, as PDF and as JSON."""
