"""Seconds of key frames as AVA's files spell them."""


def second_text(second: float) -> str:
    """``0902``, and ``12.5`` where it is not whole; milliseconds at most."""
    second = round(float(second), 3)
    return f'{int(second):04d}' if second.is_integer() else f'{second:.3f}'.rstrip('0')
