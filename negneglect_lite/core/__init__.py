"""What every step uses: texts, files, errors, progress."""
