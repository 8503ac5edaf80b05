"""What the process that reads files says when it refuses one (boundaries/reader_child.py), listed here for translation: it knows no languages itself.

Each sentence continues after the file's name, and ends without its full stop.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

REFUSALS = (
    _("cannot be moved from %(system)s to WGS 84: the coordinates of feature %(feature)s do not belong to that system"),
    _("cannot be read: %(error)s"),
    _("has a coordinate that is no number: row %(row)s, “%(text)s”"),
    _("has text that is not UTF-8: feature %(feature)s"),
    _("holds no layer with outlines"),
    _("is a Shapefile whose .cpg names an unknown encoding: “%(encoding)s”"),
    _("is a Shapefile without its %(parts)s file: all parts must lie side by side"),
    _("is a damaged gzip file (%(error)s): copy or download it again"),
    _("is a damaged or locked zip file (%(error)s): copy or download it again"),
    _("is a gzip file that is cut off: copy or download it again"),
    _("is a table whose row %(row)s has %(cells)s cells, its header %(names)s"),
    _("is a table without a column lat and a column lon"),
    _("is a zip file with %(count)s Shapefiles; one is needed"),
    _("is empty"),
    _("is in a coordinate system that has no known way to WGS 84: %(system)s"),
    _("is larger than the limit of %(limit)s MB (%(setting)s)"),
    _("is no table that can be read: %(error)s"),
    _("is not UTF-8 text: byte %(byte)s; save it as CSV UTF-8"),
    _("is not UTF-8 text: feature %(feature)s, byte %(byte)s, near “%(near)s”; save it as UTF-8"),
    _("is not a GeoJSON, GeoPackage or Shapefile"),
    _("is not in %(encoding)s: feature %(feature)s, “%(text)s”; save it as UTF-8 with a .cpg file"),
    _("is not in %(encoding)s: the names of its fields, “%(text)s”; save it as UTF-8 with a .cpg file"),
    _("is not read: GDAL has drivers that are not on our list (%(drivers)s)"),
    _("is text in UTF-16; save it as UTF-8"),
    _("names a coordinate system that is not understood (%(system)s): %(error)s"),
    _("names a coordinate system that is not understood: %(system)s"),
    _("names no coordinate system (CRS): add its .prj, or save it in WGS 84 (EPSG:4326)"),
    _("needs more memory than a boundary file may"),
    _("unpacks to something larger than the limit of %(limit)s MB (%(setting)s)"),
)
