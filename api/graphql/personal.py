"""The one function that shows a tagged column, with this platform's purposes and retention classes."""

from typing import Final

from api.models import VOCABULARY, Purpose, Retention
from governance.graphql import Governed

personal: Final = Governed(Purpose, Retention, VOCABULARY)
