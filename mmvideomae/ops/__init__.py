"""Pure tensor and array mathematics; nothing here is registered or has parameters."""
