"""Every mail that account services send can be worded, and its link leads to the page that spends it."""

from __future__ import annotations

import pytest

from api.accounts.api_tokens import NewApiToken, create_api_token
from api.accounts.credentials import change_password
from api.accounts.email_change import confirm_email_change, request_email_change
from api.accounts.sign_in import SignIn, sign_in
from api.mail.outbox import MailContent
from api.mail.rendering import MailIdentity, MailRenderer
from api.models import DeliveryId
from api.viewer import Origin, anonymous
from governance.ids import new_id
from tests.factories.accounts import (
    EMAIL,
    PASSWORD,
    QueuedMail,
    account_parts,
    link_in,
    mails,
    new_holder,
    verified_holder,
)
from tests.integration.accounts.test_credentials import reset_link
from tests.integration.accounts.test_sign_in import ELSEWHERE, WRONG, guess
from tests.integration.conftest import Platform

SITE = "https://certificates.example"
RENDERER = MailRenderer(
    MailIdentity("mail@example.org", "Test site", SITE, "support@example.org", operator="Operator Ltd")
)
PAGES = {
    "verify_email": "/verify",
    "reset_password": "/reset-password",
    "change_email": "/confirm-email",
    "email_change_requested": "/keep-email",
}
NEW = "new@example.org"


async def everything_happens(platform: Platform) -> None:
    parts = account_parts(platform)
    holder = await verified_holder(platform)
    await new_holder(platform)
    await sign_in(parts, anonymous(Origin("203.0.113.9", "Odd\r\nSubject: {{ 7 * 7 }}", "r")), SignIn(EMAIL, PASSWORD))
    async with platform.works.open(holder.viewer) as work:
        await create_api_token(work, NewApiToken("{{ link_token }}", ("domains:read",)))
    await reset_link(platform)
    await guess(platform, 10, WRONG, ELSEWHERE)
    holder = await change_password(parts, holder.viewer, PASSWORD, "nine other herons on the roof")
    await request_email_change(parts, holder.viewer, NEW, "nine other herons on the roof")
    async with platform.works.open(ELSEWHERE) as work:
        await confirm_email_change(work, await link_in(platform, "change_email", NEW))


def worded(platform: Platform, mail: QueuedMail) -> tuple[str, str]:
    content = MailContent(mail.recipient, mail.language, mail.values)
    delivery_id = DeliveryId(new_id(platform.clock))
    message = RENDERER.render(delivery_id, mail.template, content, platform.clock.now())
    return str(message["Subject"]), str(message.get_content())


async def test_each_mail_is_worded_with_the_values_it_was_given(platform: Platform) -> None:
    await everything_happens(platform)
    queued = {mail.template: mail for mail in await mails(platform)}
    assert queued.keys() == {
        "verify_email", "account_exists", "new_device_sign_in", "api_token_created", "reset_password",
        "sign_in_throttled", "password_changed", "change_email", "email_change_requested", "email_changed",
    }  # fmt: skip
    for mail in queued.values():
        subject, text = worded(platform, mail)
        assert subject
        assert mail.values.get("link_token", "Test site") in text
    assert "{{ 7 * 7 }}" in worded(platform, queued["new_device_sign_in"])[1]
    assert "{{ link_token }}" in worded(platform, queued["api_token_created"])[1]


@pytest.mark.parametrize("template", PAGES)
async def test_a_link_leads_to_its_page(platform: Platform, template: str) -> None:
    await everything_happens(platform)
    mail = (await mails(platform, template=template))[-1]
    _, text = worded(platform, mail)
    assert f"{SITE}{PAGES[template]}?token={mail.values['link_token']}" in text.splitlines()
