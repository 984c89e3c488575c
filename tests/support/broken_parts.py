"""A module with an error, for `custom_imports`; nothing else may import it."""

none = object.missing  # type: ignore[attr-defined]
