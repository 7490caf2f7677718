"""Staff sign in with a code and read the audit log if their role may; holders cannot come here."""

from __future__ import annotations

from api.accounts.staff import OPERATOR, NewStaff, StaffCreated, create_staff
from api.auth.one_time_codes import current_code
from api.viewer import Role
from tests.integration.pages.browser import Browser
from tests.integration.pages.markup import Markup
from tests.integration.pages.people import arrive
from tests.support.platform import Site


async def staff_page(pages: Site, visitor: Browser, email: str, role: Role) -> Markup:
    made: StaffCreated = await create_staff(pages.core.account_parts, OPERATOR, NewStaff(email, "Somebody", role))
    code = current_code(made.one_time_code_secret, pages.core.clock.now())
    page = await visitor.open("/staff/sign-in")
    assert made.password is not None
    return await visitor.submit(page, "/staff/sign-in", email=email, password=made.password, oneTimeCode=code)


async def test_an_officer_reads_the_log(pages: Site, visitor: Browser) -> None:
    page = await staff_page(pages, visitor, "officer@example.org", Role.COMPLIANCE_OFFICER)
    assert (page.status, page.faults) == (200, [])
    assert "Audit log" in page.words
    assert "officer@example.org" not in page.text
    assert (await visitor.fetch("GET", "/account")).headers["location"] == "/staff"
    page = await visitor.submit(page, "/staff/sign-out")
    assert "You are signed out" in page.words


async def test_support_reads_no_log(pages: Site, visitor: Browser) -> None:
    page = await staff_page(pages, visitor, "support-person@example.org", Role.SUPPORT)
    assert page.status == 200
    assert "reads no personal data" in page.words


async def test_a_holder_is_not_staff(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "plain@example.org")
    assert (await visitor.fetch("GET", "/staff")).headers["location"] == "/staff/sign-in"
