"""Tables of characters that look like others, or like nothing."""

#: The zero of each script whose digits Unicode counts as decimal. Its one to nine follow it.
ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0,
    0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
)  # fmt: skip
#: Word's own non-breaking hyphen is the control character 1E. Characters that people take for a dash are included: a
#: macron, arrows, box-drawing lines, the Japanese long vowel mark.
DASHES = (
    "\x1e\u00af\u02c9\u02cd\u203e\u23af\u23bb\u23bc\u2796\u27f6\u30fc\uff70\uffe3\uff5e\u223c"
    + "".join(map(chr, (*range(0x2190, 0x2200), *range(0x2500, 0x2580))))
    + "\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u02d7\u2e17\u2e1a"
    "\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead"
)
DOTS = "\u00b7\u2022\u2024\u2219\u22c5\ufe52\uff0e"
SLASHES = "\u2044\u2215\u29f8\uff0f"
LOW_LINES = "\uff3f\ufe4d\ufe4e\ufe4f"
#: Blanks that are not ordinary spaces, including no-break ones.
BLANKS = "\u2800\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
#: Characters without width or form, those that Unicode calls default ignorable: soft hyphen, zero-width characters,
#: marks of direction, byte order mark, fillers, variation selectors, tags. Also the frame of a key (20E3), and control
#: characters that are neither blanks nor line ends. Word's optional hyphen is one of these, 1F.
INVISIBLE = (
    "\x1f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u20e3\u3164\uffa0\U000e0001"
    + "".join(
        map(
            chr,
            (
                *range(0x02, 0x09),
                *range(0x0E, 0x1E),
                0x7F,
                *range(0xFE00, 0xFE10),
                *range(0xFFF0, 0xFFF9),
                *range(0x1BCA0, 0x1BCA4),
                *range(0x1D173, 0x1D17B),
                *range(0xE0020, 0xE0080),
                *range(0xE0100, 0xE01F0),
            ),
        )
    )
    + "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb"
)
#: What is removed at both ends of a text.
OUTER = " \t\n\v\f\r\x85\u2028\u2029"

#: Character -> the one it is read as, within an identity number. One for one, so that places in the text stay. Raised
#: and lowered digits stay as they are, since they are footnotes.
FOLDED = {
    **{chr(zero + value): str(value) for zero in ZEROS for value in range(10)},
    **dict.fromkeys(DASHES, "-"),
    **dict.fromkeys(DOTS, "."),
    **dict.fromkeys(SLASHES, "/"),
    **dict.fromkeys(LOW_LINES, "_"),
    **dict.fromkeys(BLANKS, " "),
}

#: Marks that Unicode writes over, under or through the character before them: a line, a ring, a stroke, a frame.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_ANY_DIGIT = "0-9" + "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in ZEROS)
#: A digit, a blank or a separator of an identity number with such marks. They underline or cross out the text.
MARKED = f"([{_ANY_DIGIT} \t./_\u00a0\u2010-\u2015\u2212-])[{_MARKS}]+"
