"""Evidence: media in, evidence out. One branch a file, all of one protocol."""
