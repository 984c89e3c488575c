"""Class names are complete and match the number of classes, and flips in a pipeline are found."""

import pytest
from mmcv.transforms import RandomApply, RandomChoice

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.classes import check_class_count, class_names, find_flips
from mmvideomae.registry import TRANSFORMS


def write(tmp_path, content):
    path = tmp_path / 'names.txt'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    'content',
    [
        'riding a bike\nяхта, #1\nc\n',
        'riding a bike\r\nяхта, #1\r\nc\r\n\r\n',
        '\ufeffriding a bike\nяхта, #1 \nc',
    ],
)
def test_a_file_of_names_is_read_line_by_line(tmp_path, content):
    path = write(tmp_path, content)
    assert class_names(path) == class_names(str(path)) == ('riding a bike', 'яхта, #1', 'c')


def test_names_may_be_given():
    assert class_names(['a', ' b']) == ('a', 'b')


@pytest.mark.parametrize(
    ('content', 'line'), [('a\n\nc\n', 2), ('\na\n', 1), ('a\n \nc', 2), ('', 1), ('\n\n', 1)]
)
def test_a_missing_name_is_told_with_its_line(tmp_path, content, line):
    path = write(tmp_path, content)
    with pytest.raises(AnnotationError) as caught:
        class_names(path)
    assert f'{path}:{line}: a class name is missing; write one name per line' in str(caught.value)


@pytest.mark.parametrize('names', [[], ['a', '']])
def test_missing_names_of_a_list_are_told(names):
    with pytest.raises(AnnotationError, match='a class name is missing'):
        class_names(names)


def test_a_file_that_cannot_be_read_is_named_with_a_cure(tmp_path):
    with pytest.raises(AnnotationError, match=r'gone\.txt: No such file .* omit classes'):
        class_names(tmp_path / 'gone.txt')
    with pytest.raises(AnnotationError, match='it is not UTF-8 text'):
        class_names(write(tmp_path, b'caf\xe9'))


def test_names_and_number_of_classes_agree():
    assert check_class_count(('a', 'b'), 2) == check_class_count(('a', 'b'), None) == 2
    assert check_class_count(None, 400) == 400
    assert check_class_count(None, None) is None
    with pytest.raises(AnnotationError, match=r"2 class names .*'a' to 'b'.* num_classes=3"):
        check_class_count(('a', 'b'), 3, ['a', 'b'])
    with pytest.raises(AnnotationError, match=r"2 class names .* to 'b' in my/classes\.txt\)"):
        check_class_count(('a', 'b'), 3, 'my/classes.txt')
    with pytest.raises(AnnotationError, match='must be positive, got 0'):
        check_class_count(None, 0)


def built(*configs):
    return [TRANSFORMS.build(config) for config in configs]


OURS = {'type': 'ClipFlip', 'prob': 0.5}
CROP = {'type': 'ClipMultiScaleCrop', 'size': 32}


@pytest.mark.parametrize(
    ('config', 'found'),
    [
        (OURS, ['ClipFlip']),
        ({**OURS, 'prob': 0}, []),
        (CROP, []),
        ({'type': 'Flip', 'flip_ratio': 0.1}, ['Flip']),
        ({'type': 'Flip', 'flip_ratio': 0}, []),
        ({'type': 'TorchVisionWrapper', 'op': 'RandomHorizontalFlip'}, ['RandomHorizontalFlip']),
        ({'type': 'TorchVisionWrapper', 'op': 'RandomHorizontalFlip', 'p': 0}, []),
        ({'type': 'RepeatAugment', 'num_repeats': 2, 'transforms': [CROP, OURS]}, ['ClipFlip']),
        ({'type': 'RepeatAugment', 'num_repeats': 2, 'transforms': [CROP]}, []),
    ],
)
def test_flips_are_found_wherever_they_are(config, found):
    assert list(find_flips(built(CROP, config))) == found


def test_flips_are_found_inside_the_wrappers_of_mmcv():
    crop, flip = built(CROP, OURS)
    assert list(find_flips([RandomApply([flip], prob=0.1)])) == ['ClipFlip']
    assert list(find_flips([RandomChoice([[crop], [crop, flip]])])) == ['ClipFlip']
    assert not list(find_flips([RandomChoice([[crop], [crop]])]))
