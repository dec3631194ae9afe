"""What has to stand in HubSpot before a joint campaign is launched: `schema/tracking.toml`.

The UTM convention, the custom properties by their names in this portal, and the addresses by which a test lead is
known. Every portal names these things in its own way, so they are data; it holds no value of any campaign. Read once
with the rest of the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mdfsync.policy.door import EMAIL, FileModel, parse, read_toml

FILE = "schema/tracking.toml"
PLACES = ("partner", "campaign_type", "words")
"""What may stand in braces in a UTM pattern."""
_PLACE = re.compile(r"\{([^{}]*)\}")

UtmField = Literal["utm_source", "utm_medium", "utm_campaign", "utm_content"]
ObjectType = Literal["deals", "contacts", "companies", "campaigns"]
PropertyType = Literal["string", "number", "date", "datetime", "enumeration", "bool"]


class PropertyRow(FileModel):
    object: ObjectType
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Internal name in this portal; HubSpot lets people change the label only."""
    type: PropertyType
    options: tuple[str, ...] = ()
    """Values that must be on offer; more may be."""
    use: Annotated[str, Field(min_length=5)]
    """What it is for, in words for whoever sets it up."""


class TrackingFile(FileModel):
    """Shape of `schema/tracking.toml`."""

    owner: Annotated[str, Field(pattern=EMAIL)]
    utm: dict[UtmField, Annotated[tuple[str, ...], Field(min_length=1)]]
    """Patterns by field; a value follows the convention when it fits one of them."""
    test_leads: Annotated[tuple[str, ...], Field(min_length=1)]
    """E-mail addresses of test leads; `*` stands for any text."""
    properties: tuple[PropertyRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredProperty:
    """A property that HubSpot must have. `object_type` as in its paths (deals, contacts, …)."""

    object_type: str
    name: str
    type: str
    options: tuple[str, ...]
    use: str

    @property
    def shown(self) -> str:
        """How people are told of it."""
        return f"{self.object_type}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """The settings. `utm` = patterns by field."""

    utm: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    test_leads: tuple[str, ...] = ()
    properties: tuple[RequiredProperty, ...] = ()

    @property
    def required(self) -> dict[str, tuple[str, ...]]:
        """Names of required properties by object type."""
        kinds = sorted({p.object_type for p in self.properties})
        return {kind: tuple(p.name for p in self.properties if p.object_type == kind) for kind in kinds}


def load_tracking(root: Path, reasons: list[str]) -> Tracking:
    """The settings; faults go to `reasons`."""
    document = read_toml(root / FILE, FILE, reasons)
    model = parse(TrackingFile, document, FILE, reasons) if document is not None else None
    if model is None:
        return Tracking()
    reasons += _faults(model)
    properties = tuple(
        RequiredProperty(object_type=p.object, name=p.name, type=p.type, options=p.options, use=p.use)
        for p in model.properties
    )
    utm = {str(name): patterns for name, patterns in model.utm.items()}
    return Tracking(utm=utm, test_leads=model.test_leads, properties=properties)


def _faults(model: TrackingFile) -> Iterator[str]:
    for name, patterns in model.utm.items():
        for place in sorted({p for pattern in patterns for p in _PLACE.findall(pattern)} - set(PLACES)):
            yield f"{FILE}: utm.{name}: {{{place}}} stands for nothing, use one of {', '.join(PLACES)}"
    seen: set[tuple[str, str]] = set()
    for row in model.properties:
        if (row.object, row.name) in seen:
            yield f"{FILE}: properties: {row.object}.{row.name} is named twice, keep one of them"
        seen.add((row.object, row.name))
        if row.options and row.type != "enumeration":
            yield f"{FILE}: properties: {row.object}.{row.name}.options: only an enumeration has them, remove them"
