"""Network definitions and trained artefacts: tensors in, tensors out, nothing about video."""
