"""What every step uses: texts, files, errors, progress."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
