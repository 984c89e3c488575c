"""Few labelled clips out of many: the lists of fine-tuning runs with little supervision."""

from collections.abc import Sequence
from pathlib import Path

from mmvideomae.preparation.lists.subset import class_orders


def few_labels(lines: Sequence[str], labels: int, seed: int = 0) -> list[str]:
    """Choose ``labels`` of the lines ``path label``, as many of each class.

    With one seed a larger choice holds every smaller one, so that runs with more labels
    differ by the added labels only.

    Raises:
        ValueError: if the classes do not divide ``labels``, or one has too few lines.
    """
    orders = class_orders([int(line.rsplit(maxsplit=1)[1]) for line in lines], seed)
    each, rest = divmod(labels, max(len(orders), 1))
    if each < 1 or rest:
        raise ValueError(f'{labels} labels cannot be shared equally by {len(orders)} classes')
    if (fewest := min(map(len, orders.values()))) < each:
        raise ValueError(f'{each} clips of each class wanted, and one class has {fewest}')
    return [lines[position] for order in orders.values() for position in order[:each]]


def write_few_labels(
    source: Path, target: Path, labels: int, seed: int = 0, samples: int | None = None
) -> None:
    """Write ``labels`` of the lines of the list ``source`` to ``target``.

    Args:
        samples: length of an epoch: the chosen lines take turns until there are so many.
            Each repeat is a sample of its own with an augmentation of its own, and runs
            with different numbers of labels have equally long epochs.
    """
    chosen = few_labels(source.read_text().splitlines(), labels, seed)
    count = len(chosen) if samples is None else samples
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(''.join(f'{chosen[n % len(chosen)]}\n' for n in range(count)))
