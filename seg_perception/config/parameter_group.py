"""What all groups of parameters have in common: strictness, and marks on single parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from seg_perception.core.types import clean_frame_id

FrameId = Annotated[str, AfterValidator(clean_frame_id)]

# Marks of a parameter, given as `json_schema_extra`; `LIVE | EXPERT` is both.
# It may be changed while the node works.
LIVE: JsonDict = {"live": True}
# No page of the first hour needs it: it stands on a page of its own, `config dump` leaves it out.
EXPERT: JsonDict = {"expert": True}


class ParameterGroup(BaseModel):
    """A group of parameters; unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def has_mark(field: FieldInfo, mark: JsonDict) -> bool:
    """Whether a parameter carries `LIVE` or `EXPERT`."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and mark.items() <= extra.items()


def meaning(field: FieldInfo) -> str:
    """A parameter's description, with its marks behind it in brackets."""
    marks = [name for mark in (LIVE, EXPERT) if has_mark(field, mark) for name in mark]
    return f"{field.description} ({', '.join(marks)})" if marks else f"{field.description}"
