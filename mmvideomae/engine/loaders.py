"""Derive settings of data loaders from other settings."""

from typing import Any

from mmvideomae.configs import ConfigError

# Time limit of a worker for a batch, after which the run ends and names the worker's file: enough
# for three decoders that are ended after 30 seconds, or this long for each sample if that is more.
# A slow disk takes a tenth of it.
_SECONDS_PER_BATCH = 120
_SECONDS_PER_SAMPLE = 5
# torch refuses them if the main process loads the data.
_OF_WORKERS = ('persistent_workers', 'prefetch_factor', 'timeout', 'multiprocessing_context')


def settle_loaders(cfg: dict[str, Any]) -> None:
    """Fit the loaders of a config, in place, to their number of workers.

    Without workers, settings of workers are left out: ``num_workers=0`` on a command line is
    enough.  With workers, a loader gets a ``timeout`` in seconds, unless it has one, so that a
    worker that hangs ends the run.  A sampler with ``round_to='update'`` gets the samples that a
    process contributes to an update.  That is the default where ``drop_last`` drops what fills
    no batch: epochs then have the same samples whatever number of processes and accumulated
    iterations an update is divided into.

    Raises:
        ConfigError: The number of workers, or a batch size, is not a whole number.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if not isinstance(loader, dict):
            continue
        for key in ('batch_size', 'num_workers'):
            if not isinstance(loader.get(key) or 0, int):
                raise ConfigError(f'{name}.{key} must be a whole number, got {loader[key]!r}')
        _settle_sampler(cfg, loader)
        if loader.get('num_workers', 0):
            samples = loader.get('batch_size') or 1
            loader.setdefault('timeout', max(_SECONDS_PER_BATCH, _SECONDS_PER_SAMPLE * samples))
        else:
            for key in _OF_WORKERS:
                loader.pop(key, None)


def _settle_sampler(cfg: dict[str, Any], loader: dict[str, Any]) -> None:
    sampler = loader.get('sampler')
    if not isinstance(sampler, dict):
        return
    if loader.get('drop_last') and sampler.get('type') == 'EpochSampler':
        sampler.setdefault('round_to', 'update')
    if sampler.get('round_to') == 'update':
        accumulated = (cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
        sampler['round_to'] = (loader.get('batch_size') or 1) * accumulated
