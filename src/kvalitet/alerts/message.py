"""Events as one message: a subject, plain text, HTML, and JSON for a webhook."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kvalitet.alerts.events import Event
from kvalitet.settings.administration import BRAND
from kvalitet.spelling.identity import mask

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Message:
    """`json` holds `title`, `text` (what chat systems show) and the events field by field."""

    subject: str
    text: str
    html: str
    json: str


def compose(events: Sequence[Event], brand: str = BRAND) -> Message:
    """One message for one event or several, in which no personal number is left."""
    subject = events[0].title if len(events) == 1 else f"{len(events)} hændelser: {events[0].title} m.fl."
    subject = f"{brand}: {subject}"
    told = {"subject": subject, "events": events}
    text = _TEMPLATES.get_template("alert.txt.j2").render(told)
    document = {"title": subject, "text": text, "events": [asdict(event) for event in events]}
    return Message(
        subject=mask(subject),
        text=mask(text),
        html=mask(_TEMPLATES.get_template("alert.html.j2").render(told)),
        json=mask(json.dumps(document, ensure_ascii=False)),
    )
