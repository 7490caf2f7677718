from __future__ import annotations

import ast
import importlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from sslm_agent import errors
from sslm_agent.enrolment import check_api_token
from sslm_agent.errors import AgentError, Exit, InvalidChoice
from sslm_agent.safe_text import checked_value, safe_line, safe_text
from sslm_agent.transport import read_endpoint
from sslm_agent.wire import document, encode_body

AGENT = Path(__file__).parents[3] / "agent"
DOCUMENTS = sorted((AGENT / "sslm_agent" / "documents").glob("*.graphql"))
CONTRACT = Path(__file__).with_name("contract.graphql")
SCHEMA = AGENT.parent / "schema.graphql"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("schema", [CONTRACT, SCHEMA], ids=["contract", "schema"])
def test_each_document_is_valid(path: Path, schema: Path) -> None:
    assert validate(build_schema(schema.read_text()), parse(path.read_text())) == []
    assert path.stem in path.read_text().split("(")[0]


def test_every_document_is_used_and_sent_unchanged() -> None:
    source = "".join(path.read_text() for path in (AGENT / "sslm_agent").glob("*.py"))
    assert {path.stem for path in DOCUMENTS} == {path.stem for path in DOCUMENTS if f'"{path.stem}"' in source}
    for path in DOCUMENTS:
        assert document(path.stem) == path.read_text()
    assert encode_body("AddDomain", {"input": {"name": "ü"}}).endswith('"variables":{"input":{"name":"ü"}}}'.encode())


def test_no_document_can_carry_or_ask_for_a_private_key() -> None:
    assert all("privatekey" not in path.read_text().lower() for path in DOCUMENTS)


def test_the_agent_imports_nothing_of_the_platform() -> None:
    imported: set[str] = set()
    for path in (AGENT / "sslm_agent").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported.isdisjoint({"api", "governance"})
    assert imported & {"httpx", "requests", "aiohttp"} == set()


def test_the_readme_documents_each_exit_status_and_code() -> None:
    readme = (AGENT / "README.md").read_text()
    for status in Exit:
        assert re.search(rf"^\| {status.value} \|", readme, re.MULTILINE), status
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgentError)}
    assert [code for code in sorted(codes - {"AGENT"}) if f"`{code}`" not in readme] == []


def test_the_readme_example_names_what_exists() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (AGENT / "README.md").read_text(), re.DOTALL)
    compile(example, "README.md", "exec")
    for node in ast.parse(example).body:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("value", ["", "  ", "x" * 81, "tab\there", "\x1b[31m"])
def test_values_the_platform_would_refuse_are_not_sent(value: str) -> None:
    with pytest.raises(InvalidChoice):
        checked_value(value, "--label", 80)


@pytest.mark.parametrize(
    ("address", "host", "port", "path"),
    [
        ("https://platform.example.com", "platform.example.com", 443, "/graphql"),
        ("https://platform.example.com:8443/base/", "platform.example.com", 8443, "/base/graphql"),
        ("http://127.0.0.1:8000", "127.0.0.1", 8000, "/graphql"),
        ("http://localhost", "localhost", 80, "/graphql"),
        ("http://[::1]:9", "::1", 9, "/graphql"),
        ("https://bücher.example", "xn--bcher-kva.example", 443, "/graphql"),
    ],
)
def test_addresses_of_servers(address: str, host: str, port: int, path: str) -> None:
    endpoint = read_endpoint(address)
    assert (endpoint.host, endpoint.port, endpoint.path) == (host, port, path)


@pytest.mark.parametrize(
    "address",
    ["", "platform.example.com", "ftp://x", "http://platform.example.com", "http://127.0.0.1.evil.com", "http://10.0.0.1",
     "https://user:secret@x.example", "https://x.example?q=1", "https://x.example#f", "https://x:99999", "https://",
     "http://localhost.evil.com", "http://0.0.0.0"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidChoice):
        read_endpoint(address)


@pytest.mark.parametrize("value", ["", "short", "with space in it", "with\nnewline_long", "é" * 20, "x" * 600])
def test_what_is_no_api_token_is_not_sent(value: str) -> None:
    with pytest.raises(InvalidChoice) as caught:
        check_api_token(value)
    assert not value or value not in str(caught.value)


def test_shown_text_steers_nothing_and_holds_no_secret() -> None:
    secret = "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----"
    cut = "-----BEGIN PRIVATE KEY-----\nMHcdangling"
    assert "MHc" not in safe_text(f"before {secret} between {cut}")
    assert "sslm_0123" not in safe_text("sslm_0123456789abcdef")
    assert "\x1b" not in safe_text("\x1b]0;title\x07\u202e\u200b")
    assert safe_line("a\r\nb\tc") == "a\N{REPLACEMENT CHARACTER} b\N{REPLACEMENT CHARACTER}c"
    assert len(safe_text("x" * 100_000)) < 5000
    assert errors.Unfinished("m", retry_at=datetime(2030, 1, 1, tzinfo=UTC)).exit_status == Exit.UNFINISHED
