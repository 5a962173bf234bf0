"""What the formats of all files share: plain text for numbers, the version, no unknown keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def _as_text(value: Any) -> Any:
    return value if isinstance(value, bool | list | dict) else str(value)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


# in a protocol a list or range may stand where one value does; the loader takes it apart
Text = Annotated[
    str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "array"]})
]
Version = Annotated[int, Field(ge=1, le=1, description="the version of this file format")]
Words = Annotated[list[str], BeforeValidator(_as_list)]


class Strict(BaseModel):
    """A part of a file: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
