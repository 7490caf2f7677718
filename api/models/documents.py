"""Documents that callers may name by id instead of sending them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base
from api.models.tags import neutral


class TrustedDocumentRow(Base):
    """A GraphQL document, checked when it was loaded. `id` is `sha256:` and the hash of `text`; it never changes."""

    __tablename__ = "trusted_document"
    __table_args__ = (CheckConstraint("id ~ '^sha256:[0-9a-f]{64}$'", name="id"),)

    id: Mapped[str] = mapped_column(String(71), primary_key=True, info=neutral("the hash of a program's text"))
    name: Mapped[str] = mapped_column(String(200), info=neutral("the name of a file of a program"))
    text: Mapped[str] = mapped_column(Text, info=neutral("a program's text, loaded by the operator"))
    loaded_at: Mapped[datetime] = mapped_column(index=True, info=neutral("when the operator loaded it"))
