"""The last part of the demo: a compliance officer lists what the audit log kept of all of it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from api.accounts.staff import OPERATOR, NewStaff, create_staff, mint_staff_token
from api.development.demo_documents import AUDIT
from api.development.frontend import Frontend
from api.development.platform import DevelopmentPlatform
from api.development.story import Story
from api.viewer import Role

OFFICER: Final = "officer@bakery.example.com"


async def show_audit(story: Story, platform: DevelopmentPlatform) -> None:
    """Make an officer and print every event, oldest first."""
    if platform.root_path is None:
        return
    story.title("The compliance officer")
    core = platform.core
    with story.step("Make an officer who may read the audit log and nothing else"):
        await create_staff(core.account_parts, OPERATOR, NewStaff(OFFICER, "Officer", Role.COMPLIANCE_OFFICER))
        async with core.works.open(OPERATOR) as work:
            token = (await mint_staff_token(work, OFFICER, "demo", expires_in_days=1)).text
    async with Frontend(platform.url, platform.root_path, token) as officer:
        with story.step("List the audit log"):
            log = (await officer.ask(AUDIT))["auditEvents"]
    events = [edge["node"] for edge in reversed(log["edges"])]
    story.row("time", "kind", "by", "operation", "clauses", "personal data")
    for event in events:
        story.row(
            event["at"][11:19],
            event["kind"].lower(),
            event["actorRole"],
            event["operation"],
            " ".join(event["clauses"]),
            _short(event["categories"]),
        )
    kinds = Counter(event["kind"].lower() for event in events)
    story.fact("events", f"{log['totalCount']}: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))


def _short(categories: list[str]) -> str:
    return ", ".join(sorted(name.removeprefix("user.") for name in categories))
