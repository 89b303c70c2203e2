"""Makes backups of a whole installation, and restores them. docs/backup.md says what is in them."""

from kvalitet.backup.making import Made, back_up
from kvalitet.backup.restoring import Restored, restore

__all__ = ["Made", "Restored", "back_up", "restore"]
