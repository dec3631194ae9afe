"""The parts of a programme file, key by key, as pydantic checks them. `schema/programmes/template.toml` explains them.

Expressions are text; a plain number, day or truth value may stand without quotes. It refuses keys that do not exist and
parts that contradict themselves; what stands in the expressions is `rulebook`'s business.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mdfsync.programme.reading import CASE_KINDS


def _written(raw: Any) -> Any:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | Decimal):
        return format(Decimal(raw), "f") if -(10**15) < raw < 10**15 else raw
    return raw.isoformat() if isinstance(raw, date) and not isinstance(raw, datetime) else raw


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Path = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
Text = Annotated[str, Field(min_length=1)]
Expression = Annotated[str, BeforeValidator(_written), Field(min_length=1)]
Days = Annotated[int, Field(ge=0, le=3660)]
Table = dict[str, Expression | dict[str, Expression | dict[str, Expression]]]  # asked by one, two or three texts
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
HOUSE = (
    "barred", "category", "not_approved", "before_approval", "commit_date", "campaign_window", "approved_period",
    "amount", "over_approved", "currency", "double_funding", "segregation",
)  # fmt: skip
"""What is held against an expense whatever its programme says, unless a rule of the programme stands for it."""
STEPS = ("exclude", "add", "share", "ceiling", "minimum")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(_Part):
    """What a reason can come from: who it is, where the programme says so, and the sentence that people read."""

    id: Id
    clause: Text
    says: Text
    owner: str = ""


class Cited(_Part):
    """Where the programme's own words stand."""

    title: Text
    url: str = ""
    read: date


class Head(_Part):
    """Who the programme is and from when to when this version holds."""

    id: Id
    title: Text
    version: Text
    valid_from: date
    valid_until: date | None = None
    governed_by: Expression = "as_of"
    claim_by: Expression | None = None
    zone: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    direction: Literal["we_claim", "we_reimburse", "both"] = "both"
    keep_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    """For how long after its last day the evidence of a campaign is kept; `None` = the programme does not say."""
    cites: list[Cited] = []


class Counting(_Part):
    """Business days and fiscal periods."""

    weekend: list[Literal[DAYS]] = ["saturday", "sunday"]  # type: ignore[valid-type]
    holidays: list[date] = []
    fiscal_year_begins: Literal[MONTHS] = "january"  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _somebody_works(self) -> Counting:
        if len(set(self.weekend)) == len(DAYS):
            raise ValueError("a week has at least one business day")
        return self


class Demand(Named):
    """A rule: what must hold, where it applies, what follows where it does not, and until when it can be cured."""

    must: Expression | None = None
    discretion: bool = False
    unique: list[Expression] = []
    up_to: Expression | None = None
    when: Expression | None = None
    unless: Expression | None = None
    otherwise: Literal["ineligible", "held"] = "ineligible"
    until: Expression | None = None
    where: Expression | None = None
    optional: bool = False
    supply: str = ""
    stands_for: list[Literal[HOUSE]] = []  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _consistent(self) -> Demand:
        if (self.must is not None) + self.discretion + bool(self.unique) != 1:
            raise ValueError("a rule has one of `must`, `discretion = true` and `unique`")
        if self.discretion and (self.until or self.unless or self.otherwise == "held"):
            raise ValueError("a rule of discretion has no `until`, `unless` or `otherwise`")
        if self.until and self.otherwise == "held":
            raise ValueError("what can be cured `until` a day is ineligible afterwards: no `otherwise`")
        if self.unique and self.until:
            raise ValueError("`until` belongs to `must`")
        if self.up_to and not self.unique:
            raise ValueError("`up_to` belongs to `unique`")
        return self


class Piece(_Part):
    """One kind of proof: its type and what must be true of the file, or several pieces of which all or any will do."""

    type: str = ""
    where: Expression | None = None
    at_least: Expression = "1"
    says: str = ""
    all_of: list[Piece] = []
    any_of: list[Piece] = []

    @model_validator(mode="after")
    def _one(self) -> Piece:
        if bool(self.type) + bool(self.all_of) + bool(self.any_of) != 1:
            raise ValueError("a piece of evidence has one of `type`, `all_of` and `any_of`")
        if not self.type and (self.where or self.at_least != "1"):
            raise ValueError("`where` and `at_least` belong to a `type`")
        return self


