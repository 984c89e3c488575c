"""Probes: what a frozen encoder knows, measured by classifiers on its features."""

from mmvideomae.apis.probes.feature_cache import FeatureCache
from mmvideomae.apis.probes.probing import ProbeReport, ProbeResult, probe
from mmvideomae.apis.probes.settings import ProbeSettings

__all__ = ['FeatureCache', 'ProbeReport', 'ProbeResult', 'ProbeSettings', 'probe']
