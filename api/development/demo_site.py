"""A small web server for the demo: it serves one page over TLS with whatever certificate was installed for it.

`serve FOLDER PORT` runs it; `reload FOLDER` makes it take the newly installed files and returns when it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from pathlib import Path
from typing import Final

_CONTROL: Final = "control.sock"
_PAGE: Final = (
    b'<!doctype html><html lang="en"><title>The bakery</title><h1>Fresh bread, and a fresh certificate</h1></html>\n'
)
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: "


class Site:
    """The server; it listens from the first certificate on, and keeps the old one where a new one does not load."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None

    async def run(self) -> None:
        """Wait for orders on the control socket until the process ends."""
        if (self._folder / "fullchain.pem").exists():
            await self.load()
        control = await asyncio.start_unix_server(self._obey, path=self._folder.parent / _CONTROL)
        async with control:
            await control.serve_forever()

    async def load(self) -> None:
        """Take the installed certificate; raise `ssl.SSLError` or `OSError` and change nothing if it does not load."""
        files = (str(self._folder / "fullchain.pem"), str(self._folder / "privkey.pem"))
        if self._context is not None:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*files)
            self._context.load_cert_chain(*files)
            return
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
        self._context = context
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port, ssl=context)

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        try:
            await self.load()
            writer.write(b"ok\n")
        except (OSError, ssl.SSLError) as error:
            writer.write(f"the certificate does not load: {error}\n".encode())
        await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # a probe leaves after the handshake
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_HEAD + str(len(_PAGE)).encode() + b"\r\n\r\n" + _PAGE)
            await writer.drain()
        writer.close()


async def reload(folder: Path) -> str:
    """Ask the running server to load the installed files; return what it says."""
    reader, writer = await asyncio.open_unix_connection(folder.parent / _CONTROL)
    writer.write(b"reload\n")
    await writer.drain()
    answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


def main() -> int:
    """Run as `python -m api.development.demo_site serve FOLDER PORT`, or `reload FOLDER`."""
    folder = Path(sys.argv[2])
    if sys.argv[1] == "serve":
        asyncio.run(Site(folder, int(sys.argv[3])).run())
        return 0
    answer = asyncio.run(reload(folder))
    sys.stderr.write(answer + "\n")
    return 0 if answer == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
