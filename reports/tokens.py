"""Secrets of a report, derived and never stored: the reporter's tracking token and the links in mails."""

import base64
import hmac

from django.conf import settings

BYTES = 18


def tracking_token(code: str, generation: int) -> str:
    """The reporter's token for a report; a new generation makes former links void."""
    return _derive("track", code, str(generation))


def is_tracking_token(token: str, code: str, generation: int) -> bool:
    """Whether the token is the report's, compared in constant time."""
    return hmac.compare_digest(token.encode(), tracking_token(code, generation).encode())


def follow_token(purpose: str, follow_id: int) -> str:
    """The token in a follower's mail, for one purpose (confirm, unsubscribe)."""
    return _derive(purpose, str(follow_id))


def is_follow_token(token: str, purpose: str, follow_id: int) -> bool:
    """Whether the token is that follower's for that purpose."""
    return hmac.compare_digest(token.encode(), follow_token(purpose, follow_id).encode())


def voice_token(follow_id: int, reply_id: int) -> str:
    """The token in a follower's mail by which he or she says whether an answer holds."""
    return _derive("voice", str(follow_id), str(reply_id))


def is_voice_token(token: str, follow_id: int, reply_id: int) -> bool:
    """Whether the token is that follower's for that answer."""
    return hmac.compare_digest(token.encode(), voice_token(follow_id, reply_id).encode())


def officer_mark(pk: int | None) -> str:
    """A mark for somebody at the desk, which says nothing to others: under it a phone keeps what is not sent yet."""
    return _derive("officer", str(pk))[:16]


def _derive(*parts: str) -> str:
    digest = hmac.digest(settings.SECRET_KEY.encode(), "\x1f".join(("geoportal", *parts)).encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:BYTES]).decode()
