"""How training runs: loops, hooks, optimizer constructors, schedules."""

from mmvideomae.engine.schedulers import WarmupCosineLR

__all__ = ['WarmupCosineLR']
