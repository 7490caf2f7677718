"""`sslm schema diff --check`, a step of `make check`: a change of the data map that nobody was told of fails it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import api.released_tags
import api.schema_commands
from api.__main__ import app
from api.released_tags import RELEASED, changes_since_release, present_tags
from governance.tag_changes import read_tags, write_tags

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def changelog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A changelog folder of the test's own, where the last release is this version."""
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    monkeypatch.setattr(api.released_tags, "FRAGMENTS", folder)
    monkeypatch.setattr(api.released_tags, "RELEASED", folder / "released_tags.json")
    assert run("tags", "--release").exit_code == 0
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", *arguments])


def released_without(folder: Path, kind: str, name: str, **parts: str) -> None:
    """Rewrite the last release as if a place had not been there, or had had other parts."""
    path = folder / "released_tags.json"
    tags = {key: dict(value) for key, value in read_tags(path.read_text()).items()}
    if parts:
        tags[kind][name] = dict(tags[kind][name]) | parts
    else:
        del tags[kind][name]
    path.write_text(write_tags(tags))


def test_the_committed_tags_are_in_their_form_and_every_change_since_is_told() -> None:
    assert write_tags(read_tags(RELEASED.read_text())) == RELEASED.read_text()
    result = run("diff", "--check")
    assert result.exit_code == 0, result.output


def test_every_sort_of_place_is_compared() -> None:
    tags = present_tags()
    assert set(tags) == {"columns", "fields", "log_fields", "cookies", "outgoing_fields"}
    assert tags["columns"]["account.email"] == tags["fields"]["Account.email"]
    assert tags["fields"]["Account.email"]["purposes"] == ["account", "security", "service_mail"]


def test_a_release_leaves_no_difference(changelog: Path) -> None:
    assert changes_since_release() == ()
    assert run("diff", "--check").exit_code == 0
    assert "0 changes" in run("diff").output


def test_a_new_column_fails_until_a_privacy_fragment_names_it(changelog: Path) -> None:
    released_without(changelog, "columns", "account.email")
    result = run("diff", "--check")
    assert result.exit_code == 1
    assert "`account.email`" in result.output
    (changelog / "other.privacy.md").write_text("- We hold `account.display_name` and your e-mail address.\n")
    (changelog / "mails.added.md").write_text("- `account.email`\n")
    assert run("diff", "--check").exit_code == 1
    (changelog / "mails.privacy.md").write_text("- We hold your e-mail address (`account.email`).\n")
    assert run("diff", "--check").exit_code == 0
    shown = run("diff").output
    assert "+ account.email" in shown
    assert "mails.privacy.md" in shown


@pytest.mark.parametrize(
    ("part", "was"),
    [("category", "user.name"), ("retention", "JOB"), ("section", "1.5"), ("origin", "derived")],
)
def test_another_part_fails_too_and_is_shown(changelog: Path, part: str, was: str) -> None:
    released_without(changelog, "fields", "Account.email", **{part: was})
    result = run("diff", "--check")
    assert result.exit_code == 1
    assert "~ Account.email" in result.output
    assert f"{was} →" in result.output


def test_a_tag_that_was_taken_away_fails_too(changelog: Path) -> None:
    path = changelog / "released_tags.json"
    tags = {key: dict(value) for key, value in read_tags(path.read_text()).items()}
    tags["columns"]["account.shoe_size"] = tags["columns"]["account.email"]
    path.write_text(write_tags(tags))
    result = run("diff", "--check")
    assert result.exit_code == 1
    assert "- account.shoe_size" in result.output


def test_make_check_runs_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    steps = makefile.partition("for step in ")[2].partition(";")[0].split()
    assert "tags" in steps
    assert "schema diff --check" in makefile.partition("\ntags:")[2].partition("\n\n")[0]


def test_the_schema_is_printed_for_one_caller() -> None:
    result = run("print", "--scopes", "domains:read, agents", "--categories", "data:user.contact.url")
    assert result.exit_code == 0
    assert "nameUnicode" in result.output
    assert "enrolAgent" in result.output
    assert "displayName" not in result.output
    assert "signUp(" in run("print", "--scopes", "").output
    assert run("tags").output == write_tags(present_tags())
