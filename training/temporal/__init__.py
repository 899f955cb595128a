"""Training of the temporal branch on real, published and spoilt face tracks."""
