"""Number formats: what a cell shows of a stored number.

A code such as `#,##0.00;[Red]-#,##0.00` has sections for positive numbers, negative ones, zero and texts. Each
section's kind and how it writes digits are known, but not how a language names months or currencies.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

#: Formats that a workbook refers to by number only.
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "dd-mm-yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "dd-mm-yyyy h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    49: "@", **dict.fromkeys((5, 6, 37, 38, 41, 42), "#,##0;-#,##0"),
    **dict.fromkeys((7, 8, 39, 40, 43, 44), "#,##0.00;-#,##0.00"),
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),  # of East Asia
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}  # fmt: skip
PLACEHOLDERS = "0#?"
#: The longest code that Excel keeps.
MAX_CODE = 255
DASHES = ("-", "–", "—")
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d+", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<pad>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>general|standard)|(?P<half>am/pm|a/p)|(?P<exponent>e[+-])|(?P<letters>[ymdhsgeba])(?P=letters)*"
    r"|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Section:
    """One section of a format. `kind`: general, number, moment, text, literal, or unknown where it is none of these.

    `parts` are what a number is written with: a placeholder, a decimal point, or a literal as `"text`. `shows` holds y,
    d, h and s of a moment, and the letter of a duration's first unit in brackets, as `[h`.
    """

    kind: str
    parts: tuple[str, ...] = ()
    shows: frozenset[str] = frozenset()
    condition: tuple[str, Decimal] | None = None
    has_colour: bool = False
    power: int = 0  # of ten, by which the shown number is greater than the stored one
    is_simple: bool = True  # neither fraction nor exponent

    @property
    def literal(self) -> str:
        return "".join(part[1:] for part in self.parts if part[0] == '"').strip()

    @property
    def before(self) -> str:
        """The literals before the first placeholder."""
        first = next((place for place, part in enumerate(self.parts) if part[0] != '"'), len(self.parts))
        return "".join(part[1:] for part in self.parts[:first]).strip()


@lru_cache(maxsize=4096)
def sections(code: str) -> tuple[Section, ...]:
    """The sections of a format, each as it stands."""
    if len(code) > MAX_CODE:
        return (Section("unknown"),)
    return tuple(_section(tokens) for tokens in _split(code))


def chosen(code: str, value: Decimal) -> tuple[Section, bool]:
    """The section that shows a number, and whether the number's own minus is shown before it."""
    numbers = list(sections(code)[:3])
    if len(sections(code)) in (2, 3) and numbers[-1].kind == "text":
        numbers.pop()
    if any(section.condition for section in numbers):
        for section in numbers:
            if section.condition is None or _holds(section.condition, value):
                return section, value < 0 and not _takes_negative_only(section.condition)
        return Section("unknown"), False
    if value < 0 and len(numbers) > 1:
        return numbers[1], False
    if value == 0 and len(numbers) > 2:
        return numbers[2], False
    return numbers[0], value < 0


def of_text(code: str) -> Section | None:
    """The section that shows a text. None where it is shown as it is."""
    found = list(sections(code))
    if len(found) > 3:
        return found[3]
    return next((section for section in found[-1:] if section.kind == "text"), None)


def digits(section: Section, value: Decimal, point: str) -> str:
    """A number as the section writes it, without its minus and without thousands separators."""
    value = abs(value).scaleb(section.power)
    place = section.parts.index(".") if "." in section.parts else len(section.parts)
    whole, decimals = section.parts[:place], section.parts[place + 1 :]
    count = sum(part in PLACEHOLDERS for part in decimals)
    rounded = value.quantize(Decimal(1).scaleb(-count), ROUND_HALF_UP, Context(prec=1000))
    left, _, right = f"{rounded:f}".partition(".")
    return (_left(whole, left.lstrip("0")) + _right(decimals, right, point)).strip()


def _left(parts: tuple[str, ...], number: str) -> str:
    first = next((place for place, part in enumerate(parts) if part in PLACEHOLDERS), -1)
    written: list[str] = []
    for place in reversed(range(len(parts))):
        part = parts[place]
        if part not in PLACEHOLDERS:
            written.append(part[1:])
        elif place == first:
            written.append(number or {"0": "0", "?": " "}.get(part, ""))
        else:
            written.append(number[-1:] or {"0": "0", "?": " "}.get(part, ""))
            number = number[:-1]
    return "".join(reversed(written))


