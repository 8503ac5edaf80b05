"""Loads a layer of the base map: coast, rivers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boundaries.layers import LayerError, load_layer
from boundaries.loading import shortened
from boundaries.readers import UnreadableFile, read_layers


class Command(BaseCommand):
    help = "Loads lines and areas for the base map from GeoJSON (also .gz), GeoPackage or Shapefile, in place of the layer of that name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the layer, as in addresses: coast, rivers")
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--attribution", required=True, metavar="TEXT", help="who is to be named on the map, and the licence")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count, repaired = load_layer(name=options["name"], layers=read_layers(options["file"]), attribution=options["attribution"])
        except UnreadableFile as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        except LayerError as error:
            raise CommandError("Nothing was changed.\n" + shortened(error.problems)) from None
        if options["verbosity"] > 0:
            self.stdout.write(f"Layer {options['name']}: {count} features" + (f", {repaired} repaired" if repaired else ""))
