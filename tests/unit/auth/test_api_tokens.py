"""API tokens check themselves, hide themselves, and scopes cannot be widened."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.api_tokens import mint, parse
from api.auth.errors import CredentialRefused, ScopeRefused
from api.auth.scopes import AGENT_SCOPES, HOLDER_SCOPES, OFFICER_SCOPES, SCOPES, STAFF_SCOPES, check_scopes, lacking
from api.kit.secrets import contains_private_key


def test_a_token_has_its_form_and_a_checksum_that_holds() -> None:
    for _ in range(200):
        api_token = mint()
        assert re.fullmatch(r"sslm_[0-9A-Za-z]{36}", api_token.text)
        assert parse(api_token.text) == api_token
        assert not contains_private_key(api_token.text)


def test_a_token_hides_itself() -> None:
    api_token = mint()
    assert api_token.text not in f"{api_token!r} {api_token}"
    assert len(api_token.secret_hash) == 32
    assert api_token.text.startswith(api_token.hint.removesuffix("…"))
    assert len(api_token.hint) <= 16


def test_the_checksum_never_changes() -> None:
    assert parse("sslm_" + "0" * 30 + "3fnvuJ")


@given(st.integers(5, 40), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
def test_one_wrong_character_is_noticed(place: int, other: str) -> None:
    text = mint().text
    wrong = text[:place] + other + text[place + 1 :]
    if wrong == text:
        return
    with pytest.raises(CredentialRefused):
        parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sslm_",
        "Bearer x",
        "sslm_" + "é" * 36,
        mint().text + "\n",
        " " + mint().text,
        mint().text.upper(),
        "x" * 100_000,
    ],
    ids=["empty", "prefix", "scheme", "letters", "newline", "space", "capitals", "long"],
)
def test_malformed_tokens_are_refused_alike(text: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        parse(text)
    assert refused.value.message == CredentialRefused().message


def test_scopes_are_checked_and_rooms_spelled_out() -> None:
    assert check_scopes(["domains:read", "domains:read"]) == ("domains:read",)
    assert check_scopes(["domains"]) == ("domains:read", "domains:write")
    for wrong in (["domains:delete"], ["dom"], ["audit:read"], ["*"], [""], []):
        with pytest.raises(ScopeRefused):
            check_scopes(wrong)
    assert check_scopes(["audit:read"], grantable=OFFICER_SCOPES) == ("audit:read",)


def test_nobody_hands_out_what_they_do_not_hold() -> None:
    assert lacking({"domains:read"}, ["domains:read", "domains:write"]) == ("domains:write",)
    assert lacking({"domains"}, ["domains:read", "domains:write"]) == ()
    assert lacking(AGENT_SCOPES, ["tokens:write"]) == ("tokens:write",)


def test_groups_of_scopes() -> None:
    assert "audit:read" not in HOLDER_SCOPES
    assert frozenset(SCOPES) == (AGENT_SCOPES | OFFICER_SCOPES | STAFF_SCOPES | HOLDER_SCOPES)
    assert frozenset({"schema:read"}) == STAFF_SCOPES
    assert all(len(meaning) > 10 for meaning in SCOPES.values())
