from __future__ import annotations

from tests.integration.graphql.conftest import alice, bob, own_site, shop

__all__ = ["alice", "bob", "own_site", "shop"]
