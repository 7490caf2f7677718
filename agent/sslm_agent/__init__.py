"""The agent of the SSL Certificate Manager: keys are made and stay here, only requests and reports leave.

It imports nothing of the platform; all it knows of it is the wire, in `documents/` and `answers`.
"""

from __future__ import annotations

__version__ = "0.1.0"
