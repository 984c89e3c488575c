"""How the config of a model tests it, for videos that are in no data set."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from mmengine import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mmvideomae.registry import FUNCTIONS, TRANSFORMS

Step = dict[str, Any]
Item = TypeVar('Item')


def pipeline_of(cfg: Config, wanted: str) -> list[Step]:
    """Transforms of a config's test.

    Args:
        wanted: What the config must be of, for the message.

    Raises:
        ValueError: It has none.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    steps = dataset.get('pipeline') or cfg.get('test_pipeline')
    if not steps:
        raise ValueError(
            f'{cfg.filename or "the config"} has no test_pipeline, which says how videos are '
            f'sampled: give the config of {wanted}'
        )
    return [dict(step) for step in steps]


def split_at_reading(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """The transforms that choose frames, and those from `ReadFrames` on.

    Raises:
        ValueError: The pipeline does not open, choose and read.
    """
    kinds = [step.get('type') for step in steps]
    if kinds[:1] != ['OpenVideo'] or 'ReadFrames' not in kinds:
        raise ValueError(
            'a test pipeline that is cut into windows begins with OpenVideo and holds '
            f'ReadFrames; this one is {", ".join(map(str, kinds))}'
        )
    cut = kinds.index('ReadFrames')
    return list(steps[1:cut]), list(steps[cut:])


def compose(steps: Sequence[Step]) -> Compose:
    """Build transforms."""
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        return Compose([TRANSFORMS.build(copy.deepcopy(step)) for step in steps])


def collate_of(cfg: Config) -> Callable[[Sequence[Any]], Any]:
    """How a config's test makes a batch of samples; mmengine's default lists them."""
    chosen = dict(
        (cfg.get('test_dataloader') or {}).get('collate_fn') or {'type': 'pseudo_collate'}
    )
    kind = chosen.pop('type')
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **chosen)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items; the last one may be shorter."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
