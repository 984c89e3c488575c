"""Export a classifier to ONNX, and check the file against PyTorch under onnxruntime."""

import sys

from mmvideomae.cli.commands.export import main

if __name__ == '__main__':
    sys.exit(main())
