"""A claim -> plain documents, false on purpose; and a person's own training texts."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
