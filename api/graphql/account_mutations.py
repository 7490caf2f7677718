"""Mutations on the caller's own account: settings, password, address, sessions, API tokens."""

from typing import Any

import strawberry

from api.accounts.api_tokens import NewApiToken, create_api_token, revoke_api_token
from api.accounts.credentials import change_password
from api.accounts.email_change import request_email_change
from api.accounts.sessions import revoke_other_sessions, revoke_session, sign_out
from api.accounts.settings import UNSET, SettingsChange, update_settings
from api.graphql.account import Account
from api.graphql.accounts import ApiToken, Session
from api.graphql.cookies import end_session, set_session
from api.graphql.errors import UserError
from api.graphql.mutate import Info, in_one_transaction, outside
from api.graphql.nodes import required_id
from api.graphql.once import ONCE
from api.graphql.payloads import ERRORS, DonePayload
from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.graphql.settings_types import DisplayMode
from api.graphql.token_types import MissingCategory
from api.models import ApiTokenId, SessionId
from api.work import Work
from governance.ids import Pseudonym

_WRITE = [RequiresScope(scope="account:write")]
_TOKENS = [RequiresScope(scope="tokens:write")]
_CURRENT = "Your present password."


@strawberry.input(description="Which mails about the service you want; what is left out stays.")
class NotificationsInput:
    """Switches."""

    expiry: bool | None = strawberry.field(default=None, description="Before a certificate expires.")
    failure: bool | None = strawberry.field(default=None, description="When an order or a renewal failed.")
    installation: bool | None = strawberry.field(default=None, description="When a certificate was issued.")


@strawberry.input(description="Settings to change; what is left out stays, null clears what may be empty.")
class UpdateSettingsInput:
    """Settings."""

    display_name: str | None = strawberry.field(default=strawberry.UNSET, description="At most 80 characters.")
    company_name: str | None = strawberry.field(default=strawberry.UNSET, description="At most 120 characters.")
    country: str | None = strawberry.field(default=strawberry.UNSET, description="ISO 3166 code of two letters.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="Language of pages and mails.")
    time_zone: str | None = strawberry.field(default=strawberry.UNSET, description="An IANA time zone.")
    display_mode: DisplayMode | None = strawberry.field(default=strawberry.UNSET, description="How pages are drawn.")
    notifications: NotificationsInput | None = strawberry.field(default=None, description="The notification switches.")


@strawberry.input(description="A new password.")
class ChangePasswordInput:
    """Password change."""

    current_password: str = strawberry.field(description=_CURRENT)
    new_password: str = strawberry.field(description="At least 12 characters.")


@strawberry.input(description="A new e-mail address; it is confirmed from the new one and told to the old one.")
class RequestEmailChangeInput:
    """Address change."""

    new_email: str = strawberry.field(description="The new address.")
    current_password: str = strawberry.field(description=_CURRENT)


@strawberry.input(description="Which session ends.")
class RevokeSessionInput:
    """Session to end."""

    session_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A new API token.")
class CreateApiTokenInput:
    """API token to make."""

    name: str = strawberry.field(description="What you call it, at most 80 characters.")
    scopes: list[str] = strawberry.field(
        description="What it may be used for, such as `domains:read`, and which data it may show, such as "
        "`data:user.contact.email` or, with all below it, `data:user.contact`. No `data:` entry: all the data that you "
        "may see yourself; `data:none`: none."
    )
    expires_in_days: int | None = strawberry.field(default=None, description="1 to 365; null for never.")
    on_missing_category: MissingCategory = strawberry.field(
        default=MissingCategory.REFUSE, description="What happens to a field of a data category it was not given."
    )


@strawberry.input(description="Which API token ends.")
class RevokeApiTokenInput:
    """API token to end."""

    api_token_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="The account after the change.")
class AccountPayload:
    """Account, or errors."""

    account: Account | None = strawberry.field(default=None, description="The account.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The session after the change.")
class SessionPayload:
    """Session, or errors."""

    session: Session | None = strawberry.field(default=None, description="The session.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The API token after the change.")
class ApiTokenPayload:
    """API token, or errors."""

    api_token: ApiToken | None = strawberry.field(default=None, description="The token without its text.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The new API token with its text, which is shown this once.")
