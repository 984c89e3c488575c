"""Contract: FSDP shards transformer blocks as units; training with it is in test_launchers.py."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import FUNCTIONS, STRATEGIES

from mmvideomae.engine.sharding import ShardedStrategy, is_block, wrap_blocks
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae

ROOT = Path(__file__).resolve().parents[2]


def test_every_block_of_encoder_and_decoder_is_a_unit_and_nothing_else() -> None:
    model = MODELS.build(tiny_videomae())
    units = [
        name for name, module in model.named_modules() if wrap_blocks(module, False, 0, ('Block',))
    ]
    assert units == [f'{part}.blocks.{i}' for part in ('backbone', 'neck') for i in range(2)]
    assert [name for name, module in model.named_modules() if is_block(module)] == units


def test_asks_to_look_inside_every_module() -> None:
    assert all(wrap_blocks(module, True, 0) for module in MODELS.build(tiny_videomae()).modules())


def test_the_base_names_things_that_exist() -> None:
    strategy = Config.fromfile(ROOT / 'configs' / '_base_' / 'fsdp.py').strategy
    assert STRATEGIES.get(strategy.type) is ShardedStrategy
    assert FUNCTIONS.get(strategy.model_wrapper.auto_wrap_policy.type) is wrap_blocks
