"""What the agent does without a network."""
