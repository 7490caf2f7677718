"""From a template and its values to a message.

One rule: whatever the values hold, they can add no header, no recipient and no template code; and every mail says who
sends it and where the privacy policy is (clause 0-a).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final
from uuid import UUID

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from api.kit.errors import CertificateManagerError
from api.mail.outbox import MailContent
from api.mail.registry import TEMPLATES, MailTemplate

FOLDER: Final = Path(__file__).parent / "templates"
FALLBACK_LANGUAGE: Final = "en"
_LAYOUT: Final = "_layout"
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_SUBJECT: Final = "Subject: "
_ATOM: Final = r"[^\s\x00-\x1f\x7f-\x9f\"(),.:;<>@\[\]\\]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ENCODED_WORD: Final = "=?"
"""Begins an encoded word (RFC 2047). Python decodes one in a header it is given, line feeds included, so one that comes
with a value could add a header."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_SUBJECT: Final = 200
_LONGEST_ADDRESS: Final = 254


class MailTemplatesIncomplete(CertificateManagerError):
    """The mail templates and their list do not agree; the program must not start."""

    code = "MAIL_TEMPLATES_INCOMPLETE"


class MailNotRendered(CertificateManagerError):
    """A mail could not be put together. Nothing was sent."""

    code = "MAIL_NOT_RENDERED"


class RecipientRefused(MailNotRendered):
    """The recipient is not one plain address. Nothing was sent, and trying again cannot help."""

    code = "MAIL_RECIPIENT_REFUSED"


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """Who the mails are from, and the values every template may use. `operator` is the legal name (clause 7-a)."""

    sender: str
    site_name: str
    site_url: str
    support_address: str
    operator: str
    reply_to: str = ""

    def values(self) -> dict[str, str]:
        """Return what every template may use."""
        return {
            "site_name": self.site_name,
            "site_url": self.site_url,
            "support_address": self.support_address,
            "operator": self.operator,
        }


class MailRenderer:
    """Renders the listed templates of one folder: `<name>.<language>.txt`, first line `Subject: …`, then the text."""

    def __init__(
        self, identity: MailIdentity, *, folder: Path = FOLDER, templates: Mapping[str, MailTemplate] = TEMPLATES
    ) -> None:
        self.templates = templates
        self._identity = identity
        self._domain = one_address(identity.sender).domain
        self._folder = folder
        self._compiled: dict[tuple[str, str], tuple[Template, Template]] = {}
        self._texts = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            autoescape=False,  # plain text; nothing here is ever read as HTML
            keep_trailing_newline=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def check(self) -> None:
        """Raise `MailTemplatesIncomplete`, naming every gap, unless list and folder agree."""
        found = {path.name.partition(".")[0] for path in self._folder.glob("*.txt")} - {_LAYOUT}
        gaps = [f"{name} is not listed" for name in sorted(found - self.templates.keys())]
        needed = (*self.templates, _LAYOUT)
        gaps += [
            f"{n} has no text in {FALLBACK_LANGUAGE}" for n in needed if not self._file(n, FALLBACK_LANGUAGE).exists()
        ]
        for path in sorted(self._folder.glob("*.txt")):
            gaps += self._gaps_of(path)
        if gaps:
            raise MailTemplatesIncomplete("The program did not start: mail templates have gaps. " + "; ".join(gaps))

    def render(self, delivery_id: UUID, template: str, content: MailContent, at: datetime) -> EmailMessage:
        """Return the message. Its Message-ID comes from the delivery, so a repeated mail is recognised as the same.

        Raise `RecipientRefused` for an address that can never work, `MailNotRendered` for anything else.
        """
        if template not in self.templates:
            raise MailNotRendered("The mail was not sent: its template is not listed in this release.")
        subject, body = self._texts_of(template, content)
        message = EmailMessage(policy=SMTP)
        try:
            message["From"] = Address(self._identity.site_name, addr_spec=self._identity.sender)
            message["To"] = one_address(content.recipient)
            if self._identity.reply_to:
                message["Reply-To"] = one_address(self._identity.reply_to)
            message["Subject"] = subject
        except (ValueError, HeaderParseError):
            raise MailNotRendered("The mail was not sent: one of its headers would not have been valid.") from None
        message["Date"] = at
        message["Message-ID"] = f"<{delivery_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body, charset="utf-8")
        message["Content-Language"] = self._language(template, content.language)
        return message

    def _texts_of(self, template: str, content: MailContent) -> tuple[str, str]:
        """Render subject, text and footer, each by itself: a line feed in a value stays within its part."""
        language = self._language(template, content.language)
        ours = self._identity.values()
        try:
            subject, body = self._parts(template, language)
            footer = self._parts(_LAYOUT, self._language(_LAYOUT, language))[1]
            lines = {name: _CONTROL.sub(" ", value) for name, value in content.values.items()}
            texts = {name: _CONTROL_IN_TEXT.sub(" ", value) for name, value in content.values.items()}
            words = subject.render(lines | ours).replace(_ENCODED_WORD, "= ?").strip()[:_LONGEST_SUBJECT]
            return words, f"{body.render(texts | ours).strip()}\n\n{footer.render(ours).strip()}\n"
        except TemplateError:
            # The library's message may repeat a value, so it is not passed on.
            raise MailNotRendered("The mail was not sent: its template needs a value it was not given.") from None

    def _parts(self, template: str, language: str) -> tuple[Template, Template]:
        """Return the compiled subject (empty for the layout) and text of a file, read once."""
        if (template, language) not in self._compiled:
            source = self._file(template, language).read_text(encoding="utf-8")
            first, _, rest = ("", "", source) if template == _LAYOUT else source.partition("\n")
            parts = (first.removeprefix(_SUBJECT), rest)
            self._compiled[template, language] = (self._texts.from_string(parts[0]), self._texts.from_string(parts[1]))
        return self._compiled[template, language]

    def _language(self, template: str, wanted: str) -> str:
        """Return the wanted language where there is a text in it: `pt-BR`, else `pt`, else the fallback."""
        for language in (wanted, wanted.partition("-")[0]):
            if _LANGUAGE.fullmatch(language) and self._file(template, language).exists():
                return language
        return FALLBACK_LANGUAGE

    def _file(self, template: str, language: str) -> Path:
        return self._folder / f"{template}.{language}.txt"

    def _gaps_of(self, path: Path) -> list[str]:
        name = path.name.partition(".")[0]
        source = path.read_text(encoding="utf-8")
        listed = self.templates.get(name)
        used = meta.find_undeclared_variables(self._texts.parse(source))
        allowed = self._identity.values().keys() | (listed.values if listed else frozenset())
        gaps = [f"{path.name} uses {value}, which it is not given" for value in sorted(used - allowed)]
        if name != _LAYOUT and not re.match(r"Subject: \S[^\n]*\n\n\S", source):
            gaps.append(f"{path.name} does not begin with a subject and an empty line")
        return gaps


def one_address(text: str) -> Address:
    """Return the one plain address that `text` is; refuse lists, names, comments, quotes and control characters."""
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(text) or _ENCODED_WORD in text:
        raise RecipientRefused("The mail was not sent: the recipient is not one plain e-mail address.")
    local, _, domain = text.rpartition("@")
    return Address(username=local, domain=domain)
