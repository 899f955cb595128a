"""Where clips are kept: a folder or a bucket."""
