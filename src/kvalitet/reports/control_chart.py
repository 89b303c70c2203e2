"""Control charts (XmR): geometry in Python, drawn as inline SVG by a template. The axis need not begin at 0."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby

from kvalitet.reports import danish
from kvalitet.reports.charts import Tick, step_decimals, tick_step

WIDTH, HEIGHT = 480, 210
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 20, 26


@dataclass(frozen=True)
class ControlPoint:
    """One period: its value and its segment's lines. `mark` is the period's label on the axis."""

    mark: str
    segment: int
    value: Decimal | None
    centre: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    is_signal: bool = False
    is_provisional: bool = False


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    kind: str  # plain, signal or provisional


@dataclass(frozen=True)
class ControlChart:
    """Paths are SVG path data. `gaps` are the places of periods without a value, `breaks` those of breaks."""

    ticks: tuple[Tick, ...]
    marks: tuple[tuple[float, str], ...]
    lines: tuple[str, ...]
    centres: tuple[str, ...]
    limits: tuple[str, ...]
    dots: tuple[Dot, ...]
    gaps: tuple[float, ...]
    breaks: tuple[float, ...]

    @property
    def baseline(self) -> int:
        return HEIGHT - BOTTOM

    @property
    def plain(self) -> str:
        """All plain dots as one path: points without length, which a wide round line makes dots."""
        return "".join(f"M{dot.x} {dot.y}h0" for dot in self.dots if dot.kind == "plain")


def control_chart(
    points: Sequence[ControlPoint],
    shown: Iterable[Decimal] = (),
    number: Callable[[Decimal, int], str] = danish.number,
) -> ControlChart:
    """Values as a line that stops at gaps and breaks. Centre line and limits are drawn stepwise per segment.

    The axis covers the points' numbers and those in `shown`, written by `number`.
    """
    known = [*shown, *(n for p in points for n in (p.value, p.centre, p.lower, p.upper) if n is not None)]
    low, high = min(known, default=Decimal(0)), max(known, default=Decimal(1))
    step = tick_step((high - low) or abs(high) or Decimal(1))
    floor = (low / step).to_integral_value(ROUND_FLOOR) * step
    ceiling = max((high / step).to_integral_value(ROUND_CEILING) * step, floor + step)
    pitch = (WIDTH - LEFT - RIGHT) / max(1, len(points))

    def x(place: float) -> float:
        return round(LEFT + pitch * (place + 0.5), 1)

    def y(value: Decimal) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * float((ceiling - value) / (ceiling - floor)), 1)

    def steps(values: Iterable[Decimal | None]) -> list[str]:
        """A path per unbroken stretch: level while the value stays the same, with a jump where it changes."""
        paths = []
        for stretch in _stretches(points, values):
            level = [list(run)[-1] for _, run in groupby(stretch, key=lambda known: known[1])]
            path = "V".join(f"{y(value)}H{x(place + 0.5)}" for place, value in level)
            paths.append(f"M{x(stretch[0][0] - 0.5)} {path}")
        return paths

    lines = [
        "M" + "L".join(f"{x(place)} {y(value)}" for place, value in stretch)
        for stretch in _stretches(points, (p.value for p in points))
        if len(stretch) > 1
    ]
    dots = [
        Dot(x(place), y(p.value), "signal" if p.is_signal else "provisional" if p.is_provisional else "plain")
        for place, p in enumerate(points)
        if p.value is not None
    ]
    count = int((ceiling - floor) / step)
    ticks = [Tick(y(floor + n * step), number(floor + n * step, step_decimals(step))) for n in range(count + 1)]
    return ControlChart(
        ticks=tuple(ticks),
        marks=tuple((x(place), p.mark) for place, p in enumerate(points) if p.mark),
        lines=tuple(lines),
        centres=tuple(steps(p.centre for p in points)),
        limits=(*steps(p.lower for p in points), *steps(p.upper for p in points)),
        dots=tuple(dots),
        gaps=tuple(x(place) for place, p in enumerate(points) if p.value is None),
        breaks=tuple(
            x(place - 0.5) for place in range(1, len(points)) if points[place].segment != points[place - 1].segment
        ),
    )


def _stretches(points: Sequence[ControlPoint], values: Iterable[Decimal | None]) -> list[list[tuple[int, Decimal]]]:
    """The known values with their places, cut where one is missing and where a segment ends."""
    keyed = [(place, p.segment, value) for place, (p, value) in enumerate(zip(points, values, strict=True))]
    return [
        [(place, value) for place, _, value in group if value is not None]
        for (_, is_known), group in groupby(keyed, key=lambda k: (k[1], k[2] is not None))
        if is_known
    ]
