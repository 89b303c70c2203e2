"""Alerts: tell people once by mail and webhook what they must know. Nothing is sent where neither is set up."""

from kvalitet.alerts.sending import AlertFailed, send, send_test

__all__ = ["AlertFailed", "send", "send_test"]
