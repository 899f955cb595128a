"""The HTTP API, its workers and the command line."""
