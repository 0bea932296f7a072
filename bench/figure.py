"""One line of the table."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """
    What was measured, in `unit`, and beside it the same of `beside_what`: what a user would pick instead where that
    can be measured here, else the aim.
    """

    name: str
    ours: float
    beside: float
    unit: str
    beside_what: str

    @property
    def ratio(self) -> float:
        return self.ours / self.beside

    def __str__(self) -> str:
        amounts = f"{self.amount(self.ours)}   {self.amount(self.beside)}"
        return f"{self.name:<62} {amounts}  {self.ratio:7.2f}   {self.beside_what}"

    def amount(self, value: float) -> str:
        return f"{value / 1e6:8.1f} MB" if self.unit == "B" else f"{value:8.3g} {self.unit:<2}"


HEAD = f"{'measure':<62} {'ours':>11}   {'beside':>11}  {'ratio':>7}   beside what"
