"""`sslm partner` on a real pair of databases: what an operator types, and what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.db.urls import DatabaseUrl
from tests.support.database import Cluster

ADD = (
    *("partner", "add", "acme", "--name", "Acme Hosting [x]", "--description", "Hosts web sites", "--country", "DE"),
    *("--purpose", "issuance", "--purpose", "deployment"),
    *("--contact-name", "Petra", "--contact-email", "petra@acme.example.com"),
)


def test_from_entry_to_end(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster.fresh() as urls:
        base = DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database)
        environ = {
            "SSLM_MODE": "development",
            "SSLM_VAR": str(tmp_path),
            "DATABASE_URL": base.plain,
            "SSLM_ACME_DIRECTORY": "https://ca.invalid/dir",
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")

        def type_in(*words: str, ends: int = 0) -> str:
            result = CliRunner().invoke(app, words)
            assert result.exit_code == ends, result.output
            return result.output

        assert "no partners" in type_in("partner", "list")
        assert "not approved yet" in type_in(*ADD)
        assert "ALREADY_DONE" in type_in(*ADD, ends=1)
        assert "PARTNER_NOT_APPROVED" in type_in("partner", "token", "acme", "--name", "server", ends=1)
        assert "waits for approval" in type_in("partner", "list")
        assert "Approved acme" in type_in("partner", "approve", "acme", "--contract", "C-1")
        assert re.search(r"sslm_[0-9A-Za-z]{36}", type_in("partner", "token", "acme", "--name", "server"))
        shown = type_in("partner", "list")
        assert "Acme Hosting [x]" in shown
        assert "Petra" not in shown
        assert "another contact" in type_in("partner", "contact", "acme", "--name", "Paul", "--email", "p@acme.example")
        assert "no longer act" in type_in("partner", "disable", "acme")
        assert "disabled" in type_in("partner", "list")
        assert "NOT_FOUND" in type_in("partner", "disable", "nobody", ends=1)
