"""From a template and its values to an answer: escaped text, one set of security headers, nothing from elsewhere.

The rule: a page holds no script, no inline style and no address of another site that a browser would load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from api.pages.languages import ENGLISH, LANGUAGES, Language

FOLDER: Final = Path(__file__).parent
ASSETS: Final = {
    "pages.css": ("text/css; charset=utf-8", FOLDER / "shared" / "pages.css"),
    "icon.svg": ("image/svg+xml", FOLDER / "shared" / "icon.svg"),
}
SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NO_STORE: Final = {"cache-control": "no-store", "vary": "Cookie"}
PUBLIC: Final = {"cache-control": "private, no-cache", "vary": "Cookie"}
_HTML: Final = "text/html; charset=utf-8"


class Renderer:
    """Draws templates in each language; made once, so that a broken template stops the start."""

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages
        self._fingerprints = {name: _fingerprint(path) for name, (_, path) in ASSETS.items()}
        self._environments = {tag: self._environment(language) for tag, language in languages.items()}
        for name in self._environments[ENGLISH.tag].list_templates(extensions=["html"]):
            self._environments[ENGLISH.tag].get_template(name)

    def language(self, wanted: str) -> Language:
        """Return the language that is nearest to what somebody wants."""
        return self._languages.get(wanted.partition("-")[0], self._languages[ENGLISH.tag])

    def draw(self, template: str, language: Language, values: Mapping[str, Any]) -> str:
        """Return the HTML text."""
        return self._environments[language.tag].get_template(template).render(values)

    def asset(self, name: str) -> str:
        """Return the address of a file; it changes with the file, so browsers may keep it for ever."""
        return f"/assets/{self._fingerprints[name]}/{name}"

    def serve_asset(self, fingerprint: str, name: str) -> Response | None:
        """Return the file, or None if there is no such version of it."""
        if self._fingerprints.get(name) != fingerprint:
            return None
        media_type, path = ASSETS[name]
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        return Response(path.read_bytes(), media_type=media_type, headers=headers)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.globals["asset"] = self.asset
        install: Any = environment
        install.install_gettext_translations(language.translations, newstyle=True)
        return environment


def html_response(text: str, status: int, headers: Mapping[str, str], cookies: Sequence[str] = ()) -> Response:
    """Return a page with the security headers and the cookies it sets."""
    response = Response(text, status, headers={**SECURITY_HEADERS, **headers}, media_type=_HTML)
    return with_cookies(response, cookies)


def redirect_response(path: str, cookies: Sequence[str] = ()) -> Response:
    """Return "see other" (303): the browser fetches `path` with GET, so that a reload sends nothing again."""
    return with_cookies(Response(status_code=303, headers={**SECURITY_HEADERS, **NO_STORE, "location": path}), cookies)


def with_cookies(response: Response, cookies: Sequence[str]) -> Response:
    """Add `Set-Cookie` headers, each made by `api.auth.cookies`."""
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
