"""Addresses of databases: derived, respelt, and never shown with their password."""

from __future__ import annotations

import pytest

from api.db.roles import scram_verifier
from api.db.urls import DatabaseUrl, DatabaseUrls, derive_urls

SOCKET = "postgresql://postgres@/postgres?host=/var/run/db&port=5432"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_spelling_is_read_and_both_are_written(scheme: str) -> None:
    url = DatabaseUrl.parse(f"{scheme}://anna:s%40crt@db.example:5433/shop?sslmode=require")
    assert url.plain == "postgresql://anna:s%40crt@db.example:5433/shop?sslmode=require"
    assert url.sqlalchemy == "postgresql+asyncpg://anna:s%40crt@db.example:5433/shop?sslmode=require"
    assert (url.user, url.password, url.database) == ("anna", "s@crt", "shop")


@pytest.mark.parametrize("text", ["", "sqlite:///x", "db.example/shop", "mysql://a:hidden@b/c", "postgresql://"])
def test_other_addresses_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(ValueError, match="begins with postgresql://") as caught:
        DatabaseUrl.parse(text)
    assert "hidden" not in str(caught.value)


def test_nothing_printed_holds_the_password() -> None:
    urls = derive_urls("postgresql://anna:hidden@db.example/shop")
    assert "hidden" not in repr(urls)
    assert str(urls.owner.password) not in repr(urls)
    assert urls.owner.without_password() == "postgresql://sslm_owner@db.example/shop"


def test_each_role_gets_its_own_password() -> None:
    urls = derive_urls("postgresql://anna:hidden@db.example/shop")
    passwords = {url.password for url in (urls.owner, urls.application, urls.audit_writer, urls.officer, urls.reader)}
    assert len(passwords) == 5
    assert not passwords & {None, "hidden"}
    assert urls == derive_urls("postgresql://anna:hidden@db.example/shop")


def test_names_of_databases() -> None:
    assert [url.database for url in derive_urls(SOCKET).all()] == ["sslm"] * 5 + ["sslm_keys"] * 2
    assert derive_urls("postgresql://a@h/shop").keys.database == "shop_keys"
    assert derive_urls(SOCKET, database="other").keys_owner.database == "other_keys"
    assert "host=/var/run/db" in derive_urls(SOCKET).application.plain


def test_keys_may_live_on_another_server() -> None:
    urls = derive_urls("postgresql://a@main/shop", keys_base_url="postgresql://b@vault/wrapped")
    assert urls.keys.plain == "postgresql://sslm_app@vault/wrapped"
    assert urls.keys_owner.plain == "postgresql://sslm_owner@vault/wrapped"
    assert urls.application.plain == "postgresql://sslm_app@main/shop"


def test_roles_cannot_be_swapped() -> None:
    urls = derive_urls(SOCKET)
    with pytest.raises(ValueError, match="must name the role sslm_app"):
        DatabaseUrls(urls.owner, urls.owner, urls.audit_writer, urls.officer, urls.reader, urls.keys_owner, urls.keys)


def test_a_verifier_holds_no_password_and_differs_each_time() -> None:
    first, second = scram_verifier("hidden"), scram_verifier("hidden")
    assert first.startswith("SCRAM-SHA-256$4096:")
    assert "hidden" not in first
    assert first != second
    with pytest.raises(ValueError, match="ASCII"):
        scram_verifier("pässword")
