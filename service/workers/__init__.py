"""The processes that take analyses from the queue."""
