# Exponential moving average of the weights, kept in addition to the trained ones; validation and
# the saved `state_dict` use the average. Add this file to a config's `_base_`, or inherit a recipe
# with it:
#     _base_ = ['recipe.py', '../_base_/schedules/ema.py']
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=1e-4)]
