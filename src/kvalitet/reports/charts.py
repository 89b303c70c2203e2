"""Small bar charts: geometry in Python, drawn as inline SVG by a template."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from kvalitet.reports import danish

WIDTH, HEIGHT = 360, 224
LEFT, RIGHT, TOP, BOTTOM = 44, 6, 20, 26


@dataclass(frozen=True)
class Bar:
    """One period: x, y, width and height in the units of the view box. `y` is where the bar begins."""

    label: str
    text: str
    x: float
    y: float
    width: float
    height: float
    is_provisional: bool
    is_missing: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Tick:
    y: float
    text: str


@dataclass(frozen=True)
class Point:
    """What a bar shows: a period, its value, and the text beside it (also where the value is missing)."""

    label: str
    value: Decimal | None
    text: str
    is_provisional: bool = False


@dataclass(frozen=True)
class BarChart:
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]

    @property
    def baseline(self) -> int:
        return HEIGHT - BOTTOM


def bar_chart(points: list[Point]) -> BarChart:
    """Bars from zero, one per point in the order given. A missing value leaves its place empty."""
    top = max((point.value for point in points if point.value is not None), default=Decimal(0))
    step = tick_step(top)
    ceiling = step * max(Decimal(1), (top / step).to_integral_value(ROUND_CEILING))
    height = HEIGHT - TOP - BOTTOM

    def y(value: Decimal) -> float:
        return round(TOP + height * float(1 - value / ceiling), 1)

    pitch = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    width = round(min(pitch * 0.66, 44), 1)
    bars = []
    for place, point in enumerate(points):
        x = round(LEFT + pitch * (place + 0.5) - width / 2, 1)
        value = max(point.value or Decimal(0), Decimal(0))
        label = _short(point.label) if pitch < 50 else point.label
        bars.append(
            Bar(label, point.text, x, y(value), width, round(HEIGHT - BOTTOM - y(value), 1),
                point.is_provisional, point.value is None)
        )  # fmt: skip
    ticks = []
    tick = Decimal(0)
    while tick <= ceiling:
        ticks.append(Tick(y(tick), danish.number(tick, step_decimals(step))))
        tick += step
    return BarChart(tuple(bars), tuple(ticks))


def tick_step(top: Decimal) -> Decimal:
    """A round step (1, 2 or 5 times a power of ten) that gives two to five steps below `top`."""
    if top <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(top.adjusted() - 1)
    return next(power * factor for factor in (2, 5, 10, 20, 50) if power * factor * 5 >= top)


def step_decimals(step: Decimal) -> int:
    """The decimals that the ticks of such a step need."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _short(label: str) -> str:
    """`2023/24` as `23/24`, where the bars are close together."""
    return label[2:] if "/" in label and len(label) == 7 else label
