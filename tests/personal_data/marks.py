"""What is planted: CPR numbers, names and sentences that occur nowhere else. Each is used at one noted place."""

import base64
import hashlib
import re
from dataclasses import dataclass, field

#: The 31st of December with 60 added to the day, as in replacement numbers. The sample has no number of that day.
CPR_DAY = "911299"
NAME = "Zzmarkersen"
TEXT = "Zzfritekst"
#: Up to six bytes between date and serial number: any character in any encoding, with blanks around it.
_SEEN = re.compile(
    rf"(?<![0-9a-f])91[^0-9]?12[^0-9]?(?:19)?99[^0-9]{{0,6}}[0-9]{{4}}(?![0-9a-f])|{NAME}|{TEXT}".encode(),
    re.IGNORECASE,
)
_TOKEN = re.compile(rb"[0-9A-Fa-f]{32,128}|[A-Za-z0-9+/_-]{22,88}={0,2}")


@dataclass
class Marks:
    """`cprs` maps ten digits to the place where they were planted."""

    cprs: dict[str, str] = field(default_factory=dict)
    _digests: dict[bytes, str] = field(default_factory=dict)

    def cpr(self, place: str) -> str:
        """A new number, every other one with a hyphen."""
        serial = f"{len(self.cprs) + 1:04}"
        self.cprs[CPR_DAY + serial] = place
        for written in (f"{CPR_DAY}{serial}", f"{CPR_DAY}-{serial}"):
            for name in ("md5", "sha1", "sha256", "sha512"):
                digest = hashlib.new(name, written.encode()).digest()
                for form in (digest.hex().encode(), base64.b64encode(digest), base64.urlsafe_b64encode(digest)):
                    self._digests[form] = f"{name} of a number planted in {place}"
        return f"{CPR_DAY}-{serial}" if len(self.cprs) % 2 else CPR_DAY + serial

    def digits(self, place: str) -> str:
        return self.cpr(place).replace("-", "")

    def sentence(self, place: str) -> str:
        """Free text with a name and a number, as case workers write it."""
        return f"{TEXT}: talt med Per {NAME}, cpr {self.cpr(place)}, om hans sag"

    def found_in(self, content: bytes) -> set[str]:
        """The places of the marks that `content` holds. Numbers are found in any spelling and as plain digests."""
        found = set()
        for match in _SEEN.finditer(content):
            text = match[0].decode(errors="replace")
            digits = re.sub("[^0-9]", "", text)
            seen = f"{CPR_DAY}{digits[-4:]}" if digits else text
            found.add(f"the number planted in {self.cprs[seen]}" if seen in self.cprs else f"planted text {seen}")
        tokens = {token.lower() if len(token) in (32, 40, 64, 128) else token for token in _TOKEN.findall(content)}
        return found | {self._digests[token] for token in tokens & self._digests.keys()}
