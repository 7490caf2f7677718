"""The schema's text as one caller may use it."""

from api.graphql.schema import print_schema_text, schema_map
from governance.visible_schema import VisibleSchema


def visible_schema() -> VisibleSchema:
    """Return what cuts the text by the scopes and categories that execution asks for, from the same map."""
    known = schema_map()
    categories = {coordinate: tag.category for coordinate, tag in known.personal.items()}
    arguments = {
        place: frozenset(categories[coordinate] for coordinate in told)
        for place, told in known.told_by_arguments.items()
    }
    return VisibleSchema(print_schema_text(), known.scopes, categories, arguments=arguments)
