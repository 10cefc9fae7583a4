"""Runs of the whole flow: what is measured, on what, stored once and found again."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
