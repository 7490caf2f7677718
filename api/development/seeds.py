"""A demo account and an officer for `make dev`, made through the real services and found again at the next start."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.accounts.api_tokens import NewApiToken, create_api_token
from api.accounts.registration import SignUp, sign_up, verify_email
from api.accounts.sessions import SignedIn
from api.accounts.sign_in import SignIn, sign_in
from api.accounts.staff import OPERATOR, NewStaff, create_staff, mint_staff_token
from api.auth.errors import CredentialRefused
from api.auth.scopes import HOLDER_SCOPES
from api.auth.viewers import viewer_of_api_token
from api.development.mailbox import wait_for_link
from api.development.platform import DevelopmentPlatform
from api.viewer import Origin, Role, anonymous

HOLDER: Final = "holder@demo.example.com"
OFFICER: Final = "officer@demo.example.com"
_ORIGIN: Final = Origin("127.0.0.1", "make dev", "")


@dataclass(frozen=True, slots=True)
class Seeds:
    """Credentials of the demo account and of the officer, for the terminal and `dev.json`."""

    email: str
    password: str
    api_token: str
    officer_token: str


async def seed(platform: DevelopmentPlatform) -> Seeds:
    """Return working credentials; what an earlier start made and still works is used again."""
    path = Path(platform.core.settings["SSLM_VAR"]) / "dev-credentials.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    password = str(kept.get("password") or "")
    if not password:
        password = secrets.token_urlsafe(18)
        await _make_account(platform, password)
    token = await _still_valid(platform, kept.get("token")) or await _holder_token(platform, password)
    officer = await _still_valid(platform, kept.get("officer_token")) or await _officer_token(platform, kept)
    seeds = Seeds(HOLDER, password, token, officer)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"password": password, "token": token, "officer_token": officer, "officer": OFFICER}))
    return seeds


async def sign_in_as_holder(platform: DevelopmentPlatform, password: str) -> SignedIn:
    """Sign the demo holder in, as the page would."""
    return await sign_in(platform.core.account_parts, anonymous(_ORIGIN), SignIn(HOLDER, password))


async def _make_account(platform: DevelopmentPlatform, password: str) -> None:
    core = platform.core
    await sign_up(core.account_parts, anonymous(_ORIGIN), SignUp(HOLDER, password, age_statement=True))
    _, link_token = await wait_for_link(platform.mail_folder, HOLDER, "/verify")
    async with core.works.open(anonymous(_ORIGIN)) as work:
        await verify_email(work, link_token)


async def _holder_token(platform: DevelopmentPlatform, password: str) -> str:
    signed_in = await sign_in_as_holder(platform, password)
    async with platform.core.works.open(signed_in.viewer) as work:
        minted = await create_api_token(work, NewApiToken("make dev", tuple(sorted(HOLDER_SCOPES))))
    return minted.text


async def _officer_token(platform: DevelopmentPlatform, kept: dict[str, Any]) -> str:
    core = platform.core
    if not kept.get("officer"):
        staff = NewStaff(email=OFFICER, name="Demo officer", role=Role.COMPLIANCE_OFFICER)
        await create_staff(core.account_parts, OPERATOR, staff)
    async with core.works.open(OPERATOR) as work:
        minted = await mint_staff_token(work, OFFICER, "make dev", expires_in_days=365)
    return minted.text


async def _still_valid(platform: DevelopmentPlatform, text: str | None) -> str:
    if not text:
        return ""
    try:
        async with platform.core.sessions.read() as session:
            await viewer_of_api_token(session, text, _ORIGIN, platform.core.clock)
    except CredentialRefused:
        return ""
    return text