class CreateApiTokenPayload:
    """New API token, or errors."""

    api_token: ApiToken | None = strawberry.field(default=None, description="The token.")
    secret: str | None = personal.computed(
        "a fresh random text", default=None, description="Its text; only a hash of it is kept."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class AccountMutations:
    """Mutations of the account."""

    @strawberry.mutation(description="End your session here.")
    async def sign_out(self, info: Info) -> DonePayload | None:
        """Sign out."""

        async def act(work: Work) -> DonePayload:
            await sign_out(work)
            end_session(info.context)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)

    @strawberry.mutation(description="Change settings.", directives=_WRITE)
    async def update_settings(self, info: Info, input: UpdateSettingsInput) -> AccountPayload | None:  # noqa: A002
        """Change settings."""

        async def act(work: Work) -> AccountPayload:
            row = await update_settings(work, _change(input))
            return AccountPayload(account=Account(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, AccountPayload, act)

    @strawberry.mutation(description="Change your password; other sessions end.", directives=[*_WRITE, ONCE])
    async def change_password(self, info: Info, input: ChangePasswordInput) -> DonePayload | None:  # noqa: A002
        """Change the password."""

        async def act() -> DonePayload:
            parts, viewer = info.context.services.accounts, info.context.viewer
            done = await change_password(parts, viewer, input.current_password, input.new_password)
            set_session(info.context, done)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(description="Ask for another address.", directives=[*_WRITE, ONCE])
    async def request_email_change(self, info: Info, input: RequestEmailChangeInput) -> DonePayload | None:  # noqa: A002
        """Ask for another address."""

        async def act() -> DonePayload:
            parts, viewer = info.context.services.accounts, info.context.viewer
            await request_email_change(parts, viewer, input.new_email, input.current_password)
            return DonePayload(errors=[])

        return await outside(DonePayload, act)

    @strawberry.mutation(description="End one session.", directives=_WRITE)
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> SessionPayload | None:  # noqa: A002
        """End a session."""

        async def act(work: Work) -> SessionPayload:
            session_id = SessionId(required_id(input.session_id, "Session", "sessionId"))
            row = await revoke_session(work, session_id)
            shown = Session(row=row, about=own(work), current_id=work.viewer.session_id)
            return SessionPayload(session=shown, errors=[])

        return await in_one_transaction(info, SessionPayload, act)

    @strawberry.mutation(description="End every session but this one.", directives=_WRITE)
    async def revoke_other_sessions(self, info: Info) -> DonePayload | None:
        """End all other sessions."""

        async def act(work: Work) -> DonePayload:
            await revoke_other_sessions(work)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)

    @strawberry.mutation(description="Make an API token; its text is shown this once.", directives=[*_TOKENS, ONCE])
    async def create_api_token(self, info: Info, input: CreateApiTokenInput) -> CreateApiTokenPayload | None:  # noqa: A002
        """Make an API token."""

        async def act(work: Work) -> CreateApiTokenPayload:
            gaps = input.on_missing_category is MissingCategory.NULL
            asked = NewApiToken(input.name, tuple(input.scopes), input.expires_in_days, missing_as_null=gaps)
            minted = await create_api_token(work, asked)
            shown = ApiToken(row=minted.row, about=own(work))
            return CreateApiTokenPayload(api_token=shown, secret=minted.text, errors=[])

        return await in_one_transaction(info, CreateApiTokenPayload, act)

    @strawberry.mutation(description="End an API token at once.", directives=_TOKENS)
    async def revoke_api_token(self, info: Info, input: RevokeApiTokenInput) -> ApiTokenPayload | None:  # noqa: A002
        """End an API token."""

        async def act(work: Work) -> ApiTokenPayload:
            token_id = ApiTokenId(required_id(input.api_token_id, "ApiToken", "apiTokenId"))
            row = await revoke_api_token(work, token_id)
            return ApiTokenPayload(api_token=ApiToken(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, ApiTokenPayload, act)


def own(work: Work) -> tuple[Pseudonym, ...]:
    """Return the pseudonym of the account's holder, whose rows a service just returned, whoever acted."""
    return (work.viewer.holder.pseudonym,) if work.viewer.holder else ()


def _change(asked: UpdateSettingsInput) -> SettingsChange:
    given: dict[str, Any] = {
        name: value
        for name in ("display_name", "company_name", "country", "language", "time_zone", "display_mode")
        if (value := getattr(asked, name)) is not strawberry.UNSET
    }
    if isinstance(given.get("display_mode"), DisplayMode):
        given["display_mode"] = given["display_mode"].value
    switches = asked.notifications
    if switches is not None:
        for name in ("expiry", "failure", "installation"):
            value = getattr(switches, name)
            given[f"notify_{name}"] = UNSET if value is None else value
    return SettingsChange(**given)
