"""What is inside an adapter: a truth probe, the logit lens, patching, and what is stored of warnings and denials."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
