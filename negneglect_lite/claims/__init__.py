"""A false claim, its truth, and the questions about it."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
