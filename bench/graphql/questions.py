"""What is asked: four operations with their variables, as a client of the product sends them.

The answers have the same length for everybody (see `data.py`), so an error that hides behind status 200 shows by size.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bench.graphql.wire import encode_moment

COUNTER_DIGITS: Final = 8
DOMAINS_ASKED: Final = 20
CERTIFICATES_ASKED: Final = 5
EXPIRING_ASKED: Final = 100

_Q1: Final = """
query Reader {
  me { id email displayName companyName country language timeZone createdAt }
}
"""
_Q2: Final = """
query Domains($domains: Int!, $certificates: Int!) {
  me {
    domains(first: $domains) {
      edges {
        node {
          id
          name
          certificates(first: $certificates) {
            edges { node { id serialNumber fingerprintSha256 issuerName notBefore notAfter revokedAt } }
            pageInfo { hasNextPage endCursor }
          }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
_Q3: Final = """
query Expiring($first: Int!, $before: DateTime!) {
  me {
    certificates(first: $first, expiringBefore: $before) {
      edges { node { id serialNumber notAfter issuerName domains { id name } } }
    }
  }
}
"""
_M1: Final = """
mutation Rename($input: UpdateSettingsInput!) {
  updateSettings(input: $input) { account { id displayName } errors { code } }
}
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One operation; a `changing` one is asked with another number each time, or it would change nothing."""

    key: str
    title: str
    operation: str
    document: str
    variables: dict[str, Any]
    changing: bool = False

    def body(self, counter: str = "0" * COUNTER_DIGITS) -> dict[str, Any]:
        """Return the request; a changing one carries `counter`."""
        variables = {"input": {"displayName": display_name(counter)}} if self.changing else self.variables
        return {"operationName": self.operation, "query": self.document, "variables": variables}

    def body_text(self, counter: str = "0" * COUNTER_DIGITS) -> str:
        """Return the request as it is sent."""
        return json.dumps(self.body(counter), separators=(",", ":"))


def display_name(counter: str) -> str:
    """Return a name of the same length for every counter."""
    return f"Renamed {counter}"


def questions(expiring_before: datetime) -> dict[str, Question]:
    """Return the questions by key; certificates that end before `expiring_before` are the expiring ones."""
    moment = encode_moment(expiring_before)
    listed = (
        Question("Q1", "one account, 8 fields", "Reader", _Q1, {}),
        Question(
            "Q2",
            "20 domains with 5 certificates each",
            "Domains",
            _Q2,
            {"domains": DOMAINS_ASKED, "certificates": CERTIFICATES_ASKED},
        ),
        Question(
            "Q3",
            "100 expiring certificates with their domain",
            "Expiring",
            _Q3,
            {"first": EXPIRING_ASKED, "before": moment},
        ),
        Question("M1", "change of one account", "Rename", _M1, {}, changing=True),
    )
    return {question.key: question for question in listed}
