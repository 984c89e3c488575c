"""Package metadata, and the `.mim` folder that OpenMMLab's command line reads.

`mim train mmvideomae CONFIG` and similar commands expect configs, tools, model-index.yml and
dataset-index.yml inside the installed package, in `mmvideomae/.mim`.  A wheel gets copies; an
editable installation gets symbolic links, so that edits in the checkout take effect at once.
"""

import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_ENTRIES = ('configs', 'tools', 'requirements', 'model-index.yml', 'dataset-index.yml')
# tools/dev is only for checkouts.
MIM_IGNORE = shutil.ignore_patterns('__pycache__', '*.pyc', 'dev')


class BuildPyWithMim(build_py):
    """Build the modules, then add `.mim`."""

    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            link_mim(ROOT / 'mmvideomae' / '.mim')
        else:
            copy_mim(Path(self.build_lib).resolve() / 'mmvideomae' / '.mim')


def mim_sources() -> list[Path]:
    """Entries of the checkout that belong in `.mim` and exist."""
    return [ROOT / name for name in MIM_ENTRIES if (ROOT / name).exists()]


def link_mim(target: Path) -> None:
    """Fill `target` with relative symbolic links into the checkout."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for source in mim_sources():
        (target / source.name).symlink_to(os.path.relpath(source, target))


def copy_mim(target: Path) -> None:
    """Fill `target` with copies, after removing what an earlier build left there."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source in mim_sources():
        if source.is_dir():
            shutil.copytree(source, target / source.name, ignore=MIM_IGNORE)
        else:
            shutil.copy2(source, target / source.name)


def requirements(*names: str) -> list[str]:
    """Requirement specifiers of `requirements/<name>.txt`, sorted and without comments."""
    found = set()
    for name in names:
        text = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8')
        for line in text.splitlines():
            specifier = line.split('#')[0].strip()
            if specifier:
                found.add(specifier)
    return sorted(found)


def version() -> str:
    """`__version__` of the package, read without importing it."""
    text = (ROOT / 'mmvideomae' / 'version.py').read_text(encoding='utf-8')
    return text.split("__version__ = '")[1].split("'")[0]


setup(
    name='mmvideomae',
    version=version(),
    description='Masked video pre-training and its downstream tasks in OpenMMLab style',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords='video, self-supervised learning, masked autoencoder, action recognition, OpenMMLab',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Programming Language :: Python :: 3.14',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    packages=find_packages(include=['mmvideomae', 'mmvideomae.*']),
    entry_points={'console_scripts': ['mmvideomae = mmvideomae.cli.main:main']},
    package_data={'mmvideomae': ['py.typed'], 'mmvideomae.checkpoints': ['public_weights.yml']},
    # No upper bound: nothing is known to break.  `make test-ranges` tries the installed Pythons.
    python_requires='>=3.10',
    install_requires=requirements('runtime'),
    extras_require={
        # The two kinds of mmcv to choose from; see requirements/runtime.txt.
        'core': requirements('core'),
        'detection': requirements('detection'),
        'tests': requirements('tests'),
        'docs': requirements('docs'),
        'app': requirements('app'),
        'torchcodec': ['torchcodec>=0.8'],
        'lmdb': ['lmdb>=1.4'],
        's3': ['s3fs>=2025.3.2', 'python-dateutil>=2.8.2,<3'],
        'gs': ['gcsfs>=2025.3.2'],
        'http': ['aiohttp>=3.9'],
        'export': ['onnx>=1.16', 'onnxruntime>=1.18', 'onnxscript>=0.2', 'protobuf>=5.29'],
        'ray': ["ray>=2.40; python_version < '3.14'"],
        'all': requirements('detection', 'tests', 'docs', 'optional', 'app'),
        # `mim install` adds these to the requirements of an OpenMMLab package.
        'mim': ['mmcv>=2.0.0,<2.2.0', 'mmengine>=0.10.6,<1'],
    },
    cmdclass={'build_py': BuildPyWithMim},
    zip_safe=False,
)
