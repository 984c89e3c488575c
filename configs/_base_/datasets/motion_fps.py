# Labelled clips of motion.py for models that tokenize pixels: 5 frames, 12.5 per second. The test
# uses two clips at three positions.
_base_ = 'motion.py'

clip = dict(type='SampleFps', clip_len=5, fps=12.5)
cut = dict(type='DiagonalCrop', size=32, scales=(1.25,))
places = ('top', 'centre', 'bottom')

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            sample=dict(clip, _delete_=True), crop=dict(cut, _delete_=True, positions=places)
        )
    )
)
val_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            sample=dict(clip, _delete_=True, test_mode=True),
            crop=dict(cut, _delete_=True, test_mode=True),
        )
    )
)
test_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            sample=dict(clip, _delete_=True, num_clips=2, test_mode=True),
            crop=dict(cut, _delete_=True, positions=places, test_mode=True),
        )
    )
)