class Proof(Named):
    """A set of evidence that is required for some activities or expenses."""

    when: Expression | None = None
    all_of: list[Piece] = []
    any_of: list[Piece] = []
    until: Expression | None = None
    otherwise: Literal["ineligible", "held"] = "held"
    per: list[Expression] = []
    purpose: Literal["performance", "financial"] = "performance"
    once: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _some(self) -> Proof:
        if bool(self.all_of) == bool(self.any_of):
            raise ValueError("evidence names either `all_of` or `any_of`")
        if self.until and self.otherwise == "ineligible":
            raise ValueError("what can be cured `until` a day is ineligible afterwards: no `otherwise`")
        return self


class Step(Named):
    """One step from the cost to the amount."""

    when: Expression | None = None
    exclude: Expression | None = None
    add: Expression | None = None
    share: Expression | None = None
    ceiling: Expression | None = None
    minimum: Expression | None = None
    per: list[Expression] = []
    of: Expression | None = None
    within: Expression | None = None
    on: Expression | None = None
    otherwise: Literal["ineligible", "held"] = "ineligible"

    @property
    def kind(self) -> str:
        """Which of `STEPS` it is."""
        return next(name for name in STEPS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _consistent(self) -> Step:
        if sum(getattr(self, name) is not None for name in STEPS) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(STEPS)}")
        if self.per and self.kind not in {"ceiling", "minimum"}:
            raise ValueError("`per` belongs to a ceiling or a minimum")
        if (self.of or self.within) and not (self.kind == "ceiling" and self.per):
            raise ValueError("`of` and `within` belong to a ceiling with `per`")
        if bool(self.within) != bool(self.on):
            raise ValueError("`within` (how long) and `on` (which date counts) belong together")
        if self.otherwise == "held" and self.kind != "minimum":
            raise ValueError("`otherwise` belongs to a minimum")
        return self


class Amount(_Part):
    """From what is claimable at all, step by step; rounded once at the end."""

    of: Expression
    clause: str = ""
    step: list[Step] = []
    rounding: Literal["half up", "half even", "down", "up"] = "half up"
    round_to: Annotated[str, BeforeValidator(_written), Field(pattern=r"^\d{0,6}(\.\d{1,3})?$")] = ""

    @model_validator(mode="after")
    def _above_nought(self) -> Amount:
        if self.round_to and not Decimal(self.round_to or "0") > 0:
            raise ValueError("`round_to` is an amount above 0, as in 1 or 0.05")
        return self


class Repayment(Named):
    """What is to be paid back once more was received than the case is worth."""

    when: Expression | None = None
    of: Expression = "received - claimable"
    due: Expression | None = None
    owner: str = ""


class AfterFiling(_Part):
    """Calendar days after a claim is filed, where the programme states any: from filing or an appeal to the payer's
    decision, from the decision to the payment, from the decision to the last day of an appeal, and from a demand to
    the repayment."""

    decision_days: Days | None = None
    payment_days: Days | None = None
    appeal_days: Days | None = None
    repayment_days: Days | None = None


class File(_Part):
    """The whole file."""

    programme: Head
    calendar: Counting = Counting()
    rates: dict[
        Annotated[str, Field(pattern=r"^[A-Z]{3}$")],
        Annotated[str, BeforeValidator(_written), Field(pattern=r"^\d{1,12}(\.\d{1,12})?$")],
    ] = {}
    attributes: dict[Path, Literal[CASE_KINDS]] = {}  # type: ignore[valid-type]
    tables: dict[Id, Table] = {}
    values: dict[Name, Expression] = {}
    rule: list[Demand] = []
    evidence: list[Proof] = []
    amount: Amount
    repayment: list[Repayment] = []
    after_filing: AfterFiling = AfterFiling()
