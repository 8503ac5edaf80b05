"""The public calls by which anybody checks history: a report's chain with its proof, and the published roots."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.api.views import public_report
from reports.history.models import HistoryRoot
from reports.history.shown import History, history_of

PAGE = 500


class RootOut(serializers.Serializer[Any]):
    """A published root; `hash` is SHA-256 of `line`."""

    number = serializers.IntegerField()
    at = serializers.CharField(help_text="UTC, with microseconds")
    tree = serializers.CharField()
    reports = serializers.IntegerField()
    administration = serializers.CharField()
    previous = serializers.CharField(help_text="The hash of the root before; of the first: 64 zeros")
    hash = serializers.CharField()
    line = serializers.CharField()


class RootsOut(serializers.Serializer[Any]):
    """A page of roots, the newest first."""

    results = RootOut(many=True)
    next = serializers.CharField(allow_null=True)


class LinkOut(serializers.Serializer[Any]):
    """An event of the chain; of events that are not public `line` and `closed` are null."""

    number = serializers.IntegerField()
    hash = serializers.CharField(help_text="SHA-256(hash of the event before, 32 zero bytes for the first ‖ content)")
    content = serializers.CharField(help_text="SHA-256(line ‖ closed)")
    line = serializers.CharField(allow_null=True)
    closed = serializers.CharField(allow_null=True)


class ProofOut(serializers.Serializer[Any]):
    """That a root holds the chain up to an event; climbing from the leaf past `beside` gives the root's `tree`."""

    number = serializers.IntegerField()
    leaf = serializers.CharField(help_text="SHA-256(byte 00 ‖ this line) is the leaf")
    place = serializers.IntegerField(
        help_text="Its bits, the lowest first, say on which side `beside` stands: 1 to the left, 0 to the right"
    )
    beside = serializers.ListField(child=serializers.CharField())
    fits = serializers.BooleanField()
    root = RootOut()


class HistoryOut(serializers.Serializer[Any]):
    """A report's chain, checked."""

    code = serializers.CharField()
    whole = serializers.BooleanField()
    broken_at = serializers.IntegerField(allow_null=True)
    events = LinkOut(many=True)
    proof = ProofOut(allow_null=True)


class ReportHistory(APIView):
    """A report's chain of hashes, with the proof that a published root holds it."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="reports_history", responses=HistoryOut)
    def get(self, request: Request, code: str) -> Response:
        """Its events and hashes, the earliest first; everything that a check of one's own needs."""
        return Response(_history(history_of(public_report(code))))


class RootList(APIView):
    """The published roots."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="history_roots", responses=RootsOut, parameters=[OpenApiParameter("before", int, description="Only lower numbers")]
    )
    def get(self, request: Request) -> Response:
        """A page of them, the newest first."""
        found = list(HistoryRoot.objects.before(request.query_params.get("before", ""))[: PAGE + 1])
        older = request.build_absolute_uri(f"?before={found[PAGE - 1].number}") if len(found) > PAGE else None
        return Response({"results": [_root(root) for root in found[:PAGE]], "next": older})


def _root(root: HistoryRoot) -> dict[str, Any]:
    return root.fields | {"line": root.line}


def _history(history: History) -> dict[str, Any]:
    proof = history.proof
    return {
        "code": history.report.code,
        "whole": history.is_whole,
        "broken_at": history.broken_at,
        "events": [
            {
                "number": link.number,
                "hash": link.hash.hex(),
                "content": link.content.hex(),
                "line": link.line or None,
                "closed": link.closed_digest.hex() or None,
            }
            for link in history.links
        ],
        "proof": proof
        and {
            "number": proof.number,
            "leaf": proof.line,
            "place": proof.place,
            "beside": [found.hex() for found in proof.beside],
            "fits": proof.fits,
            "root": _root(proof.root),
        },
    }
