"""From a finished candidate to what readers see: finishing, publishing, rolling back, and the ledger."""

from kvalitet.publication.finish import FinishResult, finish_candidate
from kvalitet.publication.ledger import figures
from kvalitet.publication.readers import ReaderInTheWay
from kvalitet.publication.swap import Publication, PublishRefused, publish, rollback

__all__ = [
    "FinishResult",
    "Publication",
    "PublishRefused",
    "ReaderInTheWay",
    "figures",
    "finish_candidate",
    "publish",
    "rollback",
]
