"""What machine this is, and where figures are kept: `bench/results/latest.json`, one section for each benchmark."""

from __future__ import annotations

import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"


def machine() -> dict[str, Any]:
    """Describe the machine; others may load it at the same time, which moves every figure."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg(),
    }


def keep(section: str, figures: Any, described: dict[str, Any]) -> Path:
    """Write one section and leave the others as they are; return the file."""
    RESULTS.parent.mkdir(exist_ok=True)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept[section] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": described, "figures": figures}
    unfinished = RESULTS.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(kept, indent=2) + "\n")
    unfinished.replace(RESULTS)
    return RESULTS
