"""The HTTP API: what it reads, what it answers, how it describes itself."""
