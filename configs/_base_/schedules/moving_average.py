# For targets that come from a moving average of the encoder: it follows every update, and a warning
# tells if all features become the same. Add this to the bases of a leaf.
default_hooks = dict(
    teacher=dict(type='TeacherHook'),
    collapse=dict(type='FeatureCollapseHook'),
)
