"""Ordinary bad input is data, never an entry in `errors` and never a fault; and no key ever gets in."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.logs import captured_log
from tests.support.platform import Site
from tests.support.tenants import Tenant

ERRORS = "errors { __typename code message field retryAt ... on InvalidInput { rule } }"
LONG = "x" * 5_000
BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "no address": ("signUp", {"email": "no", "password": "p" * 14, "ageStatement": True}, "ADDRESS_REFUSED"),
    "too young": ("signUp", {"email": "a@b.org", "password": "", "ageStatement": False}, "AGE_STATEMENT_REQUIRED"),
    "a short password": (
        "signUp",
        {"email": "a@example.org", "password": "short", "ageStatement": True},
        "PASSWORD_REFUSED",
    ),
    "a wrong password": ("signIn", {"email": "nobody@example.org", "password": LONG}, "SIGN_IN_REFUSED"),
    "a wrong code": (
        "staffSignIn",
        {"email": "nobody@example.org", "password": "x", "oneTimeCode": "\u0663" * 6},
        "SIGN_IN_REFUSED",
    ),
    "a link that is none": ("verifyEmail", {"linkToken": LONG}, "LINK_REFUSED"),
    "another link that is none": ("confirmEmailChange", {"linkToken": ""}, "LINK_REFUSED"),
    "a third": ("keepEmail", {"linkToken": "\U0001f512"}, "LINK_REFUSED"),
    "a reset link that is none": ("resetPassword", {"linkToken": "x", "newPassword": "p" * 14}, "*"),
    "a long name": ("updateSettings", {"displayName": LONG}, "SETTING_REFUSED"),
    "a country that is none": ("updateSettings", {"country": "xx\ny"}, "SETTING_REFUSED"),
    "a zone that is none": ("updateSettings", {"timeZone": "../../etc/passwd"}, "SETTING_REFUSED"),
    "a language that is none": ("updateSettings", {"language": None}, "SETTING_REFUSED"),
    "a control character": ("updateSettings", {"companyName": "a\u202eb\x07"}, "SETTING_REFUSED"),
    "a scope that is none": ("createApiToken", {"name": "x", "scopes": ["everything"]}, "SCOPE_REFUSED"),
    "no scope": ("createApiToken", {"name": "x", "scopes": []}, "SCOPE_REFUSED"),
    "a life too long": ("createApiToken", {"name": "x", "scopes": ["domains"], "expiresInDays": 2**31 - 1}, "*"),
    "a life too short": ("createApiToken", {"name": "x", "scopes": ["domains"], "expiresInDays": -(2**31)}, "*"),
    "an empty domain": ("addDomain", {"name": ""}, "DOMAIN_REFUSED"),
    "a URL": ("addDomain", {"name": "https://example.org/path"}, "DOMAIN_REFUSED"),
    "an address": ("addDomain", {"name": "192.0.2.1"}, "DOMAIN_REFUSED"),
    "a long domain": ("addDomain", {"name": LONG}, "DOMAIN_REFUSED"),
    "a suffix": ("addDomain", {"name": "*.co.uk"}, "DOMAIN_REFUSED"),
    "junk for a request": (
        "orderCertificate",
        {"csr": "A" * 100_000, "challengeType": "HTTP_01", "ctAcknowledged": True, "idempotencyKey": "k-1234-5678"},
        "*",
    ),
    "an empty key": (
        "orderCertificate",
        {"csr": "junk", "challengeType": "DNS_01", "ctAcknowledged": False, "idempotencyKey": ""},
        "*",
    ),
    "an agent without a name": (
        "enrolAgent",
        {"label": "", "hostName": "", "operatingSystem": "", "agentVersion": ""},
        "AGENT_VALUE_REFUSED",
    ),
    "a present password that is wrong": ("changePassword", {"currentPassword": "x", "newPassword": "p" * 14}, "*"),
    "an address to change to": ("requestEmailChange", {"newEmail": "x", "currentPassword": "x"}, "*"),
}


def type_of(name: str) -> str:
    shared = {"verifyEmail": "Link", "confirmEmailChange": "Link", "keepEmail": "Link"}
    return shared.get(name, name[0].upper() + name[1:])


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_data(shop: Site, alice: Tenant, case: str) -> None:
    name, given, code = BAD[case]
    document = f"mutation($input: {type_of(name)}Input!) {{ {name}(input: $input) {{ {ERRORS} }} }}"
    anonymous = name in {"signUp", "signIn", "staffSignIn", "verifyEmail", "resetPassword"}
    answer = await shop.ask(document, {"input": given}, by=None if anonymous else alice.browser)
    assert "errors" not in answer, answer
    (error,) = answer["data"][name]["errors"]
    assert code in {"*", error["code"]}
    assert error["code"] != "INTERNAL"
    assert error["message"].endswith(".")
    assert LONG not in str(answer)
    assert "A" * 100 not in str(answer)


async def test_a_megabyte_in_one_text_is_refused_unread_and_stores_nothing(shop: Site, alice: Tenant) -> None:
    given = {"csr": "A" * 1_000_000, "challengeType": "HTTP_01", "ctAcknowledged": True, "idempotencyKey": "k-1"}
    document = f"mutation($input: OrderCertificateInput!) {{ orderCertificate(input: $input) {{ {ERRORS} }} }}"
    before = await shop.ask("{ me { orders(first: 1) { totalCount } } }", by=alice.browser)
    answer = await shop.ask(document, {"input": given}, by=alice.browser)
    (error,) = answer["errors"]
    assert error["extensions"]["rule"] == "text-too-long"
    assert "A" * 100 not in str(answer)
    assert await shop.ask("{ me { orders(first: 1) { totalCount } } }", by=alice.browser) == before


async def test_who_is_not_signed_in_is_told_so(shop: Site) -> None:
    for name in ("signOut", "resendVerification"):
        answer = await shop.ask(f"mutation {{ {name} {{ {ERRORS} }} }}")
        assert "errors" not in answer
    answer = await shop.ask(f'mutation {{ addDomain(input: {{name: "x.org"}}) {{ {ERRORS} }} }}')
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def private_key() -> str:
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.clause("3.3-a")
async def test_a_private_key_leaves_its_bytes_nowhere(own_site: Site) -> None:
    from_variables = "mutation($name: String!) { addDomain(input: {name: $name}) { domain { id } errors { code } } }"
    with captured_log() as log:
        before = await own_site.everything()
        for _ in range(3):
            key = private_key()
            body = "".join(key.splitlines()[1:-1])
            escaped = "".join(f"\\u{ord(letter):04x}" for letter in key)
            for document, variables in (
                (from_variables, {"name": key}),
                (from_variables, {"name": "x", "unused": {"deep": [{key: 1}]}}),
                (f'mutation {{ addDomain(input: {{name: "{escaped}"}}) {{ errors {{ code }} }} }}', {}),
                (f'mutation {{ addDomain(input: {{name: """\n{key}"""}}) {{ errors {{ code }} }} }}', {}),
                (f"{{ me {{ id }} }} # {key.replace(chr(10), ' ')}", {}),
            ):
                answer = await own_site.ask(document, variables)
                (error,) = answer["errors"]
                assert error["extensions"]["code"] == "PRIVATE_KEY_REFUSED"
                assert "data" not in answer
                for part in (body[:40], body[40:80], body[-40:]):
                    assert part not in str(answer) + log.getvalue()
        assert await own_site.everything() == before
    assert "BEGIN" not in log.getvalue()


async def test_signing_in_sets_the_cookies_of_the_registry(own_site: Site) -> None:
    """Sign-up, link, sign-in and sign-out, as a browser does it."""
    password = "eleven quiet herons by the weir"
    given = {"email": "new@example.org", "password": password, "ageStatement": True}
    signed_up = await own_site.ask(f"mutation($i: SignUpInput!) {{ signUp(input: $i) {{ {ERRORS} }} }}", {"i": given})
    assert signed_up == {"data": {"signUp": {"errors": []}}}
    document = f"mutation($i: SignInInput!) {{ signIn(input: $i) {{ {ERRORS} }} }}"
    body = {"query": document, "variables": {"i": {"email": "new@example.org", "password": password}}}
    response = await own_site.post(body)
    assert response.json()["data"] == {"signIn": {"errors": []}}
    cookies = {one.partition("=")[0]: one for one in response.headers.get_list("set-cookie")}
    assert set(cookies) == {"__Host-session", "__Host-csrf", "__Host-device"}
    assert all("; Path=/; Secure; SameSite=" in one and "Domain" not in one for one in cookies.values())
    assert "HttpOnly" in cookies["__Host-session"]
    browser = own_site.browser(cookies["__Host-session"].partition("=")[2].partition(";")[0])
    assert (await own_site.ask("{ me { email } }", by=browser))["data"]["me"]["email"] == "new@example.org"
    ended = await own_site.post({"query": "mutation { signOut { errors { code } } }"}, browser.headers())
    assert all("Max-Age=0" in one for one in ended.headers.get_list("set-cookie"))
    assert (await own_site.ask("{ me { id } }", by=browser))["data"] == {"me": None}
