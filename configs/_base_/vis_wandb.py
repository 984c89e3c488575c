# Log to Weights & Biases as well as local JSON (pip install wandb). Inherit a recipe with it:
#     _base_ = ['recipe.py', '../_base_/vis_wandb.py']
# Name the run in the inheriting config:
#     visualizer = dict(vis_backends=[dict(type='LocalVisBackend'),
#                                     dict(type='WandbVisBackend', init_kwargs=dict(project='x'))])
visualizer = dict(
    type='ActionVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='WandbVisBackend', init_kwargs=dict(project='mmvideomae')),
    ],
)