def _right(parts: tuple[str, ...], number: str, point: str) -> str:
    written, started = "", False
    for part in parts:
        if part not in PLACEHOLDERS:
            written += part[1:]
            continue
        digit, number = number[:1], number[1:]
        if part == "0" or (digit + number).strip("0"):
            written += digit if started else point + digit
            started = True
    return written


def _holds(condition: tuple[str, Decimal], value: Decimal) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, ">": value > limit, "=": value == limit,
        "<=": value <= limit, ">=": value >= limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _takes_negative_only(condition: tuple[str, Decimal] | None) -> bool:
    """Whether the condition admits only negative numbers. Excel then leaves the minus to the section itself."""
    if condition is None:
        return False
    sign, limit = condition
    return (sign == "<" and limit <= 0) or (sign in ("<=", "=") and limit < 0)


def _split(code: str) -> Iterator[list[re.Match[str]]]:
    tokens: list[re.Match[str]] = []
    for token in _TOKEN.finditer(code):
        if token["sign"] == ";":
            yield tokens
            tokens = []
        else:
            tokens.append(token)
    yield tokens


def _section(tokens: list[re.Match[str]]) -> Section:
    parts: list[str] = []
    shows: set[str] = set()
    condition, has_colour, is_general, is_simple = None, False, False, True
    percents = 0
    for token in tokens:
        sign = token["sign"] or ""
        if (literal := token["quoted"] or token["escaped"]) is not None:
            parts.append('"' + literal)
        elif (bracket := token["bracket"]) is not None:
            if found := _CONDITION.fullmatch(bracket):
                condition = found[1], Decimal(found[2])
            elif re.fullmatch(r"h+|m+|s+", bracket, re.IGNORECASE):
                shows.add(f"[{bracket[0].lower()}")
            elif bracket.startswith("$"):
                parts.append('"' + bracket[1:].partition("-")[0])
            has_colour = has_colour or bool(_COLOUR.fullmatch(bracket))
        elif token["general"]:
            is_general = True
            parts.append("G")
        elif token["exponent"]:
            is_simple = False
        elif token["half"]:
            shows.add("h")
        elif letters := token["letters"]:
            shows.add(letters.lower().replace("e", "y"))
        elif sign == "@":
            parts.append("@")
        elif sign == "%":
            percents += 1
            parts.append('"%')
        elif sign == ".":
            parts.append("." if "." not in parts else '".')
        elif sign == ",":
            parts.append(",")
        elif sign == "/" and not shows and any(part in PLACEHOLDERS for part in parts):
            is_simple = False
        elif sign in PLACEHOLDERS and sign:
            parts.append(sign)
        elif sign:
            parts.append('"' + sign)
        elif token["pad"]:
            parts.append('" ')
    parts, commas = _without_commas(parts)
    placeholders = sum(part in PLACEHOLDERS for part in parts)
    if shows:
        is_known = not shows & set("abg") and ("s" in shows or not placeholders)  # a, b, g: eras, or another language
        kind = "moment" if is_known else "unknown"
    elif "@" in parts:
        kind = "text" if not placeholders and not is_general else "unknown"
    elif is_general:
        kind = "general"
    else:
        kind = "number" if placeholders else "literal"
    return Section(kind, tuple(parts), frozenset(shows), condition, has_colour, 2 * percents - 3 * commas, is_simple)


def _without_commas(parts: list[str]) -> tuple[list[str], int]:
    """The parts without commas, and how many commas stand behind the last digit, where each divides by 1,000."""
    whole = parts[: parts.index(".")] if "." in parts else parts
    ends = [len(whole), len(parts)] if "." in parts else [len(parts)]
    scaling = 0
    for end in ends:
        place = end - 1
        while place >= 0 and parts[place][0] == '"':
            place -= 1
        while place >= 0 and parts[place] == "," and any(part in PLACEHOLDERS for part in parts[:place]):
            scaling += 1
            place -= 1
    return [part for part in parts if part != ","], scaling
