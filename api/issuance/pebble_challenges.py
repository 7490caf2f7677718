"""The challenge server beside Pebble: its DNS and web content, set over a loopback API.

The rule: names are given without the dot at the end; this client adds it.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from api.issuance.challenges import DnsPlacement, HttpPlacement

TIMEOUT_SECONDS: Final = 10.0
_OK: Final = 200


class ChallengeServer:
    """A client of pebble-challtestsrv's management interface. Each call is one short request."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    @property
    def url(self) -> str:
        """Where its management interface is, for clients in other languages."""
        return f"http://{self._host}:{self._port}"

    def place(self, placement: HttpPlacement | DnsPlacement) -> None:
        """Place what a holder would place."""
        if isinstance(placement, HttpPlacement):
            self.add_http01(placement.path.rpartition("/")[2], placement.content)
        else:
            self.set_txt(placement.name, placement.value)

    def add_http01(self, challenge_token: str, content: str) -> None:
        """Serve a key authorization for http-01."""
        self._post("/add-http01", {"token": challenge_token, "content": content})

    def set_txt(self, name: str, value: str) -> None:
        """Add a TXT record beside those that are there."""
        self._post("/set-txt", {"host": f"{name}.", "value": value})

    def clear_txt(self, name: str) -> None:
        """Remove every TXT record of a name."""
        self._post("/clear-txt", {"host": f"{name}."})

    def set_cname(self, name: str, target: str) -> None:
        """Point a name to another, as a delegated zone does."""
        self._post("/set-cname", {"host": f"{name}.", "target": f"{target}."})

    def add_a(self, name: str, *addresses: str) -> None:
        """Set the IPv4 addresses of a name; every other name is 127.0.0.1."""
        self._post("/add-a", {"host": f"{name}.", "addresses": list(addresses)})

    def set_servfail(self, name: str) -> None:
        """Let every look-up of a name fail."""
        self._post("/set-servfail", {"host": f"{name}."})

    def clear_servfail(self, name: str) -> None:
        """Let look-ups of a name succeed again."""
        self._post("/clear-servfail", {"host": f"{name}."})

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        try:
            self._post("/clear-txt", {"host": "ready.invalid."})
        except (OSError, HTTPException):
            return False
        return True

    def _post(self, path: str, content: dict[str, Any]) -> None:
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", path, json.dumps(content))
            answer = connection.getresponse()
            answer.read()
            if answer.status != _OK:
                raise HTTPException(f"the challenge server answered {answer.status}")
        finally:
            connection.close()
