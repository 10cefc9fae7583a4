"""Belief tables -> figures, with alt texts and one-sentence findings computed from the same numbers."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
