"""Contract: an ONNX file scores any number of clips as PyTorch does, or is not kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.apis.export import (
    ClipScores,
    ExportOptions,
    ExportReport,
    compare,
    export_onnx,
)
from mmvideomae.video.readers import open_reader
from tests.support.codes import tiny_code_recognizer
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.videos import moving_shapes, write_video

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
onnxruntime = pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    pipeline = [
        {'type': 'OpenVideo', 'backend': 'pyav'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': 1, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'PackClips'},
    ]
    cfg = Config({
        'default_scope': 'mmvideomae',
        'model': {
            'type': 'Recognizer3D',
            'backbone': tiny_vit('avg', drop_path_rate=0.5),  # which must be off in the file
            'cls_head': {
                'type': 'LinearHead', 'num_classes': 7, 'in_channels': 32, 'dropout_ratio': 0.5,
            },
            'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
        },
        'test_pipeline': pipeline,
        'test_dataloader': {'collate_fn': {'type': 'default_collate'}},
    })  # fmt: skip
    built = init_model(cfg, device='cpu')
    torch.nn.init.normal_(built.cls_head.fc_cls.weight)
    for block in built.backbone.blocks:  # attention that is far from uniform
        torch.nn.init.normal_(block.attn.qkv.weight, std=0.3)
        torch.nn.init.normal_(block.attn.q_bias)
    return built


def run(report: ExportReport, clips: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(report.files[0], providers=['CPUExecutionProvider'])
    return session.run(None, {'clips': clips})[0]


def test_any_number_of_normalised_clips(model: torch.nn.Module, tmp_path: Path) -> None:
    report = export_onnx(model, tmp_path / 'a' / 'm.onnx', ExportOptions(dynamic_batch=True))
    assert report.shape == (-1, 3, 4, 32, 32) and report.classes == 7
    assert report.difference <= 1e-5 and report.batches == (1, 2, 3)
    assert report.files == (str(tmp_path / 'a' / 'm.onnx'),)
    for batch in (1, 5):
        clips = torch.randn(batch, 3, 4, 32, 32)
        with torch.no_grad():
            expected = model.cls_head(model.backbone(clips)).numpy()
        assert np.ptp(expected, axis=1).min() > 0.1
        np.testing.assert_allclose(run(report, clips.numpy()), expected, rtol=1e-4, atol=1e-5)


def test_pixels_become_the_probabilities_of_the_classifier(
    model: torch.nn.Module, tmp_path: Path
) -> None:
    path = write_video(tmp_path / 'v.mp4', moving_shapes(4, 48, 32))
    with open_reader(path, 'pyav') as reader:
        clip = reader.read(range(4))
    options = ExportOptions(shape=(4, 48, 32), pixels=True, probabilities=True)
    report = export_onnx(model, tmp_path / 'm.onnx', options)
    assert report.shape == (1, 4, 48, 32, 3)
    expected = VideoClassifier(model, classes=list('abcdefg'))(path).scores
    np.testing.assert_allclose(run(report, clip[None])[0], expected, rtol=1e-4, atol=1e-6)


def test_classes_of_several_labels_have_a_probability_each(
    model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = torch.randn(2, 3, 4, 32, 32)
    logits = ClipScores(model, ExportOptions())(clip)
    monkeypatch.setattr(model.cls_head, 'multi_class', True)
    found = ClipScores(model, ExportOptions(probabilities=True))(clip)
    torch.testing.assert_close(found, logits.sigmoid())


def test_of_several_probes_the_chosen_one_is_exported(tmp_path: Path) -> None:
    head = {
        'type': 'LinearProbeHead', 'num_classes': 3, 'in_channels': 32,
        'lr_factors': (0.1, 1.0, 10.0), 'use_batch_norm': True, 'init_std': 1.0,
    }  # fmt: skip
    cfg = {'type': 'Recognizer3D', 'backbone': tiny_vit('avg'), 'cls_head': head}
    cfg['data_preprocessor'] = {'type': 'ClassificationDataPreprocessor'}
    probes = init_model(Config({'default_scope': 'mmvideomae', 'model': cfg}), device='cpu')
    probes.cls_head.choose(2)
    report = export_onnx(probes, tmp_path / 'm.onnx')
    clip = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        every = probes.cls_head(probes.backbone(clip))[0].numpy()
    assert np.abs(every[2] - every[1]).min() > 1e-3 and report.classes == 3
    np.testing.assert_allclose(run(report, clip.numpy())[0], every[2], rtol=1e-4, atol=1e-5)


def test_comparison_sees_a_difference(model: torch.nn.Module, tmp_path: Path) -> None:
    """A file whose weights are not the module's is far from it."""
    linear = torch.nn.Linear(4, 3).eval()
    torch.onnx.export(
        linear, (torch.ones(1, 4),), tmp_path / 'm.onnx',
        input_names=['clips'], output_names=['scores'], verbose=False,
    )  # fmt: skip
    assert compare(linear, tmp_path / 'm.onnx', torch.ones(1, 4)) < 1e-6
    with torch.no_grad():
        linear.weight += 0.01
    assert compare(linear, tmp_path / 'm.onnx', torch.ones(1, 4)) > 1e-4


