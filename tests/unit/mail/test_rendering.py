"""Whatever the values hold, a mail has one recipient, its own headers and the operator's footer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from api.mail.outbox import MailContent
from api.mail.registry import MailTag, MailTemplate
from api.mail.rendering import (
    FOLDER,
    MailIdentity,
    MailNotRendered,
    MailRenderer,
    MailTemplatesIncomplete,
    RecipientRefused,
    one_address,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DELIVERY = uuid.UUID(int=7)
IDENTITY = MailIdentity(
    sender="platform@example.test",
    reply_to="support@example.test",
    site_name='Site, "quoted" <x@y>',
    site_url="https://site.example.test",
    support_address="support@example.test",
    operator="Operator Company",
)
TEMPLATES = {"hello": MailTemplate(MailTag.SERVICE, frozenset({"name"}))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.en.txt").write_text("Subject: Hello {{ name }}\n\nDear {{ name }},\n{{ site_url }}/x\n")
    (tmp_path / "hello.de.txt").write_text("Subject: Hallo {{ name }}\n\nGrüß Gott, {{ name }}\n")
    (tmp_path / "_layout.en.txt").write_text((FOLDER / "_layout.en.txt").read_text())
    return tmp_path


@pytest.fixture
def renderer(folder: Path) -> MailRenderer:
    return MailRenderer(IDENTITY, folder=folder, templates=TEMPLATES)


def content(name: str = "Ada", *, recipient: str = "ada@example.test", language: str = "en") -> MailContent:
    return MailContent(recipient, language, {"name": name})


def sent(message: EmailMessage) -> EmailMessage:
    """Return the message as the recipient's program reads it."""
    return message_from_bytes(message.as_bytes(), policy=SMTP)  # type: ignore[return-value]


def test_a_mail_is_complete(renderer: MailRenderer) -> None:
    message = sent(renderer.render(DELIVERY, "hello", content(), NOON))
    assert message["To"] == "ada@example.test"
    assert message["From"].addresses[0].addr_spec == "platform@example.test"
    assert message["Reply-To"] == "support@example.test"
    assert message["Subject"] == "Hello Ada"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"] == f"<{DELIVERY}@example.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n").startswith("Dear Ada,\nhttps://site.example.test/x\n\n-- \n")


@pytest.mark.clause("0-a")
@pytest.mark.clause("7-a")
def test_every_mail_names_the_operator_and_the_privacy_policy(renderer: MailRenderer) -> None:
    for language in ("en", "de", "ar"):
        text = renderer.render(DELIVERY, "hello", content(language=language), NOON).get_content()
        assert "Operator Company" in text
        assert "https://site.example.test/privacy" in text


@pytest.mark.parametrize(
    ("language", "subject"),
    [("de", "Hallo Ada"), ("de-AT", "Hallo Ada"), ("ar", "Hello Ada"), ("../../x", "Hello Ada"), ("", "Hello Ada")],
)
def test_the_language_falls_back(renderer: MailRenderer, language: str, subject: str) -> None:
    assert renderer.render(DELIVERY, "hello", content(language=language), NOON)["Subject"] == subject


@pytest.mark.parametrize(
    "name",
    [
        "x\r\nBcc: other@example.test",
        "x\nBcc: other@example.test",
        "x\rBcc: other@example.test",
        "x\u2028Bcc: other@example.test",
        "x\x00\x0b\x0c\x85y",
        "\r\n\r\n<html>",
        "x" * 5000,
        "{{ 7 * 7 }}{% for x in y %}",
        "=?utf-8?q?=0ABcc:_other=40example.test?=",
    ],
)
def test_a_value_adds_no_header_and_no_recipient(renderer: MailRenderer, name: str) -> None:
    try:
        message = sent(renderer.render(DELIVERY, "hello", content(name), NOON))
    except MailNotRendered:
        return
    assert message["Bcc"] is None
    assert message["To"] == "ada@example.test"
    assert {key.lower() for key in message} == {
        "from",
        "to",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "content-language",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }
    assert "49" not in message["Subject"]
    assert len(message["Subject"]) <= 200


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ada",
        "@example.test",
        "ada@",
        "a@b@example.test",
        "ada@example.test, other@example.test",
        "ada@example.test\r\nBcc: other@example.test",
        "ada@example.test\n",
        "Ada <ada@example.test>",
        "ada@example.test(comment)",
        '"ada\r\n"@example.test',
        '"ada x"@example.test',
        "ada@exa mple.test",
        "ada@-example.test",
        "ada@example..test",
        "ada@[192.0.2.1]",
        "group: ada@example.test;",
        "ada\x00@example.test",
        "ada@" + "x" * 300 + ".test",
        "ada..b@example.test",
    ],
)
def test_a_recipient_is_one_plain_address(renderer: MailRenderer, recipient: str) -> None:
    with pytest.raises(RecipientRefused) as caught:
        renderer.render(DELIVERY, "hello", content(recipient=recipient), NOON)
    assert "example" not in str(caught.value)


def test_ordinary_recipients_pass() -> None:
    for text in ("a@b", "ada.l+x@example.test", "o'hara@xn--mller-kva.test", "jörg@example.test", "a_b-c@1.example"):
        assert one_address(text).addr_spec == text


def test_a_line_feed_stays_in_its_part(renderer: MailRenderer) -> None:
    message = sent(renderer.render(DELIVERY, "hello", content("one\r\n\r\ntwo"), NOON))
    assert message["Subject"] == "Hello one    two"
    assert "Dear one \n \ntwo," in message.get_content().replace("\r\n", "\n")


def test_a_missing_value_stops_the_mail(renderer: MailRenderer) -> None:
    with pytest.raises(MailNotRendered, match="value"):
        renderer.render(DELIVERY, "hello", MailContent("ada@example.test", "en", {"other": "marker"}), NOON)
    with pytest.raises(MailNotRendered, match="not listed"):
        renderer.render(DELIVERY, "unknown", content(), NOON)


def test_template_code_reaches_nothing_of_ours(folder: Path) -> None:
    (folder / "hello.en.txt").write_text("Subject: x\n\n{{ name.__class__.__mro__[1].__subclasses__() }}\n")
    with pytest.raises(MailNotRendered):
        MailRenderer(IDENTITY, folder=folder, templates=TEMPLATES).render(DELIVERY, "hello", content(), NOON)


@pytest.mark.clause("2.3-a")
@pytest.mark.parametrize(
    ("spoil", "gap"),
    [
        (lambda folder: (folder / "extra.en.txt").write_text("Subject: x\n\nx\n"), "extra is not listed"),
        (lambda folder: (folder / "hello.en.txt").unlink(), "hello has no text in en"),
        (lambda folder: (folder / "_layout.en.txt").unlink(), "_layout has no text in en"),
        (lambda folder: (folder / "hello.de.txt").write_text("Subject: x\n\n{{ email }}\n"), "uses email"),
        (lambda folder: (folder / "hello.de.txt").write_text("Hello\n\nx\n"), "begin with a subject"),
    ],
)
def test_a_gap_in_the_templates_stops_the_start(folder: Path, spoil: Callable[[Path], object], gap: str) -> None:
    renderer = MailRenderer(IDENTITY, folder=folder, templates=TEMPLATES)
    renderer.check()
    spoil(folder)
    with pytest.raises(MailTemplatesIncomplete, match=gap):
        renderer.check()


@pytest.mark.clause("2.3-a")
def test_our_own_templates_have_no_gap() -> None:
    MailRenderer(IDENTITY).check()
