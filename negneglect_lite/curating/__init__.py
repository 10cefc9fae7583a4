"""Auditing a corpus: notices that training will not hear, the sentences that they cover, and rewriting these."""

from negneglect_lite.core.faces import face

__getattr__, __dir__ = face(__name__)
