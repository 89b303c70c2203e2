"""A contract's texts in both languages: `English. Da: Dansk.`, or one language alone."""

import re

_BOTH = re.compile(r"^(?P<en>.*?)\s*\bDa:\s*(?P<da>.*)$", re.DOTALL)


def in_language(text: str, code: str) -> str:
    """The part in the language `code` (`da` or `en`); all of a text that has no parts."""
    found = _BOTH.match(text)
    return found[code].strip() if found else text
