"""The audit log: one event per operation, durable before its answer, with personal content that can be erased."""
