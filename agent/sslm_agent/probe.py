"""Does the local server answer with the new certificate? Asked as a browser asks, compared by fingerprint.

The comparison with the exact certificate is stronger than a chain check, so none is made here; nothing is sent over
the connection.
"""

from __future__ import annotations

import hashlib
import socket
import ssl

from sslm_agent.clock import Clock
from sslm_agent.errors import NotServed

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5
_CONNECTION_SECONDS = 5.0


def served_fingerprint(host: str, port: int, server_name: str) -> str:
    """Return the SHA-256 of the certificate the server presents for this name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # compared by fingerprint, see above
    with (
        socket.create_connection((host, port), timeout=_CONNECTION_SECONDS) as dialled,
        context.wrap_socket(dialled, server_hostname=server_name) as secured,
    ):
        return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()


def probe(host: str, port: int, server_name: str, fingerprint_sha256: str, clock: Clock) -> None:
    """Ask until the new certificate is served; servers take a moment to reload."""
    seen = "no answer"
    for attempt in range(_ATTEMPTS):
        if attempt:
            clock.pause(_PAUSE_SECONDS)
        try:
            served = served_fingerprint(host, port, server_name)
        except OSError as error:
            seen = f"no TLS answer ({error.strerror or type(error).__name__})"
            continue
        if served == fingerprint_sha256:
            return
        seen = f"the certificate {served}"
    raise NotServed(
        f"The certificate is installed, but {host}:{port} shows {seen} for {server_name}. "
        "Check that the server reads the folder of the agent or --install-dir, and that --reload-command reloads it."
    )
