"""Mail: what is queued with a change, how it is worded, how it leaves."""
