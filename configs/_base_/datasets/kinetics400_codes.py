# Kinetics-400 with labels: clips of 10 frames of 256x256 pixels, 2 per second, as codes in files.
# Lists are those of kinetics400.py. Make the codes, 16 frames per second in 12 views, with
#   python tools/misc/extract_tokens.py CONFIG data/kinetics400/videos \
#       data/kinetics400/codes_fps16_256 --fps 16 --size 256 --views all
# For other clips, change clip_len and fps of sample and size of open in all loaders.
# Training uses one of the views ({1, 1.25} x resized, 3 positions, mirrored or not), validation the
# centre crop of the middle clip, and the test 10 clips x 3 crops (Table 4 of VIMPAC).
_base_ = 'kinetics400.py'

views = dict(scales=(1, 1.25), positions=('top', 'centre', 'bottom'), flip=True)
test_views = dict(positions=('top', 'centre', 'bottom'))
codes = dict(type='OpenCodes', folder='data/kinetics400/codes_fps{fps}_{size}', fps=16, size=256)

train_dataloader = dict(
    batch_size=16,
    # Epochs end with an update and omit the remaining videos (Table 4).
    sampler=dict(round_to='update'),
    dataset=dict(
        pipeline=dict(
            _delete_=True,
            open=dict(codes, **views),
            sample=dict(type='SampleFps', clip_len=10, fps=2),
            read=dict(type='ReadCodes'),
            crop=None,  # of pixels
            pack=dict(type='PackClips'),
        )
    ),
)
val_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=dict(
            _delete_=True,
            open=dict(codes, test_mode=True),
            sample=dict(type='SampleFps', clip_len=10, fps=2, test_mode=True),
            read=dict(type='ReadCodes'),
            crop=None,
            pack=dict(type='PackClips'),
        )
    ),
)
test_dataloader = dict(
    batch_size=4,
    dataset=dict(
        pipeline=dict(
            _delete_=True,
            open=dict(codes, **test_views, test_mode=True),
            sample=dict(type='SampleFps', clip_len=10, fps=2, num_clips=10, test_mode=True),
            read=dict(type='ReadCodes'),
            crop=None,
            pack=dict(type='PackClips'),
        )
    ),
)

# Used by kinetics400_fps.py, which reads pixels instead of files of codes; the data preprocessor's
# tokenizer encodes them.
from_pixels = dict(
    open=dict(_delete_=True, type='OpenVideo', backend='auto'),
    sample=dict(grid_fps=16),
    read=dict(_delete_=True, type='ReadFrames'),
)
crops = dict(
    train=dict(_delete_=True, type='DiagonalCrop', size=256, **views),
    val=dict(_delete_=True, type='DiagonalCrop', size=256, test_mode=True),
    test=dict(_delete_=True, type='DiagonalCrop', size=256, **test_views, test_mode=True),
)
