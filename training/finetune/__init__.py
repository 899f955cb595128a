"""Fine-tuning of the visual network on labelled clips of one's own."""
