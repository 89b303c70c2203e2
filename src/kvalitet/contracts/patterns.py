"""Date patterns: converts the standard's form, which is Java's (dd-MM-yyyy), to strptime's for DuckDB and Python."""

import re

#: Java's letters -> (strptime directive, width of its text).
LETTERS = {
    "yyyy": ("%Y", 4),
    "MM": ("%m", 2),
    "dd": ("%d", 2),
    "HH": ("%H", 2),
    "hh": ("%I", 2),
    "mm": ("%M", 2),
    "ss": ("%S", 2),
    "a": ("%p", 2),
}
TOKEN = re.compile(r"'(?P<literal>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")


def is_supported_pattern(pattern: str | None) -> bool:
    """Whether every letter of the pattern is known here, and a 12-hour clock has AM or PM."""
    if not pattern or "yyyy" not in pattern:
        return False
    tokens = list(TOKEN.finditer(pattern))
    letters = {t["letters"] for t in tokens} - {None}
    is_known = "".join(t.group() for t in tokens) == pattern and letters <= set(LETTERS)
    return is_known and ("hh" in letters) == ("a" in letters)  # a 12-hour clock needs AM or PM


def to_strptime(pattern: str) -> str:
    """`dd-MM-yyyy` -> `%d-%m-%Y`. The pattern must be a supported one."""
    return "".join(
        LETTERS[t["letters"]][0] if t["letters"] else (t["literal"] if t["literal"] is not None else t["other"])
        for t in TOKEN.finditer(pattern)
    )


def to_shape(pattern: str) -> str:
    """An SQL LIKE pattern of the texts that have the pattern's form: `dd-MM-yyyy` -> `__-__-____`."""
    return "".join(
        "_" * LETTERS[t["letters"]][1] if t["letters"] else (t["literal"] if t["literal"] is not None else t["other"])
        for t in TOKEN.finditer(pattern)
    )


#: Postgres allows no more repeats.
MOST_REPEATS = 255
#: One step of a regular expression. Engines read anything else in different ways.
_STEP = re.compile(
    r"""(?P<digit>\\d) | (?P<sign>\\[^\w\s]) | (?P<group>\((\?:)?|\))
    | (?P<repeat>[*+?]|\{\d{1,3}(,\d{0,3})?\})(?![*+?{])
    | (?P<or>\|) | \[(?P<inside>\^?(?:\\d|\\[^\w\s]|[^\]\[\\])+)\] | (?P<plain>[^\\\[\](){}*+?|^$])""",
    re.VERBOSE,
)


def for_postgres(pattern: str) -> str | None:
    """A pattern from ^ to $ in Postgres' syntax. None where engines of the standard's world differ on it."""
    found = re.fullmatch(r"\^(.*)\$", pattern, re.DOTALL)
    if not found:
        return None
    inner, steps, place = found[1], [], 0
    while place < len(inner):
        step = _STEP.match(inner, place)
        if not step or any(int(times) > MOST_REPEATS for times in re.findall(r"\d+", step["repeat"] or "")):
            return None
        inside = step["inside"]
        if step["digit"]:
            steps.append("[0-9]")
        elif step.group() == ".":
            steps.append(r"[^\n]")
        elif inside is not None:
            steps.append(f"[{inside.replace(chr(92) + 'd', '0-9')}]")
        else:
            steps.append("(?:" if step.group() == "(" else step.group())
        place = step.end()
    read = f"^(?:{''.join(steps)})$" if "|" not in inner or _is_whole(inner) else None
    try:
        re.compile(read or "")
    except re.error:
        return None
    return read


def _is_whole(inner: str) -> bool:
    """Whether every | is inside a group. In `^a|b$`, each of the outer characters belongs to one side only."""
    bare = re.sub(r"\\.|\[[^\]]*\]", "", inner)
    while (without := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = without
    return "|" not in bare
