"""The Merkle tree of RFC 9162 with the formats of C2SP: checkpoints, tiles, proofs. Pure: no database, no clock.

What verifies (all modules but `tiles`) needs nothing but the standard library and `cryptography`, because the verifier
that goes into every export is made of these files.
"""
