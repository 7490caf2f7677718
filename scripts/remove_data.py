"""Stop the embedded database and delete what the platform keeps under `var/`.

One rule: nothing is deleted while another process uses the database.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from api.db import embedded

VAR = Path("var")
DATABASE = VAR / "postgres"


def main() -> None:
    """Delete the data, or say who is in the way."""
    if DATABASE.exists():
        if not embedded.stop_if_unused(DATABASE):
            sys.exit("The database is in use; nothing was deleted. Stop `make dev` first.")
        elsewhere = DATABASE / "ELSEWHERE"
        if elsewhere.exists():
            shutil.rmtree(elsewhere.read_text(encoding="utf-8").strip())
    shutil.rmtree(VAR, ignore_errors=True)
    print("The data is deleted.")


if __name__ == "__main__":
    main()
