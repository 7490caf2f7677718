"""A private key in any spelling is found; what only resembles one passes."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from api.kit.secrets import FIXED_REFUSAL, PrivateKeyRefused, contains_private_key

pytestmark = pytest.mark.clause("3.3-a")

VECTORS = Path(str(cryptography_vectors.__file__)).parent
KEY_DER = {
    "priv",
    "key",
    "unenc",
    "enc",
    "enc2",
    "testrsa",
    "dsa",
    "pkcs8",
    "ed25519",
    "dhkey",
    "mlkem768",
    "unknown",
    "invalid",
}
PKCS8 = (VECTORS / "asymmetric/PKCS8/unenc-rsa-pkcs8.pem").read_text()
PKCS8_DER = (VECTORS / "asymmetric/DER_Serialization/unenc-rsa-pkcs8.der").read_bytes()
EC_DER = (VECTORS / "asymmetric/DER_Serialization/ec_private_key.der").read_bytes()
RSA_DER = (VECTORS / "asymmetric/DER_Serialization/testrsa.der").read_bytes()
ED25519_DER = (VECTORS / "asymmetric/Ed25519/ed25519-pkcs8.der").read_bytes()
SEALED_DER = (VECTORS / "asymmetric/DER_Serialization/enc-rsa-pkcs8.der").read_bytes()
PFX = (VECTORS / "pkcs12/cert-key-aes256cbc.p12").read_bytes()
DERS = {"pkcs8": PKCS8_DER, "sec1": EC_DER, "pkcs1": RSA_DER, "ed25519": ED25519_DER, "sealed": SEALED_DER, "pfx": PFX}


def corpus() -> Iterator[Path]:
    for folder in ("asymmetric", "x509/custom", "x509/requests", "x509", "x509/ed25519", "pkcs12", "pkcs7"):
        for path in sorted((VECTORS / folder).glob("**/*" if folder == "asymmetric" else "*")):
            if path.suffix in {".pem", ".der", ".key", ".p12", ".pub", ".crt"}:
                yield path


def is_private(path: Path) -> bool:
    content = path.read_bytes()
    if b"PRIVATE KEY" in content or path.suffix == ".p12":
        return True
    if path.suffix != ".der" or "pub" in path.name or "asymmetric" not in path.parts:
        return False
    return path.name != "dhp.der" and bool(KEY_DER & set(path.stem.replace("-", ".").replace("_", ".").split(".")))


def test_every_key_of_the_vectors_is_found_and_nothing_else() -> None:
    wrong = [str(path) for path in corpus() if contains_private_key(path.read_bytes()) != is_private(path)]
    assert wrong == []
    assert sum(is_private(path) for path in corpus()) > 130
    assert sum(not is_private(path) for path in corpus()) > 200


@pytest.mark.parametrize("spelling", ["base64", "hexadecimal"])
def test_the_vectors_in_other_spellings(spelling: str) -> None:
    wrong = []
    for path in corpus():
        content = path.read_bytes()
        text = base64.b64encode(content).decode() if spelling == "base64" else content.hex()
        if path.suffix in {".der", ".p12", ".pem"} and contains_private_key(text) != is_private(path):
            wrong.append(str(path))
    assert wrong == []


SPELLINGS: dict[str, Callable[[bytes], str | bytes]] = {
    "standard": lambda der: base64.b64encode(der).decode(),
    "url-safe": lambda der: base64.urlsafe_b64encode(der).decode().rstrip("="),
    "wrapped": lambda der: "\r\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64)),
    "indented": lambda der: "\n   \t".join(textwrap.wrap(base64.b64encode(der).decode(), 19)),
    "quoted in mail": lambda der: "".join(f"> {line}\n" for line in textwrap.wrap(base64.b64encode(der).decode(), 60)),
    "joined in code": lambda der: '" +\n  "'.join(textwrap.wrap(base64.b64encode(der).decode(), 60)),
    "json": lambda der: json.dumps("\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))),
    "html": lambda der: "<br>\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64)),
    "percent": lambda der: quote(base64.b64encode(der).decode(), safe=""),
    "utf-16": lambda der: base64.b64encode(der).decode().encode("utf-16").decode("latin-1"),
    "hexadecimal": lambda der: der.hex(),
    "upper hexadecimal with colons": lambda der: der.hex(":").upper(),
    "dump": lambda der: "\n".join(textwrap.wrap(der.hex(" "), 48)),
    "c array": lambda der: ", ".join(f"0x{octet:02x}" for octet in der),
    "escaped octets": lambda der: "".join(f"\\x{octet:02x}" for octet in der),
    "latin-1": lambda der: der.decode("latin-1"),
    "octets": lambda der: der,
}


@pytest.mark.parametrize("shape", DERS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_shape_in_each_spelling(shape: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](DERS[shape])
    assert contains_private_key(spelled)
    if isinstance(spelled, str):
        assert contains_private_key(f"Dear support, the thing is: {spelled} and thank you")


PEM_TEXTS: dict[str, str | bytes] = {
    "as is": PKCS8,
    "crlf": PKCS8.replace("\n", "\r\n"),
    "one line": PKCS8.replace("\n", ""),
    "spaces": PKCS8.replace("\n", " "),
    "spaces in the label": "----- BEGIN  PRIVATE   KEY -----\nMII",
    "json newlines": PKCS8.replace("\n", "\\n"),
    "json twice": json.dumps(json.dumps(PKCS8)),
    "json unicode": "".join(f"\\u{ord(character):04x}" for character in PKCS8),
    "html": html.escape(PKCS8).replace("\n", "&#10;"),
    "html dashes": PKCS8.replace("-", "&#x2d;"),
    "percent": quote(PKCS8),
    "form": quote(PKCS8).replace("%20", "+"),
    "quoted-printable": PKCS8.replace("=", "=3D").replace("-----", "=2D=2D=2D=2D=2D"),
    "no dashes": PKCS8.replace("-----", ""),
    "two dashes": PKCS8.replace("-----", "--"),
    "long dashes": PKCS8.replace("-----", "\u2014"),
    "lower-case label": "-----begin rsa private key-----\nxx",
    "end only": "abc\n-----END EC PRIVATE KEY-----",
    "zero width": PKCS8.replace("PRIVATE", "PRI\u200bVATE"),
    "full width": PKCS8.replace("BEGIN PRIVATE KEY", "".join(chr(ord(c) + 0xFEE0) for c in "BEGINPRIVATEKEY")),
    "base64 of pem": base64.b64encode(PKCS8.encode()).decode(),
    "base64 of indented pem": base64.b64encode(b" " + PKCS8.encode()).decode(),
    "hexadecimal of pem": PKCS8.encode().hex(),
    "pgp": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n",
    "ssh2": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\n",
    "putty": "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n",
    "bind": "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n",
    "xml": "<RSAKeyValue><Modulus>AQ==</Modulus><Exponent>AQAB</Exponent><P>AQ==</P><D>AQ==</D></RSAKeyValue>",
    "java key store": base64.b64encode(b"\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00").decode(),
    "before a request": PKCS8 + (VECTORS / "x509/requests/ec_sha256.pem").read_text(),
    "utf-16 little": PKCS8.encode("utf-16-le"),
    "utf-16 big": PKCS8.encode("utf-16-be"),
}


@pytest.mark.parametrize("variant", PEM_TEXTS)
def test_armour_in_odd_forms(variant: str) -> None:
    assert contains_private_key(PEM_TEXTS[variant])


EC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
EC_JWK_PRIVATE = EC_JWK | {"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
OCT_JWK = {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"}


@pytest.mark.parametrize(
    "document", [EC_JWK_PRIVATE, {"keys": [EC_JWK, EC_JWK_PRIVATE]}, OCT_JWK, {"a": {"b": [OCT_JWK]}}]
)
def test_json_web_keys(document: dict[str, object]) -> None:
    text = json.dumps(document)
    for spelled in (
        text,
        json.dumps(document, indent=4),
        json.dumps(text),
        repr(document),
        f"see {text}.",
        quote(text),
    ):
        assert contains_private_key(spelled)
    assert contains_private_key(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


@pytest.mark.parametrize(
    "harmless",
    [
        json.dumps(EC_JWK),
        json.dumps({"kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAt", "e": "AQAB"}),
        "I lost my private key. Where does one begin? Private keys are hard.",
        "Begin by making a private key with the agent, then send the request.",
        "- Begin: never send a private key\n- End",
        "018f2b7e-7c1c-7b7e-8a55-0d6f3f1f2a10",
        "sslm_0123456789ABCDEFGHIJabcdefghij0000aB",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3kmZ2Y0b9sJ0mGm5m0bq0Xk5Ff4s9X8m7n3m1m2m3m me@host",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.c2lnbmF0dXJl",
        "example.com",
        "",
        'mutation { orderCertificate(input: {csr: "-----BEGIN CERTIFICATE REQUEST-----"}) { order { id } } }',
    ],
)
def test_what_only_resembles_a_key_passes(harmless: str) -> None:
    assert not contains_private_key(harmless)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000))
def test_random_octets_pass(junk: bytes) -> None:
    assert not contains_private_key(base64.b64encode(junk).decode())
    assert not contains_private_key(junk.hex())


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(sorted(DERS)))
def test_a_key_is_found_inside_any_text(before: str, after: str, shape: str) -> None:
    assert contains_private_key(f"{before}\n{base64.b64encode(DERS[shape]).decode()}\n{after}")


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(["ec", "ed25519"]),
    st.sampled_from([serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]),
    st.booleans(),
)
def test_fresh_keys_are_found_and_their_public_halves_pass(
    kind: str, form: serialization.PrivateFormat, pem: bool
) -> None:
    key = ec.generate_private_key(ec.SECP384R1()) if kind == "ec" else ed25519.Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8 if kind == "ed25519" else form
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    assert contains_private_key(key.private_bytes(encoding, form, serialization.NoEncryption()))
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert not contains_private_key(public)
    assert not contains_private_key(base64.b64encode(public).decode())


def test_an_rsa_public_key_of_pkcs1_passes() -> None:
    public = rsa.RSAPublicNumbers(65537, (1 << 2047) | 1).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert not contains_private_key(base64.b64encode(der).decode())


@pytest.mark.parametrize(
    "seed",
    [
        "M",
        "MII0AwIBAA",
        "BEGIN ",
        "-",
        "3082010002",
        "<RSAKeyValue><P>",
        "kty:'x'd:'",
        "eyJ",
        "&",
        "\\",
        "\\u",
        "0x",
        '"+"',
        "<a",
        "%2",
        " ",
        "A-",
        "308201",
        "LS0tLS1CRUdJTi",
    ],
)
def test_a_long_text_of_almost_keys_passes(seed: str) -> None:
    assert not contains_private_key(seed * (100_000 // len(seed)))


def test_the_refusal_repeats_nothing_and_says_what_to_do() -> None:
    refusal = PrivateKeyRefused(field=("csr",))
    assert (refusal.code, refusal.message, refusal.rule) == ("PRIVATE_KEY_REFUSED", FIXED_REFUSAL, "no-private-keys")
    assert "before anything of it was stored or logged" in FIXED_REFUSAL
    assert "burnt" in FIXED_REFUSAL
