"""Our parts, mmaction2's and mmengine's are found by their bare names, and ours win."""

import subprocess
import sys

import pytest
from mmengine import registry as mmengine
from mmengine.registry import DefaultScope, Registry, init_default_scope

from mmvideomae import registry


def children() -> dict[str, Registry]:
    return {name: value for name, value in vars(registry).items() if isinstance(value, Registry)}


@pytest.mark.parametrize(
    ('name', 'key', 'package'),
    [
        ('MODELS', 'VideoMAEViT', 'mmvideomae'),
        ('MODELS', 'Recognizer3D', 'mmvideomae'),
        ('MODELS', 'Recognizer2D', 'mmaction'),
        ('MODEL_WRAPPERS', 'MMDistributedDataParallel', 'mmengine'),
        ('DATASETS', 'VideoListDataset', 'mmvideomae'),
        ('DATASETS', 'VideoDataset', 'mmaction'),
        ('DATA_SAMPLERS', 'EpochSampler', 'mmvideomae'),
        ('DATA_SAMPLERS', 'DefaultSampler', 'mmengine'),
        ('TRANSFORMS', 'ClipMultiScaleCrop', 'mmvideomae'),
        ('TRANSFORMS', 'FormatShape', 'mmaction'),
        ('HOOKS', 'ThroughputHook', 'mmvideomae'),
        ('HOOKS', 'ReconstructionVisHook', 'mmvideomae'),
        ('HOOKS', 'VisualizationHook', 'mmaction'),
        ('METRICS', 'AccMetric', 'mmvideomae'),
        ('METRICS', 'ConfusionMatrix', 'mmaction'),
        ('OPTIM_WRAPPER_CONSTRUCTORS', 'GroupedOptimWrapperConstructor', 'mmvideomae'),
        ('OPTIMIZERS', 'AdamW', 'torch'),
        ('FUNCTIONS', 'default_collate', 'mmengine'),
        ('WEIGHT_INITIALIZERS', 'Pretrained', 'mmvideomae'),
        ('WEIGHT_INITIALIZERS', 'Constant', 'mmengine'),
        ('MASK_GENERATORS', 'TubeMask', 'mmvideomae'),
    ],
)
def test_bare_names_are_found(name: str, key: str, package: str) -> None:
    assert getattr(registry, name).get(key).__module__.split('.')[0] == package


def test_a_pipeline_is_a_list_of_steps_or_a_dict_of_named_ones() -> None:
    steps = {'open': {'type': 'OpenVideo'}, 'flip': None, 'pack': {'type': 'PackClips'}}
    assert registry.steps_of(steps) == [{'type': 'OpenVideo'}, {'type': 'PackClips'}]
    assert registry.steps_of([len, {'type': 'PackClips'}]) == [len, {'type': 'PackClips'}]
    built = registry.build_steps({'crop': {'type': 'CropViews', 'size': 16}, 'done': len})
    assert [type(built[0]).__name__, built[1]] == ['CropViews', len]
    with pytest.raises(registry.PipelineError, match='a dict of named steps, got'):
        registry.steps_of({'type': 'OpenVideo'})


def test_every_registry_of_mmengine_has_a_child_in_our_scope() -> None:
    """Without one, mmengine logs a failed search each time it builds such a part."""
    roots = {value.name for value in vars(mmengine).values() if isinstance(value, Registry)}
    parents = {child.root.name for child in children().values()}
    unused = {'inferencer'}
    assert roots - parents <= unused


def test_building_in_our_scope_searches_our_registries() -> None:
    previous = DefaultScope.get_current_instance()
    init_default_scope('mmvideomae')
    try:
        for child in children().values():
            assert child.scope == 'mmvideomae'
            with child.switch_scope_and_registry(None) as chosen:
                assert chosen is child
            with child.root.switch_scope_and_registry(None) as chosen:
                assert chosen is child
    finally:
        init_default_scope(previous.scope_name if previous else 'mmvideomae')


@pytest.mark.parametrize(
    ('missing', 'reason'),
    [
        ('mmdet', 'mmdet, which is not installed'),
        pytest.param('mmcv._ext', 'the full mmcv, whose compiled', marks=pytest.mark.slow),
    ],
)
def test_a_part_of_mmdet_asked_for_in_vain_says_what_to_install(missing: str, reason: str) -> None:
    """Without mmdet, and with mmcv-lite; everything else is found as ever."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    code = (
        f'import sys; sys.modules[{missing!r}] = None\n'
        'from mmvideomae.registry import MODELS\n'
        'assert MODELS.get("ActionRoIHead") and MODELS.get("ActionRoIAlign")\n'
        'try: MODELS.build({"type": "mmdet.FastRCNN"})\n'
        'except ValueError as error: print(error)\n'
    )
    command = [sys.executable, '-W', 'ignore', '-c', code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = done.stdout.strip().splitlines()[-1]
    assert line.startswith(f'mmdet.FastRCNN needs {reason}')
    assert line.endswith('mmvideomae doctor tells how to install it')
