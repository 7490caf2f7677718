"""Orders and certificates, as their holder sees them."""
