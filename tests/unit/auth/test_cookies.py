"""The cookie table of policy section 5.1 is what the one function enforces."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.auth import cookies
from api.auth.cookies import CookieNotRegistered, cookie_value, delete_cookie, set_cookie

TOKEN = "pBkkfYBEJi6kYUcVqpGLUjRJo7kpQm5eesjDzs-IgYg"
MONTH = timedelta(days=30)

TABLE = {
    "__Host-session": ("essential", 2_592_000, "Lax", True, False),
    "__Host-csrf": ("essential", None, "Strict", False, False),
    "__Host-prefs": ("preference", 31_536_000, "Lax", False, False),
    "__Host-cookie-choice": ("preference", 15_724_800, "Lax", False, False),
    "_ga": ("analytics", 33_696_000, "Lax", False, True),
    "_ga_<container>": ("analytics", 33_696_000, "Lax", False, True),
    "__Host-device": ("security", 7_776_000, "Strict", True, False),
    "__Host-signin": ("security", None, "Lax", True, False),
}


@pytest.mark.clause("5.1-e")
def test_the_registry_is_the_table_of_the_policy() -> None:
    found = {
        rule.name: (
            rule.type.value,
            int(rule.longest.total_seconds()) if rule.longest else None,
            rule.same_site.value,
            rule.http_only,
            rule.needs_consent,
        )
        for rule in cookies.REGISTRY
    }
    assert found == TABLE


@pytest.mark.clause("5.1-a")
def test_a_session_cookie_with_and_without_staying_signed_in() -> None:
    short = set_cookie(cookies.SESSION, TOKEN)
    assert short == f"__Host-session={TOKEN}; Path=/; Secure; SameSite=Lax; HttpOnly"
    assert set_cookie(cookies.SESSION, TOKEN, life=MONTH) == f"{short}; Max-Age=2592000"


@pytest.mark.clause("5.1-d")
def test_the_device_cookie_lives_ninety_days_and_holds_a_random_token_only() -> None:
    assert set_cookie(cookies.DEVICE, TOKEN, life=timedelta(days=90)).endswith(
        "SameSite=Strict; HttpOnly; Max-Age=7776000"
    )
    with pytest.raises(CookieNotRegistered):
        set_cookie(cookies.DEVICE, "sara@example.com", life=MONTH)


@pytest.mark.clause("5.1-b")
def test_preferences_live_a_year_at_most() -> None:
    assert "Max-Age=31536000" in set_cookie(cookies.PREFERENCES, "language=ar&mode=dark", life=timedelta(days=365))
    with pytest.raises(CookieNotRegistered):
        set_cookie(cookies.PREFERENCES, "language=ar", life=timedelta(days=366))


@pytest.mark.clause("5.1-e")
@pytest.mark.parametrize(
    ("name", "value", "life"),
    [
        ("session", TOKEN, None),
        ("_ga", "GA1.1.1.1", MONTH),
        ("_ga_ABC", "x", MONTH),
        (cookies.SESSION, TOKEN, timedelta(days=31)),
        (cookies.SESSION, TOKEN, timedelta(0)),
        (cookies.SESSION, TOKEN, -MONTH),
        (cookies.CSRF, "a" * 22 + "." + "b" * 43, MONTH),
        (cookies.SIGN_IN, TOKEN, timedelta(hours=1)),
        (cookies.SESSION, "", None),
        (cookies.SESSION, "short", None),
        (cookies.SESSION, f"{TOKEN}; Domain=evil.example", None),
        (cookies.SESSION, f"{TOKEN}\r\nSet-Cookie: a=b", None),
        (cookies.SESSION, f"{TOKEN}\n", None),
    ],
)
def test_anything_else_cannot_be_set(name: str, value: str, life: timedelta | None) -> None:
    with pytest.raises(CookieNotRegistered):
        set_cookie(name, value, life=life)


def test_every_cookie_of_the_server_has_its_prefix_and_can_be_deleted() -> None:
    for rule in cookies.REGISTRY:
        if rule.set_by_browser:
            continue
        assert rule.name.startswith("__Host-")
        header = delete_cookie(rule.name)
        assert header.endswith("Max-Age=0")
        assert "Path=/; Secure" in header
        assert "Domain" not in header


def test_reading_cookies() -> None:
    assert cookie_value([f"a=b; {cookies.SESSION}={TOKEN}"], cookies.SESSION) == TOKEN
    assert cookie_value(["a=b", f"{cookies.SESSION}={TOKEN};c=d"], cookies.SESSION) == TOKEN
    assert cookie_value([], cookies.SESSION) is None
    assert cookie_value([f"{cookies.SESSION}={TOKEN}; {cookies.SESSION}={TOKEN}"], cookies.SESSION) is None
    assert cookie_value([f"{cookies.SESSION}=\x00{TOKEN}"], cookies.SESSION) is None
    assert cookie_value([f"{cookies.SESSION}"], cookies.SESSION) is None
