"""The routes of the HTTP API, a resource a file."""
