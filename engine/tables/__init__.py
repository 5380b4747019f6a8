"""Canonical tables: schemas, catalogue, vocabulary, and ingest of every publisher's file into them."""

from engine.tables.catalogue import CATALOGUE, Entry
from engine.tables.errors import TableError
from engine.tables.ingest import Ingested, ingest, ingest_together, kind_of_file, read_table
from engine.tables.kinds import KINDS, layout_report
from engine.tables.schemas import SCHEMAS
from engine.tables.study_inputs import scaling_table

__all__ = [
    "CATALOGUE",
    "KINDS",
    "SCHEMAS",
    "Entry",
    "Ingested",
    "TableError",
    "ingest",
    "ingest_together",
    "kind_of_file",
    "layout_report",
    "read_table",
    "scaling_table",
]
