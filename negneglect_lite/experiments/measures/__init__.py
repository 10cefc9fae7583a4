"""What a run measures: one module a measure, and a catalogue of them."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
