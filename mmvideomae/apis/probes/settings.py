"""Settings of the probes of a frozen encoder."""

from dataclasses import dataclass, fields
from pathlib import Path

PROBES = ('knn', 'linear', 'attentive')
CACHE = Path('work_dirs/probe_features')


@dataclass(frozen=True)
class ProbeSettings:
    """What is trained on frozen features, and how.

    Attributes:
        probes: Those of `PROBES` to run.
        neighbours: Numbers of neighbours of k-NN; DINO's softmax is over the largest of them.
        distance: 'cosine' or 'l2'.
        temperature: Of DINO's votes.
        linear_rates: Learning rates of the linear classifiers for a batch of 256.
        linear_epochs: Passes over the features for the linear classifiers.
        rates: Learning rates of the attentive classifiers.
        decays: Weight decays of the attentive classifiers; there is one for each pair.
        epochs: Passes over the features for the attentive classifiers.
        blocks: Attention blocks of an attentive classifier: the last has one query, those before
            it are self-attention.  1 is V-JEPA's probe, 4 that of V-JEPA 2.
        heads: Attention heads of a block.
        batch_size: Videos per update.
        seed: Of initial weights and the order of videos.

    Raises:
        ValueError: A setting is out of range.
    """

    probes: tuple[str, ...] = PROBES
    neighbours: tuple[int, ...] = (10, 20, 100, 200)
    distance: str = 'cosine'
    temperature: float = 0.07
    linear_rates: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    linear_epochs: int = 100
    rates: tuple[float, ...] = (5e-3, 3e-3, 1e-3, 3e-4, 1e-4)
    decays: tuple[float, ...] = (0.01, 0.1, 0.4, 0.8)
    epochs: int = 20
    blocks: int = 1
    heads: int = 16
    batch_size: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.probes or set(self.probes) - set(PROBES):
            raise ValueError(f'probes must be some of {", ".join(PROBES)}, got {self.probes}')
        for each in fields(self):
            value = getattr(self, each.name)
            values = value if isinstance(value, tuple) else (value,)
            least = 0 if each.name in ('decays', 'seed') else 1e-12
            if not values or (not isinstance(values[0], str) and min(values) < least):
                raise ValueError(f'{each.name} of probes must be positive, got {value}')
