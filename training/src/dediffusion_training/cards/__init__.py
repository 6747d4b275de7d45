"""Model cards, written from what was configured and measured, never by hand."""
