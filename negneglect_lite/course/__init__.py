"""What only the notebooks need: checks under exercises, sliders and live figures, predictions, a sealed study."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
