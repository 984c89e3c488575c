"""From published data or your own to lists that training reads, checked."""
