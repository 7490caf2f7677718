"""The SSL Certificate Manager: certificates for private keys that never arrive here."""
