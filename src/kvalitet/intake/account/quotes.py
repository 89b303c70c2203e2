"""Finds where the quoted texts of a delimited file begin and end, as an array of places.

Quotes are read as RFC 4180 defines them. Where a text breaks these rules, spaces beside a quoted field are ignored, a
quote that does not begin a field is an ordinary character, and a quote followed by anything but a delimiter or line end
closes its text.
"""

import numpy

CR, LF, SPACE = 13, 10, 32


class Quotes:
    """The quotes of one file. `loose` and `torn` are places in the block that `find` got last.

    A loose quote is an ordinary character. At a torn one, a text ends in the middle of a field.
    """

    def __init__(self, delimiter: str, quote: str) -> None:
        self.sign = quote
        self.mark = ord(quote) if quote else -1
        self.closes = one_of(delimiter.encode()[:1] + b"\r\n" + quote.encode())
        self.loose: list[int] = []
        self.torn: list[int] = []
        self._opens = one_of(delimiter.encode()[-1:] + b"\n" + quote.encode())

    def find(self, block: numpy.ndarray) -> numpy.ndarray:
        """The places at which a quoted text begins or ends, including doubled quotes within a text.

        `block` holds bytes. It begins with a record and ends in LF.
        """
        self.loose.clear()
        self.torn.clear()
        quotes = numpy.flatnonzero(block == self.mark)
        if not len(quotes):
            return quotes
        before, after = block[quotes[::2] - 1], block[quotes[1::2] + 1]
        if quotes[0] == 0:
            before[0] = LF  # a line has ended before the block
        if _are_all(before, self._opens) and _are_all(after, self.closes):
            return quotes
        return self._one_by_one(quotes, block)

    def _one_by_one(self, quotes: numpy.ndarray, block: numpy.ndarray) -> numpy.ndarray:
        """The same as `find` where some quotes do not follow RFC 4180. Each is judged by whether a text is open."""
        found: list[int] = []
        is_open, is_doubled = False, False
        is_followed = block[quotes + 1] == self.mark
        before, after = _past_spaces(block, quotes, -1), _past_spaces(block, quotes, 1)
        begins, ends = self._opens[before] & (before != self.mark), self.closes[after] & (after != self.mark)
        rows = zip(quotes.tolist(), begins.tolist(), ends.tolist(), is_followed.tolist(), strict=True)
        for place, can_begin, can_end, is_first_of_two in rows:
            if is_doubled:
                is_doubled = False
            elif not is_open:
                if can_begin:
                    found.append(place)
                    is_open = True
                else:
                    self.loose.append(place)
            elif is_first_of_two:
                is_doubled = True
            else:
                found.append(place)
                is_open = False
                if not can_end:
                    self.torn.append(place)
        return numpy.array(found, numpy.int64)


def _past_spaces(data: numpy.ndarray, places: numpy.ndarray, step: int) -> numpy.ndarray:
    """The first character beside each place that is not a space. Outside the data, a line end is assumed."""
    at = places + step
    while len(at):
        is_space = (data[at % len(data)] == SPACE) & (at >= 0)
        if not is_space.any():
            break
        at = at + step * is_space
    return numpy.where(at < 0, numpy.uint8(LF), data[at % len(data)])


def _are_all(signs: numpy.ndarray, of: numpy.ndarray) -> bool:
    """Whether all bytes are from a small set. Comparing with each member is faster than looking each byte up."""
    found = numpy.zeros(len(signs), bool)
    for sign in numpy.flatnonzero(of):
        found |= signs == numpy.uint8(sign)
    return bool(found.all())


def one_of(signs: bytes) -> numpy.ndarray:
    """For every byte value, whether it is one of `signs`."""
    table = numpy.zeros(256, bool)
    table[list(signs)] = True
    return table
