"""Reads a page strictly: every tag closed, every id once, every input labelled, nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle", "rect"}
UNLABELLED = {"hidden", "submit"}


@dataclass
class Form:
    action: str
    method: str
    defaults: dict[str, str | list[str]] = field(default_factory=dict)


@dataclass
class Markup:
    status: int
    text: str
    headers: httpx.Headers
    faults: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    words: str = ""

    def form(self, action: str) -> Form:
        found = [form for form in self.forms if form.action == action]
        assert found, f"no form for {action}, only {[form.action for form in self.forms]}: {self.words[:400]}"
        return found[0]


class _Reader(HTMLParser):
    def __init__(self, page: Markup) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.wanting: list[str] = []
        self.described: list[str] = []
        self.select = ""
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if len(values) != len(attrs):
            self.page.faults.append(f"<{tag}> names an attribute twice")
        if tag not in VOID:
            self.open.append(tag)
        self._note_attributes(tag, values)
        self._note_form(tag, values)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note_attributes(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.faults.append(f"</{tag}> closes nothing")
        if tag == "select":
            self.select = ""
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.open[-1:] in (["script"], ["style"]):
            self.page.faults.append("code in the page")
        if self.area:
            self.page.forms[-1].defaults[self.area] = str(self.page.forms[-1].defaults.get(self.area, "")) + data
        self.page.words += f" {data.strip()}" if data.strip() else ""

    def _note_attributes(self, tag: str, values: dict[str, str]) -> None:
        if "id" in values:
            self.ids.append(values["id"])
        self.described += values.get("aria-describedby", "").split()
        self.page.faults += [f"<{tag} {name}>" for name in values if name == "style" or name.startswith("on")]
        if tag == "label":
            self.labels.add(values.get("for", ""))
        if tag in {"input", "select", "textarea"} and values.get("type") not in UNLABELLED:
            self.wanting.append(values.get("id", f"<{tag}> without id"))
        if tag == "a":
            self.page.links.append(values.get("href", ""))
        if tag in {"link", "img", "script", "iframe", "form"}:
            self.page.loaded.append(values.get("href") or values.get("src") or values.get("action") or "")
        if tag in {"script", "style", "iframe", "object"}:
            self.page.faults.append(f"<{tag}>")

    def _note_form(self, tag: str, values: dict[str, str]) -> None:
        if tag == "form":
            self.page.forms.append(Form(values["action"], values.get("method", "get")))
        if not self.page.forms or "form" not in self.open:
            return
        defaults, name = self.page.forms[-1].defaults, values.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "textarea":
            self.area = name
        elif tag == "option" and self.select and (self.select not in defaults or "selected" in values):
            defaults[self.select] = values["value"]
        elif tag == "input" and (values.get("type") not in {"checkbox", "radio"} or "checked" in values):
            defaults[name] = values.get("value", "")


def read(response: httpx.Response) -> Markup:
    """Read a page and collect what is wrong with it."""
    assert response.headers["content-type"] == "text/html; charset=utf-8", response.text[:200]
    page = Markup(response.status_code, response.text, response.headers)
    reader = _Reader(page)
    reader.feed(response.text)
    reader.close()
    page.faults += [f"<{tag}> is not closed" for tag in reader.open]
    page.faults += [f"id {name} twice" for name in set(reader.ids) if reader.ids.count(name) > 1]
    page.faults += [f"no label for {name}" for name in reader.wanting if name not in reader.labels]
    page.faults += [f"aria-describedby {name} is nowhere" for name in reader.described if name not in reader.ids]
    page.faults += [f"loads {address}" for address in page.loaded if not re.match(r"/(?!/)", address)]
    if not response.text.startswith("<!doctype html>"):
        page.faults.append("no doctype")
    return page
