"""Guesses from a column's values its type, whether it is a key, and whether it may say who somebody is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import polars as pl

from kvalitet.onboarding.reading import DAYS, has_pattern, identifier
from kvalitet.spelling import identity
from kvalitet.spelling.text import NOTHING

#: A form that this share of the values has is the column's form. The others are named in a note.
MOST = 0.9
#: A column with more different values than this is not a list of codes.
MOST_CODES = 15
#: In a list of codes, each value occurs so often on average.
LEAST_OFTEN = 20
#: Texts that are longer on average, or one that is so long, may describe a person.
LONG_AVERAGE, LONG_TEXT = 40, 200
LOOKED_AT = 2_000
TIMES = ("'T'HH:mm:ss", " HH:mm:ss", " HH:mm", "'T'HH:mm", " hh:mm:ss a")
YES_AND_NO = (("true", "false"), ("ja", "nej"), ("yes", "no"), ("j", "n"), ("y", "n"), ("sand", "falsk"))
WHOLE = r"^[+-]?(0|[1-9][0-9]{0,17})$"
NUMBER = {
    ",": r"^[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$",
    ".": r"^[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
}
NAMES_A_CASE = re.compile(r"(^|_)(id|nr|no|nummer|number|key|noegle|kode|sag|sagsnummer)($|_)")

#: Headers of columns that say who somebody is or where they live, or that hold free text.
NAMES_A_PERSON = re.compile(
    r"(^|_)(fornavn|efternavn|borger|borgerens_navn|cpr_navn|adresse|address|gade|vej|street|latitude|longitude|telefon|phone|mobil|mail|email|e_mail|parter"
    r"|bemaerkning|emne|handling|kommentar|notat|helbredsnotat|fritekst|sammenfatning|beskrivelse|subject|comment|remark|description)($|_)"
)
#: Written where there is no number: a point, a few dashes.
MARKER = r"^[^0-9A-Za-zÆØÅæøå]{1,3}$"
LINK = "^https?://"
#: A column is not landed where this share of its values holds a personal number. A smaller share counts as mistakes.
OFTEN_A_NUMBER = 0.05


@dataclass
class Guess:
    """A column of the draft. `notes` say how sure the guess is, and never hold a value."""

    header: str
    name: str
    logical_type: str
    classification: str = "internal"
    options: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    is_required: bool = False
    key_position: int | None = None
    notes: list[str] = field(default_factory=list)


def decimal_sign(frames: Iterable[pl.DataFrame]) -> str:
    """The decimal sign that more columns have, or a comma where none has any."""
    votes = {",": 0, ".": 0}
    for column in (column for frame in frames for column in frame.get_columns()):
        values = column.drop_nulls()
        for sign, pattern in NUMBER.items():
            has_decimals = values.str.contains(rf"^[+-]?[0-9.,]*\{sign}([0-9]{{1,2}}|[0-9]{{4,}})$").sum()
            votes[sign] += int(bool(has_decimals) and _share(values.str.contains(pattern)) >= MOST)
    return "." if votes["."] > votes[","] else ","


def guess_columns(texts: pl.DataFrame, sign: str) -> list[Guess]:
    """A guess for each column, in order, with a key where one can be found."""
    guesses: list[Guess] = []
    for column in texts.get_columns():
        guess = _guess(column, sign)
        taken = {other.name for other in guesses}
        wanted, number = guess.name, 1
        while guess.name in taken:
            number += 1
            guess.name = f"{wanted}_{number}"
        guesses.append(guess)
    key = _key(texts, guesses)
    for position, guess in enumerate(key, 1):
        guess.key_position, guess.is_required = position, True
    if not key:
        guesses[0].key_position = 1
        guesses[0].notes.append("no column, and no two, tell the rows apart: find the key, this is not it")
    return guesses


def _guess(column: pl.Series, sign: str) -> Guess:
    stated = column.drop_nulls()
    values = stated.filter(~stated.str.to_lowercase().is_in(NOTHING))
    guess = Guess(column.name, identifier(column.name) or "column", "string")
    guess.is_required = len(column) > 0 and len(values) == len(column)
    if values.is_empty():
        guess.notes.append("no value in this file: ask what belongs here")
        return guess
    if _is_person(guess, values):
        return guess
    if NAMES_A_PERSON.search(guess.name) and not values.str.contains(LINK).all():
        guess.classification = "sensitive"
        guess.notes.append("not landed: by its header it tells of a person, or people write in it what they like")
        return guess
    if _is_boolean(guess, values) or _is_moment(guess, values):
        return guess
    markers = values.filter(values.str.contains(MARKER)).unique(maintain_order=True)
    numbers = values.filter(~values.str.contains(MARKER))
    if len(numbers) and len(markers) <= 2 and _is_number(guess, numbers, sign):
        if len(markers):
            guess.custom = {"missingValues": [{"value": marker, "reason": "unknown"} for marker in markers]}
            guess.notes.append("ask why a value is missing where a sign stands in its place, and name the reason")
        return guess
    _text(guess, values)
    return guess


def _is_person(guess: Guess, values: pl.Series) -> bool:
    some = values.unique(maintain_order=True).head(LOOKED_AT).to_list()
    numbers = [identity.person(value, allows_cvr=True) for value in some]
    persons = sum(number is not None and len(number) == 10 for number in numbers)
    if persons < 0.5 * len(some):
        return False
    known = sum(number is not None for number in numbers)
    guess.classification = "personal"
    guess.options = {"format": "cpr" if persons == known else "cpr_or_cvr"}
    guess.notes.append(f"reads as personal numbers in {known} of {len(some)} different values")
    return True


def _is_boolean(guess: Guess, values: pl.Series) -> bool:
    lower = values.str.to_lowercase()
    for yes, no in YES_AND_NO:
        fits = lower.is_in([yes, no])
        if _share(fits) >= MOST:
            guess.logical_type = "boolean"
            for said, word in (("trueValues", yes), ("falseValues", no)):
                guess.custom[said] = sorted(values.filter(lower == word).unique().to_list()) or [word.capitalize()]
            _note_others(guess, fits)
            return True
    return False


def _is_moment(guess: Guess, values: pl.Series) -> bool:
    days = [day for day in DAYS if _share(has_pattern(values, day)) >= MOST]
    moments = [day + time for day in DAYS for time in TIMES if _share(has_pattern(values, day + time)) >= MOST]
    if not days and not moments:
        return False
    pattern = (days or moments)[0]
    guess.logical_type = "date" if days else "timestamp"
    guess.options = {"format": pattern}
    _note_others(guess, has_pattern(values, pattern))
    if len(days or moments) > 1:
        guess.notes.append(f"could as well be {(days or moments)[1]}: look for a day above 12")
    return True


def _is_number(guess: Guess, values: pl.Series, sign: str) -> bool:
    if _share(whole := values.str.contains(WHOLE)) >= MOST:
        guess.logical_type = "integer"
        _note_others(guess, whole)
        if _share(values.str.contains(r"^[0-9]{10}$")) > 0:
            guess.notes.append("has numbers of ten digits: state a maximum, or they are taken for personal numbers")
        return True
    if _share(number := values.str.contains(NUMBER[sign])) < MOST:
        return False
    if not values.str.contains(rf"\{sign}").any() and values.str.contains(r"^0[0-9]").any():
        return False  # codes with leading zeros
    decimals = values.str.extract(rf"\{sign}([0-9]+)$").str.len_chars().max()
    guess.logical_type = "number"
    guess.options = {"multipleOf": float(f"1e-{min(int(str(decimals or 0)), 10)}") if decimals else 1}
    _note_others(guess, number)
    return True


def _text(guess: Guess, values: pl.Series) -> None:
    if values.str.contains(LINK).all():
        return
    some = values.unique(maintain_order=True)
    looked_at = some.head(LOOKED_AT).to_list()
    with_number = sum(identity.holds_number(value) for value in looked_at)
    lengths = values.str.len_chars()
    longest, average = int(str(lengths.max())), float(str(lengths.mean()))
    if with_number > OFTEN_A_NUMBER * len(looked_at) or longest > LONG_TEXT or average > LONG_AVERAGE:
        guess.classification = "sensitive"
        why = f"{with_number} values hold a personal number" if with_number else "long texts may tell of a person"
        guess.notes.append(f"not landed: {why}")
        return
    if with_number:
        guess.notes.append(f"{with_number} values hold a personal number, and their rows would be set aside")
    elif len(some) <= MOST_CODES and len(values) >= LEAST_OFTEN * len(some):
        guess.codes = sorted(some.to_list())
        guess.notes.append("the codes of this file: ask for the whole list")


def _note_others(guess: Guess, fits: pl.Series) -> None:
    others = len(fits) - int(fits.sum() or 0)
    if others:
        guess.notes.append(f"{others} of {len(fits)} values have another form, and would be set aside")


def _share(fits: pl.Series) -> float:
    return float(fits.sum() or 0) / len(fits) if len(fits) else 0.0


def _key(texts: pl.DataFrame, guesses: list[Guess]) -> list[Guess]:
    """One column, or two, whose values are all present and all different. Columns named as a number come first."""
    able = [g for g in guesses if g.is_required and g.classification == "internal" and g.logical_type != "number"]
    able.sort(key=lambda guess: not NAMES_A_CASE.search(guess.name))
    for count in (1, 2):
        for together in combinations(able[:8], count):
            if texts.select(guess.header for guess in together).is_unique().all():
                return list(together)
    return []
