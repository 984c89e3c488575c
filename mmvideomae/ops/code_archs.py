"""Sizes of a transformer over the codes of a tokenizer (VIMPAC)."""

from typing import Any, NamedTuple


class CodeArch(NamedTuple):
    """Depth and widths of a transformer over codes."""

    embed_dims: int
    depth: int
    num_heads: int
    attn_ratio: float = 1.0
    """Ratio of the width of queries, keys and values to ``embed_dims``."""
    mlp_ratio: float = 4.0


CODE_ARCHS = {
    'small': CodeArch(512, 6, 8),
    'small-wide': CodeArch(768, 6, 12),
    'small-deep': CodeArch(512, 12, 8),
    'base': CodeArch(768, 12, 12),
    'large-half': CodeArch(1024, 24, 16, attn_ratio=0.5, mlp_ratio=2.0),
}


def resolve_code_arch(arch: str | dict[str, Any]) -> CodeArch:
    """A preset by its name, or a `CodeArch` with the entries of a dict."""
    if not isinstance(arch, str):
        return CodeArch(**arch)
    if arch not in CODE_ARCHS:
        known = sorted(CODE_ARCHS)
        raise ValueError(f'unknown arch {arch!r}; choose one of {known} or give a dict')
    return CODE_ARCHS[arch]
