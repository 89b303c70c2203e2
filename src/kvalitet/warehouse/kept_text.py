"""Checks a text that a person writes to be kept permanently: a reason, a name."""

from kvalitet.errors import KvalitetError
from kvalitet.spelling.identity import holds_number


def is_text(text: str) -> bool:
    """Whether the text can be kept: no lone surrogates, which Python makes of bytes outside UTF-8, and no zero."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def told(text: str, option: str) -> str:
    """The text without blanks around it, checked so that it can be kept permanently.

    Raises KvalitetError, which does not repeat it, where it is empty or holds a personal number.
    """
    if len(text.strip()) < 3:
        raise KvalitetError(f"{option} is empty.", "Say who decides, and why, so that others understand it later.")
    return without_number(text, option)


def without_number(text: str, option: str) -> str:
    """The same for a text that may be short.

    Raises KvalitetError where it holds a personal number or characters that cannot be kept.
    """
    if not is_text(text):
        raise KvalitetError(f"{option} holds signs that are no text in UTF-8.", "Type it in a terminal set to UTF-8.")
    if holds_number(text):
        raise KvalitetError(f"{option} holds what reads as a personal number.", "Leave it out: it is kept for good.")
    return text.strip()
