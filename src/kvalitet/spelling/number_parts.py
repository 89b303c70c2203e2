"""The parts of identity numbers (CPR): day, month, year, serial number, and the characters between them.

Patterns apply to folded text, in syntax that Python's `re` and DuckDB's RE2 read alike. Days may have 60 added, as
replacement numbers have.
"""

DAY = "(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
MONTH = "(?:0[1-9]|1[0-2])"
YEAR = "(?:18|19|20)?[0-9]{2}"
SERIAL = "[0-9]{4}"
#: Four digits that are no year of our time, since 100118/2021 is a court's case of 2021.
NO_YEAR = "(?:(?:[03-9][0-9]|1[0-8]|2[1-9])[0-9]{2})"
#: A number as it is stored: ten digits.
CPR = f"{DAY}{MONTH}[0-9]{{6}}"
CVR = "[0-9]{8}"
#: With the letters O, l and I for 0 and 1, as typewriters and scanners leave them.
LETTERS = {"O": "0", "o": "0", "l": "1", "I": "1"}

#: A separator as web pages, addresses, mails, JSON, workbooks, Markdown, RTF and TeX write it: &ndash; %2D =E2=80=93
#: \u2011 _x001E_ \- \endash \'96 {-} $-$, a tag, or an en dash of UTF-8 that was read as code page 850 or 437.
_NAMED = "ndash|mdash|nbsp|shy|hyphen|dash|minus|ensp|emsp|thinsp|#[0-9]{2,5}|#[xX][0-9a-fA-F]{2,4}"
BYTE = "(?:2[0DdEeFf]|5[Ff]|0[9AaDd]|[cC]2|[aA][0dD]|[eE]2|8[0-9]|9[0-5])"
_UNICODE = r"\\u(?:00(?:2[0dDeEfF]|5[fF]|[aA][0dD])|20[0-9a-fA-F]{2}|2212)"
_ESCAPED = r"\\(?:e[nm](?:dash|space)[ ]?|'[0-9a-fA-F]{2}|[-_~*./,:+nrt ])|[{][-~]{1,3}[}]|[$]-[$]"
_TAG = "</?[a-zA-Z][^<>]*>"
MARKUP = (
    rf"(?:&(?:{_NAMED});|[%=]{BYTE}|{_UNICODE}|{_ESCAPED}|{_TAG}|[ÔΓ]Ç[ôöæÉÆ]"
    r"|_x00[0-9a-fA-F]{2}_)"
)
#: Between the parts of the date, and between date and serial number.
PART = f"(?:[ \t]?[-./_][ \t]?|[ \t]|{MARKUP})"
#: A dash that got lost in another encoding is a question mark, or three characters that begin with â.
JOINS = "-._:,+~*?()\\[\\]{}|;#=<>'^\ufffdâ€Â\u2018\u2019\u201c\u201d"
#: Ends of a line or a page.
ENDS = "\r\n\v\f\x85\u2028\u2029"
#: What may stand beside markup.
BESIDE = f'[{JOINS}{ENDS} \t"]'
_MARKED = f"{BESIDE}{{0,2}}(?:{MARKUP}{BESIDE}{{0,2}}){{1,6}}"
#: Up to three of them, also with blanks between: (010190) (1234).
JOINED = f"[{JOINS}](?:[ \t]?[{JOINS}]){{0,2}}"
GAP = f"(?:[ \t]{{0,2}}{JOINED}[{ENDS}]{{0,2}}[ \t]{{0,2}}|[ \t]{{1,3}}|{_MARKED})?"
#: Only after a date without separators, since 2100 in the line below 02.05.2023 is a town's postcode.
NEXT_LINE = f"[ \t]{{0,2}}[{JOINS}]{{0,3}}[ \t]{{0,2}}(?:\r\n|[{ENDS}])[ \t]{{0,4}}-?[ \t]?"
#: Digit by digit: up to four blanks, with or without a separator among them.
SPACING = "(?:[ \t]{0,4}[.-][ \t.-]{0,4}|[ \t]{1,4})"

#: The year first, with its century. Persons born from 2000 on have serial numbers from 4000 on, so the time of day in
#: 20230502_0915 is none.
_DAY_LAST = f"{PART}?{MONTH}{PART}?{DAY}{GAP}"
YEAR_FIRST = f"(?:1[89][0-9]{{2}}{_DAY_LAST}{SERIAL}|20[0-9]{{2}}{_DAY_LAST}[4-9][0-9]{{3}})"
MONTH_NAME = (
    "(?i:jan(?:uar)?|feb(?:ruar)?|mar(?:ts)?|apr(?:il)?|maj|juni?|juli?|aug(?:ust)?|sep(?:t|tember)?|okt(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
