"""The certificate authorities of this installation, by the name orders carry; one is the default (clause 4.1-a)."""

from __future__ import annotations

from api.issuance.authority import CertificateAuthority


class Authorities:
    """The default authority, which every order goes to that names no other, and those old orders may still need."""

    def __init__(self, default: CertificateAuthority, *others: CertificateAuthority) -> None:
        self.default = default
        self._by_name = {each.description.name: each for each in (*others, default)}

    def named(self, name: str) -> CertificateAuthority | None:
        """Return the authority an order was made for; None when it is configured no more."""
        return self._by_name.get(name)

    async def close(self) -> None:
        """End all connections."""
        for authority in self._by_name.values():
            await authority.close()
