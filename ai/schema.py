"""The form of a draft as JSON schema, for servers that know no words of the mail."""

from typing import Any

from db.desk import Desk

BUDGET = 400  # tokens of one draft
LONGEST_REPLY = 1500  # characters
LONGEST_DETAIL = 120


def schema_of_any(desk: Desk) -> dict[str, Any]:
    """The draft's form for a server that knows no spans: any category, any user name, any of the desk's keys."""
    detail = {"type": "string", "minLength": 1, "maxLength": LONGEST_DETAIL}
    keys = dict.fromkeys(key for category in desk.categories for key in category.fields)
    return {
        "type": "object",
        "properties": {
            "category": {"type": "string", "enum": list(desk.category_names)},
            "username": {"type": "string", "maxLength": 80},
            "details": {"type": "object", "properties": dict.fromkeys(keys, detail), "additionalProperties": False},
            "reply": {"type": "string", "minLength": 1, "maxLength": LONGEST_REPLY},
        },
        "required": ["category", "username", "details", "reply"],
        "additionalProperties": False,
    }
