"""Airflow's own notifiers with two additions for alerts: plain text beside HTML, and errors without addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.mime.text import MIMEText
from functools import cached_property
from typing import Any

from airflow.providers.http.notifications.http import HttpNotifier
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from kvalitet.alerts.failed import SECONDS, SEE, AlertFailed


class _TwoPartHook(SmtpHook):
    """Puts the plain text before the HTML, because mail readers show the last part that they can."""

    text: str

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        message, recipients = super()._build_mime_message(*args, **kwargs)
        parts = message.get_payload()
        message.set_payload([MIMEText(self.text, "plain", "utf-8"), *parts])
        return message, recipients


class Mail(SmtpNotifier):
    """Mails the message found as `alert` in the context."""

    template_fields = (*SmtpNotifier.template_fields, "text")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            subject="{{ alert.subject }}", html_content="{{ alert.html }}", mime_subtype="alternative", **kwargs
        )
        self.text = "{{ alert.text }}"

    @cached_property
    def hook(self) -> SmtpHook:
        hook = _TwoPartHook(smtp_conn_id=self.smtp_conn_id)
        hook.text = self.text
        return hook

    def notify(self, context: Any) -> None:
        with _plainly("by mail"):
            super().notify(context)


class Webhook(HttpNotifier):
    """Posts the message found as `alert` in the context, as JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(data="{{ alert.json }}", headers={"Content-Type": "application/json; charset=utf-8"}, **kwargs)

    def notify(self, context: Any) -> None:
        with _plainly("to the webhook"):
            # Not hook.run(), which logs the whole address with its token when the other side is away.
            session = self.hook.get_conn(self.headers)
            # A redirect would be followed by a GET without the message, so only an answer to the message itself counts.
            body = str(self.data).encode()
            answer = session.post(self.hook.base_url, data=body, timeout=SECONDS, allow_redirects=False)
        if not 200 <= answer.status_code < 300:
            raise AlertFailed(f"The webhook answered an alert with status {answer.status_code}.", SEE)


@contextmanager
def _plainly(way: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        code = getattr(error, "smtp_code", None)
        finding = type(error).__name__ + (f" {code}" if code else "")
        raise AlertFailed(f"An alert could not be sent {way}: {finding}.", SEE) from None
