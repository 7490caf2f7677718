"""Every rule and code of this room is explained on its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.issuance import errors

ROOT = Path(__file__).resolve().parents[3]
RULE = re.compile(
    r'(?:_refuse\(\s*|rule=)"([a-z-]+)"|^\s*x509\.\w+: \("([a-z-]+)"|get\(type\(\w+\), \("([a-z-]+)"', re.MULTILINE
)


def _rules(*modules: str) -> set[str]:
    text = "\n".join((ROOT / "api" / "issuance" / f"{module}.py").read_text() for module in modules)
    return {next(filter(None, found)) for found in RULE.findall(text)}


@pytest.mark.parametrize(
    ("page", "modules", "least"),
    [("NAME_REFUSED", ("names",), 15), ("CSR_REFUSED", ("csr", "csr_extensions", "public_keys"), 25)],
)
def test_every_rule_is_on_its_page(page: str, modules: tuple[str, ...], least: int) -> None:
    explained = set(re.findall(r"`([a-z-]+)`", (ROOT / "docs" / "errors" / f"{page}.md").read_text()))
    rules = _rules(*modules)
    assert len(rules) >= least
    assert rules <= explained


def test_every_code_has_a_page() -> None:
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert {code for code in codes if not (ROOT / "docs" / "errors" / f"{code}.md").exists()} <= {
        "CERTIFICATE_MANAGER_ERROR",
        "INVALID_INPUT",
    }
