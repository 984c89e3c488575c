# default_runtime.py for targets that come from a moving average of the encoder: it follows every
# update, and a warning tells if all features become the same.
_base_ = 'default_runtime.py'

default_hooks = dict(
    teacher=dict(type='TeacherHook'),
    collapse=dict(type='FeatureCollapseHook'),
)
