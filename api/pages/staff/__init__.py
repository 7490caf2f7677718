"""The pages of the operator's own people."""
