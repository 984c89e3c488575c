"""Select few labelled clips out of many, for fine-tuning with little supervision."""

from collections.abc import Sequence
from pathlib import Path

from mmvideomae.preparation.lists.subset import class_orders


def few_labels(lines: Sequence[str], labels: int, seed: int = 0) -> list[str]:
    """Choose ``labels`` of the lines ``path label``, the same number from each class.

    With the same seed, a larger choice includes every smaller one, so runs with more labels
    differ only by the added labels.

    Raises:
        ValueError: ``labels`` is not divisible by the number of classes, or a class has too
            few lines.
    """
    orders = class_orders([int(line.rsplit(maxsplit=1)[1]) for line in lines], seed)
    each, rest = divmod(labels, max(len(orders), 1))
    if each < 1 or rest:
        raise ValueError(f'{labels} labels cannot be shared equally by {len(orders)} classes')
    if (fewest := min(map(len, orders.values()))) < each:
        raise ValueError(f'{each} clips of each class are needed, but one class has {fewest}')
    return [lines[position] for order in orders.values() for position in order[:each]]


def write_few_labels(
    source: Path, target: Path, labels: int, seed: int = 0, samples: int | None = None
) -> None:
    """Write ``labels`` of the lines of the list ``source`` to ``target``.

    Args:
        samples: Length of an epoch: the chosen lines are repeated in turn to reach it.
            Each repeat is a separate sample with its own augmentation, and runs with
            different numbers of labels have equally long epochs.
    """
    chosen = few_labels(source.read_text().splitlines(), labels, seed)
    count = len(chosen) if samples is None else samples
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(''.join(f'{chosen[n % len(chosen)]}\n' for n in range(count)))
