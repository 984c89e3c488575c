"""Contract: a name in a config that nothing reads is refused with the nearest one that is."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmvideomae.engine.config_names import settle_names
from mmvideomae.errors import ConfigError

OURS = "default_scope = 'mmvideomae'\n"


def written(tmp_path: Path, text: str, name: str = 'a.py') -> Config:
    (tmp_path / name).write_text(text)
    return Config.fromfile(tmp_path / name)


def test_names_that_the_files_use_are_dropped_for_the_saved_config(tmp_path: Path) -> None:
    written(tmp_path, f'{OURS}width = 8\nepochs = 3\noffered = 5\n', 'base.py')
    cfg = written(
        tmp_path,
        "_base_ = 'base.py'\nhalf = 8 // 2\n"
        'model = dict(width={{_base_.width}}, half=half)\ntrain_cfg = dict(max_epochs=3)\n'
        'val_cfg = dict(interval={{_base_.epochs}})\n',
    )
    settle_names(cfg)
    assert set(cfg) == {'default_scope', 'model', 'train_cfg', 'val_cfg'}
    assert cfg.model.to_dict() == {'width': 8, 'half': 4}
    cfg.dump(tmp_path / 'saved.py')
    settle_names(Config.fromfile(tmp_path / 'saved.py'))


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ("load_form = 'a.pth'", "nothing reads 'load_form'; did you mean 'load_from'?"),
        (
            'max_epochs = 3  # of them\ntrain_cfg = dict(max_epochs=1)',
            "nothing reads 'max_epochs' at the top; set train_cfg.max_epochs",
        ),
        (
            'lr = 3\noptim_wrapper = dict(optimizer=dict(lr=1))',
            "nothing reads 'lr' at the top; set optim_wrapper.optimizer.lr",
        ),
        ('x = 1\nmodel = dict(x=2)', "nothing reads 'x'"),
        (
            'env_cfg = dict(dist_cgf=dict(backend="gloo"))',
            "'dist_cgf' in env_cfg; did you mean 'dist_cfg'",
        ),
        ('randomness = dict(sed=1)', "'sed' in randomness; did you mean 'seed'?"),
        ('auto_scale_lr = dict(base_batch=8)', "'base_batch' in auto_scale_lr; did you mean"),
        (
            'default_hooks = dict(checkpoints=dict(interval=2))',
            "'checkpoints' in default_hooks; did you mean 'checkpoint'?",
        ),
    ],
)
def test_others_are_refused(tmp_path: Path, text: str, told: str) -> None:
    cfg = written(tmp_path, f'{OURS}{text}\n')
    with pytest.raises(ConfigError) as caught:
        settle_names(cfg)
    assert str(caught.value).startswith(f'{tmp_path}/a.py: nothing reads')
    assert told in str(caught.value)


def test_a_name_that_only_a_base_uses_is_refused(tmp_path: Path) -> None:
    """The base has been read before, with its own value."""
    written(tmp_path, f'{OURS}width = 8\nmodel = dict(width=width)\n', 'base.py')
    for mention in ('', '# width of the model\n'):
        cfg = written(tmp_path, f"_base_ = 'base.py'\n{mention}width = 16\n")
        with pytest.raises(
            ConfigError, match=r"nothing reads 'width' at the top; set model\.width"
        ):
            settle_names(cfg)


def test_a_name_is_used_wherever_python_reads_it(tmp_path: Path) -> None:
    names = "key, width = 'a', 3\nprefix = 'x'\nfirst = 1\nflag = True\n"
    uses = (
        'for number in range(3):\n    pass\n'
        'if flag:\n    val_cfg = dict(a=1)\n'
        "model = {prefix: range(9)[first:], 'name': f'#{key}{width:03}'}\n"
        'train_cfg = (lambda x: dict(max_epochs=x))(width)\n'
    )
    settle_names(written(tmp_path, OURS + names + uses))
    with pytest.raises(ConfigError, match="nothing reads 'flag'"):
        settle_names(written(tmp_path, OURS + "flag = True\nwork_dir = 'flag'\n"))


def test_yaml_and_json_have_names_at_their_top_alone(tmp_path: Path) -> None:
    written(tmp_path, f'{OURS}epochs = 8\ntrain_cfg = dict(max_epochs=epochs)\n', 'base.py')
    for name, text in (
        ('a.yaml', '_base_: base.py\nrate: &rate 2\nmodel: {epochs: *rate}\n'),
        ('a.json', '{"_base_": "base.py", "model": {"epochs": {{_base_.epochs}}}}'),
    ):
        cfg = written(tmp_path, text, name)
        settle_names(cfg)
        assert 'epochs' not in cfg and 'epochs' in cfg.model
    with pytest.raises(ConfigError, match=r'set train_cfg\.max_epochs'):
        settle_names(written(tmp_path, '_base_: base.py\nmax_epochs: 2\n', 'a.yml'))


def test_all_names_of_the_runtime_are_known() -> None:
    base = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'default_runtime.py'
    cfg = Config.fromfile(base)
    for name in cfg.default_hooks:
        cfg.default_hooks[name] = None
    settle_names(cfg)


def test_json_has_no_names_of_its_own(tmp_path: Path) -> None:
    cfg = written(tmp_path, '{"default_scope": "mmvideomae", "load_form": "a"}', 'a.json')
    with pytest.raises(ConfigError, match="did you mean 'load_from'"):
        settle_names(cfg)


def test_own_hooks_and_configs_of_others_pass(tmp_path: Path) -> None:
    hooks = 'default_hooks = dict(mine=dict(type="EMAHook"), logger=None, mine_too=None)'
    with pytest.raises(ConfigError, match='mine_too'):
        settle_names(written(tmp_path, hooks))
    settle_names(written(tmp_path, hooks.replace(', mine_too=None', ', label_check=None')))
    settle_names(written(tmp_path, "default_scope = 'mmaction'\ndata_root_val = 'data'\n"))
