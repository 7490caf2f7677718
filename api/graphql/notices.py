"""What a person must be told before an order (clauses 4.1-c and 4.1-d)."""

import strawberry

from api.graphql.personal import personal


@strawberry.type(description="A notice in its present version.")
class Notice:
    """A text that is shown and acknowledged."""

    version: str = personal.computed("a version of a text", description="Send it back as what was acknowledged.")
    text: str = personal.computed("a public text", description="Show it as it is.")
    policy_url: str | None = personal.computed("a public address", description="Where to read more.")
    acknowledged: bool = personal.computed(
        "whether this very text was acknowledged; about the caller alone", description="Whether you already did."
    )


@strawberry.type(description="A name that may tell more than its owner wants.")
class NameWarning:
    """A warning about a name the caller just sent."""

    name: str = personal.computed("an echo of the question", description="The name that was asked about.")
    text: str = personal.computed("a public text", description="Why it deserves a second thought.")


@strawberry.type(description="What must be shown and acknowledged before names are ordered.")
class OrderNotices:
    """Notices before an order."""

    certificate_transparency: Notice = strawberry.field(description="Names become public and stay so (4.1-d).")
    certificate_authority: Notice = strawberry.field(description="What the authority keeps (4.1-c).")
    warnings: list[NameWarning] = strawberry.field(description="Names that look private.")
