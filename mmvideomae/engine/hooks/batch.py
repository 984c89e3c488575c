"""Information for hooks about a batch, however it was collated."""

from typing import Any

from mmengine.runner import Runner

_NAME_KEYS = ('filename', 'img_path', 'frame_dir', 'video_id')


def sample_metainfo(data_batch: Any) -> list[dict[str, Any]]:
    """Meta information of every sample of a batch; empty if the batch has none."""
    samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else None
    return [dict(sample.metainfo) for sample in samples or [] if hasattr(sample, 'metainfo')]


def sample_names(data_batch: Any) -> list[str]:
    """File names of a batch's samples, if their meta information has them."""
    names: list[str] = []
    for metainfo in sample_metainfo(data_batch):
        names.extend(str(metainfo[key]) for key in _NAME_KEYS if metainfo.get(key))
    return names


def batch_length(data_batch: Any, default: int) -> int:
    """Number of samples in a batch; a repeated sample is counted once."""
    for key in ('data_samples', 'inputs'):
        value = data_batch.get(key) if isinstance(data_batch, dict) else None
        if value is not None:
            return len(value)
    return default


def at_update(runner: Runner) -> bool:
    """Whether the last iteration ended with an update, so that no gradient is pending."""
    should_update = getattr(runner.optim_wrapper, 'should_update', None)
    return should_update is None or should_update()
