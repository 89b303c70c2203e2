"""Reads settings that are numbers or choices from the environment, and finds out who the user is."""

import getpass
import math
import os

from kvalitet.errors import KvalitetError


def seconds(name: str, default: float) -> float:
    """A number of seconds, 0 or more. Raises KvalitetError, which names the variable, where it is something else."""
    try:
        value = float(os.environ.get(name, default))
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise _wrong(name, "a number of seconds, at least 0", f"{default:g}")
    return value


def whole_number(name: str, default: int, least: int = 0) -> int:
    """A whole number. Raises KvalitetError, which names the variable, where it is something else or below `least`."""
    stated = os.environ.get(name, str(default))
    if not (stated.isascii() and stated.isdecimal() and len(stated) < 10 and int(stated) >= least):
        raise _wrong(name, f"a whole number, at least {least}", str(default))
    return int(stated)


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of the `allowed` words, or the first where none is stated. Raises KvalitetError for any other word."""
    stated = os.environ.get(name, allowed[0])
    if stated not in allowed:
        raise _wrong(name, f"one of {', '.join(allowed)}", allowed[0])
    return stated


def user() -> str:
    """The name of the user who runs this, or a number, since a container's user need not have a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _wrong(name: str, kind: str, default: str) -> KvalitetError:
    return KvalitetError(
        f"{name} is {os.environ[name]!r}, which is not {kind}.", f"Correct it, or take it away: then it is {default}."
    )
