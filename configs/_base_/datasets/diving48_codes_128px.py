# diving48_codes.py with the clips of VIMPAC's analyses: 5 frames of 128 pixels, 2 per second.
# Test: 2 clips.
_base_ = 'diving48_codes.py'

clips = dict(open=dict(size=128), sample=dict(clip_len=5, fps=2))

train_dataloader = dict(dataset=dict(pipeline=clips))
val_dataloader = dict(dataset=dict(pipeline=clips))
test_dataloader = dict(
    dataset=dict(pipeline=dict(open=dict(size=128), sample=dict(clip_len=5, fps=2, num_clips=2)))
)
