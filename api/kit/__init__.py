"""The bottom room: errors and secrets that every other room may use."""
