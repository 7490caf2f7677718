"""Templates hold no text of their own, no script, no style, and no address that a browser would load from elsewhere."""

from __future__ import annotations

import hashlib
import html
import re
from pathlib import Path

import pytest

from api.pages.documents import FOLDER
from api.pages.entrance.links import LINKS
from api.pages.notices import NOTICES
from api.pages.rendering import Renderer

TEMPLATES = sorted(FOLDER.rglob("*.html"))
POLICY = FOLDER / "public" / "privacy_policy.html"
POLICY_DIGEST = "4be7151713f4e784731a03b2dbe21ceddbb3c69ffac504f09d7e78003193793c"
CODE = re.compile(r"<(code|pre)[^>]*>.*?</\1>|<svg.*?</svg>", re.DOTALL)
JINJA = re.compile(
    r"\{% block layout %\}\w*\{% endblock %\}|\{#.*?#\}|\{% trans.*?endtrans %\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL
)
SPOKEN = re.compile(r'(?:aria-label|title|alt|placeholder)="[^"{]*[A-Za-z]')
NOT_SHOWN = {"sslm-agent", "doctype", "html", "hint", "error", "aria-describedby", "aria-invalid", "true"}


def words_of(path: Path) -> list[str]:
    text = re.sub(r"<[^>]*>", " ", JINJA.sub("", CODE.sub("", path.read_text(encoding="utf-8"))))
    return [word for word in re.findall(r"[A-Za-z][\w-]+", text) if word not in NOT_SHOWN]


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path != POLICY], ids=lambda path: path.stem)
def test_every_word_comes_from_the_catalogue(path: Path) -> None:
    assert words_of(path) == []
    assert SPOKEN.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<script|<style|\sstyle=|\son\w+=|<iframe|\|safe", text) == []
    assert re.findall(r'(?:src|action)="(?:https?:)?//', text) == []


def test_every_form_carries_a_token() -> None:
    for path in TEMPLATES:
        for form in re.findall(r"<form.*?</form>", path.read_text(encoding="utf-8"), re.DOTALL):
            assert re.search(r"visitor_token\(\)|session_token\(\)|csrf_token", form), path.stem


def test_sides_are_logical_so_that_right_to_left_needs_nothing() -> None:
    style = (FOLDER / "shared" / "pages.css").read_text(encoding="utf-8")
    assert (
        re.findall(r"\b(?:margin|padding|border|inset)-(?:left|right)\b|text-align: (?:left|right)|float: l", style)
        == []
    )


def test_every_template_can_be_drawn() -> None:
    assert Renderer().language("fr").tag == "en"


def test_the_notices_are_those_that_pages_lead_to() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    asked = set(re.findall(r"[?&]done=([a-z-]+)", code)) | {link.done for link in LINKS}
    assert asked == set(NOTICES)


@pytest.mark.clause("0-a")
def test_the_policy_is_the_published_text_word_for_word() -> None:
    """A change of the policy is a decision of the operator, never an edit on the way; the notes on lists are ours."""
    text = POLICY.read_text(encoding="utf-8").partition("{% block content %}")[2]
    text = re.sub(r'<p class="hint">.*?</p>|\{%.*?%\}', "", text)
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
    words = re.sub(r" ([.,;:])", r"\1", words)
    assert hashlib.sha256(words.encode()).hexdigest() == POLICY_DIGEST


@pytest.mark.clause("0-a")
def test_the_policy_has_all_its_sections() -> None:
    text = POLICY.read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r"<h2>(\d+)\. ", text)] == list(range(1, 13))
    assert len(re.findall(r"<h3>\d+\.\d+ ", text)) == 33
    assert "{{" not in text
