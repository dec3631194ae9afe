"""Functions of Airtable formulas over single numbers: rounding, parity, powers, logarithms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mdfsync.sandbox.airtable.operands import FormulaError, number


def _round(value: Any, digits: Any = 0) -> float:
    scale = 10.0 ** int(number(digits))
    return math.floor(number(value) * scale + 0.5) / scale


def _step(up: bool) -> Callable[..., float]:
    """CEILING and FLOOR to a multiple of the second argument."""

    def apply(value: Any, significance: Any = 1) -> float:
        size = number(significance)
        if size == 0:
            return 0
        return (math.ceil if up else math.floor)(number(value) / size) * size

    return apply


def _away(up: bool) -> Callable[..., float]:
    """ROUNDUP (away from zero) and ROUNDDOWN (towards it)."""

    def apply(value: Any, digits: Any = 0) -> float:
        scale, given = 10.0 ** int(number(digits)), number(value)
        return math.copysign((math.ceil if up else math.floor)(abs(given) * scale) / scale, given)

    return apply


def _parity(rest: int) -> Callable[[Any], int]:
    """EVEN and ODD: the next such whole number away from zero."""

    def apply(value: Any) -> int:
        given = number(value)
        size = math.ceil(abs(given))
        size += size % 2 != rest
        return -size if given < 0 else size

    return apply


def _modulo(value: Any, divisor: Any) -> float:
    if number(divisor) == 0:
        raise FormulaError("division by zero")
    return number(value) % number(divisor)


def _power(value: Any, exponent: Any) -> float:
    try:
        result: Any = float(number(value)) ** float(number(exponent))
    except (ZeroDivisionError, OverflowError):
        raise FormulaError("not a number") from None
    if isinstance(result, complex):
        raise FormulaError("not a number")
    return float(result)


def _log(value: Any, base: Any = 10) -> float:
    try:
        return math.log(number(value), number(base))
    except ZeroDivisionError:
        raise FormulaError("not a number") from None


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "ROUND": (1, 2, _round),
    "ROUNDUP": (1, 2, _away(up=True)),
    "ROUNDDOWN": (1, 2, _away(up=False)),
    "CEILING": (1, 2, _step(up=True)),
    "FLOOR": (1, 2, _step(up=False)),
    "EVEN": (1, 1, _parity(0)),
    "ODD": (1, 1, _parity(1)),
    "MOD": (2, 2, _modulo),
    "POWER": (2, 2, _power),
    "SQRT": (1, 1, lambda v: math.sqrt(number(v))),
    "EXP": (1, 1, lambda v: math.exp(number(v))),
    "LOG": (1, 2, _log),
    "INT": (1, 1, lambda v: math.floor(number(v))),
    "ABS": (1, 1, lambda v: abs(number(v))),
}
