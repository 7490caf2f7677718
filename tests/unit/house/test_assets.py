"""GraphiQL comes from our own files, unchanged, under a policy that forbids everything else."""

from __future__ import annotations

import hashlib
import re

from tests.unit.house.sources import ROOT

ASSETS = ROOT / "api" / "graphql" / "assets"
ROW = re.compile(r"^\| `([\w.-]+)` \| .* \| `([0-9a-f]{64})` \|$", re.MULTILINE)
OWN = {"graphiql.html", "graphiql-start.js", "graphiql-start.css"}
LARGEST_TOTAL = 5_000_000


def test_the_files_of_others_are_listed_and_unchanged() -> None:
    listed = dict(ROW.findall((ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")))
    present = {path.name for path in ASSETS.iterdir() if path.is_file() and not path.name.startswith("LICENSE")}
    assert set(listed) == present - OWN
    for name, digest in listed.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


def test_the_page_is_of_reasonable_size() -> None:
    assert sum(path.stat().st_size for path in ASSETS.iterdir()) < LARGEST_TOTAL


def test_the_page_asks_no_other_host_and_holds_no_code() -> None:
    page = (ASSETS / "graphiql.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href)=\"(?!\{\{ assets \}\}/|/schema\.graphql|data:,)", page) == []
    assert re.findall(r"\bstyle=|\bon\w+=|<style", page) == []
    for script in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL):
        assert script == ""
    assert page.count('nonce="{{ nonce }}"') == page.count("<script") + page.count('rel="stylesheet"')


def test_every_file_the_page_names_is_there() -> None:
    page = (ASSETS / "graphiql.html").read_text(encoding="utf-8")
    named = set(re.findall(r"\{\{ assets \}\}/([\w.-]+)", page))
    assert {name for name in named if not (ASSETS / name).is_file()} == set()


def test_nothing_is_kept_in_the_browser() -> None:
    start = (ASSETS / "graphiql-start.js").read_text(encoding="utf-8")
    code = re.sub(r"//.*", "", start)
    assert "localStorage" not in code
    assert "sessionStorage" not in code
    assert "shouldPersistHeaders: false" in code
