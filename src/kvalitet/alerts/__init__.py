"""Alerts: what people must be told, told once by mail and webhook; nothing where neither is set up."""

from kvalitet.alerts.sending import AlertFailed, send, send_test

__all__ = ["AlertFailed", "send", "send_test"]
