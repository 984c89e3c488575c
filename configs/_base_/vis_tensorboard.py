# Log to TensorBoard as well as local JSON (pip install tensorboard). Inherit a recipe with it:
#     _base_ = ['recipe.py', '../_base_/vis_tensorboard.py']
visualizer = dict(
    type='ActionVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
