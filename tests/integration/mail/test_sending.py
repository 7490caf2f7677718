"""Mail leaves by real SMTP or into a real folder; whether trying again can help is the type of the error."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.mail.sending import MailDeferred, MailRefused, open_transport
from tests.integration.mail.servers import smtp_server


def message(recipient: str = "holder@example.test") -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = "SSL Certificate Manager <from@example.test>"
    mail["To"] = recipient
    mail["Subject"] = "Grüße"
    mail["Message-ID"] = f"<{uuid.UUID(int=7)}@example.test>"
    mail.set_content("Guten Tag, é.\n")
    return mail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context and one that trusts it alone."""
    folder: Path = tmp_path_factory.mktemp("tls")
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.2"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(private_key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "private_key.pem").write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "certificate.pem", folder / "private_key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "certificate.pem"))


async def test_a_mail_arrives_whole() -> None:
    async with smtp_server() as mailbox:
        await open_transport(f"smtp://127.0.0.1:{mailbox.port}").send(message())
    assert mailbox.envelopes[0].rcpt_tos == ["holder@example.test"]
    assert mailbox.envelopes[0].mail_from == "from@example.test"
    assert mailbox.messages[0]["Subject"] == "Grüße"
    assert mailbox.messages[0].get_content().strip() == "Guten Tag, é."


async def test_a_name_beyond_ascii_arrives() -> None:
    async with smtp_server() as mailbox:
        await open_transport(f"smtp://127.0.0.1:{mailbox.port}").send(message("jörg@example.test"))
    assert mailbox.envelopes[0].rcpt_tos == ["jörg@example.test"]


@pytest.mark.parametrize("reply", ["550 no such mailbox", "554 refused for marker@example.test"])
async def test_a_permanent_refusal(reply: str) -> None:
    async with smtp_server() as mailbox:
        mailbox.replies.append(reply)
        with pytest.raises(MailRefused) as caught:
            await open_transport(f"smtp://127.0.0.1:{mailbox.port}").send(message())
    assert caught.value.reply_code == int(reply[:3])
    assert "marker" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_temporary_refusal() -> None:
    async with smtp_server() as mailbox:
        mailbox.replies.append("451 later")
        mailbox.recipient_replies.append("450 mailbox busy")
        transport = open_transport(f"smtp://127.0.0.1:{mailbox.port}")
        for code in (450, 451):
            with pytest.raises(MailDeferred) as caught:
                await transport.send(message())
            assert caught.value.reply_code == code
    assert mailbox.envelopes == []


async def test_a_refused_recipient() -> None:
    async with smtp_server() as mailbox:
        mailbox.recipient_replies.append("550 unknown")
        with pytest.raises(MailRefused):
            await open_transport(f"smtp://127.0.0.1:{mailbox.port}").send(message())


async def test_a_server_that_hangs_is_left() -> None:
    async with smtp_server() as mailbox:
        mailbox.hang = True
        with pytest.raises(MailDeferred):
            await open_transport(f"smtp://127.0.0.1:{mailbox.port}", timeout=0.3).send(message())


async def test_a_server_that_is_not_there() -> None:
    async with smtp_server() as mailbox:
        port = mailbox.port
    with pytest.raises(MailDeferred):
        await open_transport(f"smtp://127.0.0.1:{port}").send(message())


async def test_a_server_that_is_no_mail_server() -> None:
    async def junk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\x00" * 4000 + b"\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(junk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MailDeferred):
            await open_transport(f"smtp://127.0.0.1:{port}", timeout=2).send(message())


async def test_cancellation_is_not_swallowed() -> None:
    async with smtp_server() as mailbox:
        mailbox.hang = True
        sending = asyncio.create_task(open_transport(f"smtp://127.0.0.1:{mailbox.port}").send(message()))
        await mailbox.reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning")
async def test_beyond_this_machine_login_travels_encrypted(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trust = certificate
    async with smtp_server(starttls=server, login=True, host="127.0.0.2") as mailbox:
        right, wrong = (f"smtp://platform:{word}@127.0.0.2:{mailbox.port}" for word in ("p%40ss%2Fword", "other"))
        await open_transport(right, trust=trust).send(message())
        assert len(mailbox.messages) == 1
        with pytest.raises(MailDeferred) as caught:
            await open_transport(wrong, trust=trust).send(message())
    assert caught.value.reply_code == 535


async def test_encryption_from_the_first_byte(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, trust = certificate
    async with smtp_server(tls=server) as mailbox:
        await open_transport(f"smtps://localhost:{mailbox.port}", trust=trust).send(message())
        assert len(mailbox.messages) == 1
        with pytest.raises(MailDeferred):
            await open_transport(f"smtps://localhost:{mailbox.port}").send(message())


async def test_beyond_this_machine_nothing_leaves_in_the_clear(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with smtp_server(host="127.0.0.2") as mailbox:
        with pytest.raises(MailDeferred):
            await open_transport(f"smtp://127.0.0.2:{mailbox.port}", trust=certificate[1]).send(message())
    assert not mailbox.reached.is_set()


async def test_the_folder_holds_one_whole_file_for_each_mail(tmp_path: Path) -> None:
    transport = open_transport(f"folder://{tmp_path}/mail%20sink")
    await transport.send(message())
    await transport.send(message())
    files = list((tmp_path / "mail sink").iterdir())
    assert [file.name for file in files] == [f"{uuid.UUID(int=7)}.eml"]
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert message_from_bytes(files[0].read_bytes(), policy=SMTP_POLICY)["Subject"] == "Grüße"


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MailDeferred):
        await open_transport(f"folder://{tmp_path}/file/below").send(message())


@pytest.mark.parametrize("url", ["", "http://host", "smtp://", "folder://host/path", "folder:relative", "secret"])
def test_other_addresses_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="begins with") as caught:
        open_transport(url)
    assert "secret" not in str(caught.value)
