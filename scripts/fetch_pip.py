"""Fetch the pinned pip where Python came without it: Debian and Ubuntu leave `ensurepip` out of `python3`.

Runs on a bare Python 3.11 and asks the package index that is configured for pip (environment, then pip's configuration
files); no address of an index stands here, so without one nothing is fetched and the caller takes Debian's package.
One rule: a file whose SHA-256 is not pinned in `requirements/installer.txt` is never kept.

    python3 scripts/fetch_pip.py FOLDER      prints the path of the wheel
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

PINS = Path(__file__).parent.parent / "requirements" / "installer.txt"
TIMEOUT_SECONDS = 60


class Links(HTMLParser):
    """Collects the targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where each link leads."""
        if tag == "a":
            self.targets += [value for name, value in attrs if name == "href" and value]


def configured(option: str) -> str:
    """Look an option up as pip does: environment first, then the files, the most specific last."""
    if value := os.environ.get("PIP_" + option.upper().replace("-", "_")):
        return value
    found = ""
    for file in configuration_files():
        parser = configparser.RawConfigParser()
        parser.read(file, encoding="utf-8")
        for section in ("global", "install"):
            found = parser.get(section, option, fallback=found)
    return found


def configuration_files() -> list[Path]:
    """List pip's configuration files, system-wide ones first."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = Path.home()
    shared = [Path(folder) / "pip" for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip"
    files = [*(folder / "pip.conf" for folder in shared), Path("/etc/pip.conf"), home / ".pip" / "pip.conf"]
    return [*files, own / "pip.conf", *([Path(named)] if named else [])]


def pinned() -> tuple[str, set[str]]:
    """Read the version of pip and the digests its files may have."""
    text = PINS.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.match(r"pip==(\S+)", line):
            return match[1], set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    raise SystemExit(f"{PINS} does not pin pip; nothing was fetched.")


def fetch(url: str) -> bytes:
    """Read one address, with the login it carries, by the certificates pip is told to trust."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    address = urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310 - a local index is a file
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    proxy = configured("proxy")
    trust = ssl.create_default_context(cafile=configured("cert") or None)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=trust),
        *([urllib.request.ProxyHandler({"http": proxy, "https": proxy})] if proxy else []),
    )
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
    return content


def candidates(index: str, wheel: str) -> list[str]:
    """Find the addresses of `wheel` on one index; none when the index does not answer."""
    page = f"{index.rstrip('/')}/pip/"
    try:
        text = fetch(page + "index.html" if page.startswith("file:") else page).decode("utf-8")
    except (OSError, urllib.error.URLError) as error:
        print(f"{urlsplit(index).hostname or index}: {error}", file=sys.stderr)
        return []
    links = Links()
    links.feed(text)
    addresses = [with_login(urljoin(page, target), index) for target in links.targets]
    return [urldefrag(one).url for one in addresses if unquote(urlsplit(one).path).endswith(f"/{wheel}")]


def with_login(address: str, index: str) -> str:
    """Repeat the index's login for files of the same host, and for no other."""
    source, target = urlsplit(index), urlsplit(address)
    if "@" in source.netloc and target.hostname == source.hostname and "@" not in target.netloc:
        return urlunsplit(target._replace(netloc=f"{source.netloc.rpartition('@')[0]}@{target.netloc}"))
    return address


def main() -> None:
    """Keep the first file that has a pinned digest."""
    version, digests = pinned()
    wheel = f"pip-{version}-py3-none-any.whl"
    indexes = [*configured("index-url").split(), *configured("extra-index-url").split()]
    for index in indexes:
        for address in candidates(index, wheel):
            content = fetch(address)
            if hashlib.sha256(content).hexdigest() in digests:
                kept = Path(sys.argv[1]) / wheel
                kept.write_bytes(content)
                print(kept)
                return
            print(f"{wheel}: the digest is not the pinned one; the file was thrown away.", file=sys.stderr)
    raise SystemExit(f"{wheel} was not found on the configured package index; nothing was kept.")


if __name__ == "__main__":
    main()
