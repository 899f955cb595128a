"""Training of the visual branch on real faces and pseudo-fakes made from them."""
