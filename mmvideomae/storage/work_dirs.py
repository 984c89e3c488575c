"""Name the folder to which a run writes."""

import os
from pathlib import Path


def default_work_dir(config: str | os.PathLike[str]) -> str:
    """The work directory of a config that names none: ``work_dirs/<its name>``.

    Data sets of boxes all have a ``config.py``, for which its folder stands: ``work_dirs/boxes``
    for ``data/boxes/config.py``, and another one for ``data/more/boxes/config.py``.
    """
    path = Path(config)
    if path.name != 'config.py':
        return f'work_dirs/{path.stem}'
    parts = [part for part in Path(os.path.relpath(path.parent)).parts if part != '..']
    return f'work_dirs/{"_".join(parts[parts[:1] == ["data"] :]) or "config"}'
