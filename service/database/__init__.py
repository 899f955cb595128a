"""PostgreSQL: given or embedded, its schema, and connections to it."""
