"""Mutations of people who are not signed in: sign-up, links from mails, sign-in, password reset.

Their answers are the same for known and unknown addresses.
"""

import strawberry

from api.accounts.credentials import request_password_reset, reset_password
from api.accounts.email_change import confirm_email_change, keep_email
from api.accounts.registration import SignUp, resend_verification, sign_up, verify_email
from api.accounts.sessions import SignedIn
from api.accounts.sign_in import SignIn, sign_in
from api.accounts.staff_sign_in import StaffSignIn, staff_sign_in
from api.auth.cookies import DEVICE, cookie_value
from api.graphql.cookies import set_session
from api.graphql.mutate import Info, in_one_transaction, outside
from api.graphql.once import ONCE
from api.graphql.payloads import DonePayload
from api.work import Work

_LINK = "The secret of the link in the mail, usable once."


@strawberry.input(description="What is collected at sign-up, and nothing else (clause 1.1-a).")
class SignUpInput:
    """Sign-up."""

    email: str = strawberry.field(description="Your e-mail address; a link is sent to it.")
    password: str = strawberry.field(description="At least 12 characters.")
    age_statement: bool = strawberry.field(
        description="That you are 16 or older. On `false` sign-up ends and nothing is stored (clause 9-b)."
    )
    language: str = strawberry.field(default="en", description="Language of pages and mails.")


@strawberry.input(description="A link from a mail.")
class LinkInput:
    """A single-use link."""

    link_token: str = strawberry.field(description=_LINK)


@strawberry.input(description="Sign-in of an account holder.")
class SignInInput:
    """Sign-in."""

    email: str = strawberry.field(description="The account's address.")
    password: str = strawberry.field(description="The account's password.")
    stay_signed_in: bool = strawberry.field(
        default=False, description="Keep the session for 30 days instead of until the browser closes."
    )


@strawberry.input(description="Sign-in of the operator's own people.")
class StaffSignInInput:
    """Staff sign-in."""

    email: str = strawberry.field(description="The staff member's address.")
    password: str = strawberry.field(description="The password.")
    one_time_code: str = strawberry.field(description="Six digits from the authenticator; each is taken once.")


@strawberry.input(description="Where a reset link is sent, if there is an account.")
class RequestPasswordResetInput:
    """Reset request."""

    email: str = strawberry.field(description="The account's address.")


@strawberry.input(description="A new password, by a link from a mail.")
class ResetPasswordInput:
    """Reset."""

    link_token: str = strawberry.field(description=_LINK)
    new_password: str = strawberry.field(description="At least 12 characters.")


@strawberry.type
class SignUpMutations:
    """Mutations for everybody."""

    @strawberry.mutation(
        description="Make an account; a link is mailed, also when the address has one already.", directives=[ONCE]
    )
    async def sign_up(self, info: Info, input: SignUpInput) -> DonePayload | None:  # noqa: A002 - the schema's word
        """Sign up."""

        async def act() -> DonePayload:
            asked = SignUp(input.email, input.password, input.age_statement, input.language)
            await sign_up(info.context.services.accounts, info.context.viewer, asked)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(description="Confirm the address by the link in the mail; it is valid for 24 hours.")
    async def verify_email(self, info: Info, input: LinkInput) -> DonePayload | None:  # noqa: A002
        """Verify."""

        async def act(work: Work) -> DonePayload:
            await verify_email(work, input.link_token)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)

    @strawberry.mutation(description="Send the link once more; you must be signed in.", directives=[ONCE])
    async def resend_verification(self, info: Info) -> DonePayload | None:
        """Send again."""

        async def act() -> DonePayload:
            await resend_verification(info.context.services.accounts, info.context.viewer)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(
        description="Sign in; the answer sets the cookies of section 5.1 of the policy.", directives=[ONCE]
    )
    async def sign_in(self, info: Info, input: SignInInput) -> DonePayload | None:  # noqa: A002
        """Sign in."""
        context = info.context

        async def act() -> DonePayload:
            asked = SignIn(input.email, input.password, input.stay_signed_in)
            device = cookie_value([context.cookie_header], DEVICE)
            done = await sign_in(context.services.accounts, context.viewer, asked, device_secret=device)
            return _signed_in(info, done)

        return await outside(DonePayload, act)

    @strawberry.mutation(
        description="Sign in as one of the operator's people, with a one-time code.", directives=[ONCE]
    )
    async def staff_sign_in(self, info: Info, input: StaffSignInInput) -> DonePayload | None:  # noqa: A002
        """Sign in as staff."""

        async def act() -> DonePayload:
            asked = StaffSignIn(input.email, input.password, input.one_time_code)
            return _signed_in(info, await staff_sign_in(info.context.services.accounts, info.context.viewer, asked))

        return await outside(DonePayload, act)

    @strawberry.mutation(
        description="Ask for a link to set a new password; the answer tells nothing about accounts.", directives=[ONCE]
    )
    async def request_password_reset(self, info: Info, input: RequestPasswordResetInput) -> DonePayload | None:  # noqa: A002
        """Ask for a reset link."""

        async def act() -> DonePayload:
            await request_password_reset(info.context.services.accounts, info.context.viewer, input.email)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(description="Set a new password by a link from a mail; every session ends.", directives=[ONCE])
    async def reset_password(self, info: Info, input: ResetPasswordInput) -> DonePayload | None:  # noqa: A002
        """Reset."""

        async def act() -> DonePayload:
            parts, viewer = info.context.services.accounts, info.context.viewer
            await reset_password(parts, viewer, input.link_token, input.new_password)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(description="Confirm a new address by the link that was mailed to it.")
    async def confirm_email_change(self, info: Info, input: LinkInput) -> DonePayload | None:  # noqa: A002
        """Confirm."""

        async def act(work: Work) -> DonePayload:
            await confirm_email_change(work, input.link_token)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)

    @strawberry.mutation(description="Stop a change of address by the link mailed to the present one; sessions end.")
    async def keep_email(self, info: Info, input: LinkInput) -> DonePayload | None:  # noqa: A002
        """Keep."""

        async def act(work: Work) -> DonePayload:
            await keep_email(work, input.link_token)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)


def _signed_in(info: Info, done: SignedIn) -> DonePayload:
    set_session(info.context, done)
    return DonePayload(errors=[])
