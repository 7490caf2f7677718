"""The notices before an order: what must be in them, and which names get a stronger warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.certificates.notices import authority_notice, name_warnings, transparency_notice
from api.issuance.authority import LETS_ENCRYPT


@pytest.mark.clause("4.1-d")
def test_the_names_become_public_and_cannot_be_removed() -> None:
    text = transparency_notice().text
    assert "public" in text
    assert "never be removed" in text
    assert "account is erased" in text
    assert "wildcard" in text


@pytest.mark.clause("4.1-c")
def test_the_authoritys_own_policy_is_linked_and_its_retention_stated() -> None:
    notice = authority_notice(LETS_ENCRYPT)
    assert notice.policy_url == "https://letsencrypt.org/privacy/"
    assert "IP addresses" in notice.text
    assert "7 to 10 years" in notice.text
    assert "unable to delete" in notice.text


def test_a_version_belongs_to_one_text_and_one_authority() -> None:
    assert transparency_notice().version == transparency_notice().version
    versions = {
        authority_notice(LETS_ENCRYPT).version,
        authority_notice(replace(LETS_ENCRYPT, name="Another")).version,
        authority_notice(replace(LETS_ENCRYPT, policy_url="https://example.com/p")).version,
        transparency_notice().version,
    }
    assert len(versions) == 4
    assert all(len(version) <= 32 for version in versions)


@pytest.mark.clause("4.1-d")
@pytest.mark.parametrize(
    "name",
    ["vpn-1.example.com", "db.prod.example.com", "files.internal", "jenkins.example.com", "ip-10-0-0-1.example.com"],
)
def test_a_private_looking_name_is_warned_of(name: str) -> None:
    (warning,) = name_warnings([name])
    assert warning.name == name
    assert "wildcard" in warning.text


@pytest.mark.parametrize("name", ["www.example.com", "example.com", "*.example.com", "office.com", "shop.vpn.com"])
def test_an_ordinary_name_is_not(name: str) -> None:
    assert list(name_warnings([name])) == []