@pytest.mark.parametrize('difference', [2e-4, float('nan')])
def test_a_file_that_differs_is_not_kept(
    model: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    def write(scorer, example, path, options) -> int:
        path.write_text('onnx')
        path.with_name(f'{path.name}.data').write_text('weights')
        return 20

    monkeypatch.setattr('mmvideomae.apis.export._write', write)
    monkeypatch.setattr('mmvideomae.apis.export.compare', lambda *_: difference)
    with pytest.raises(ValueError, match='was removed: its scores differ'):
        export_onnx(model, tmp_path / 'm.onnx')
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused_in_one_line(
    model: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretrainer = init_model(Config({'model': tiny_videomae()}), device='cpu')
    coded = init_model(Config({'model': tiny_code_recognizer()}), device='cpu')
    for told, call in (
        ('takes codes of a tokenizer', lambda: export_onnx(coded, tmp_path / 'm.onnx')),
        ('VideoMAE is not a recognizer', lambda: export_onnx(pretrainer, tmp_path / 'm.onnx')),
        (r'must end in \.onnx', lambda: export_onnx(model, tmp_path / 'm.pt')),
        ('5 frames of 32x32', lambda: export_onnx(
            model, tmp_path / 'm.onnx', ExportOptions(shape=(5, 32, 32)))),
        ('4 frames of 30x32', lambda: export_onnx(
            model, tmp_path / 'm.onnx', ExportOptions(shape=(4, 30, 32)))),
        ('cannot write this model with opset 12', lambda: export_onnx(
            model, tmp_path / 'm.onnx', ExportOptions(opset=12))),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=told) as error:
            call()
        assert '\n' not in str(error.value)
    monkeypatch.setattr('mmvideomae.apis.export._NEEDS', ('onnx', 'no_such_package'))
    with pytest.raises(ImportError, match='pip install no_such_package'):
        export_onnx(model, tmp_path / 'm.onnx')
    assert list(tmp_path.iterdir()) == []


def test_changes_of_lora_are_merged_into_the_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    backbone = {**tiny_vit('avg'), 'peft': {'type': 'LoRA', 'rank': 2}}
    head = {'type': 'LinearHead', 'num_classes': 7, 'in_channels': 32}
    preprocessor = {'type': 'ClassificationDataPreprocessor'}
    model = init_model(
        Config({'model': {'type': 'Recognizer3D', 'backbone': backbone, 'cls_head': head,
                          'data_preprocessor': preprocessor}}),
        device='cpu',
    )  # fmt: skip
    for values in model.parameters():
        if values.requires_grad:
            torch.nn.init.normal_(values, std=0.2)
    clips = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        expected = model.cls_head(model.backbone(clips)).numpy()
    report = export_onnx(model, tmp_path / 'm.onnx')
    np.testing.assert_allclose(run(report, clips.numpy()), expected, rtol=1e-4, atol=1e-5)
    assert not any('low_rank' in name for name in model.state_dict())
