#!/usr/bin/env bash
# Train on several devices of one or more machines through torchrun.
#   bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# On several machines, run it on each with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# With MAX_RESTARTS=3 and --resume, processes that die are restarted up to three times.
set -euo pipefail

if [[ $# -lt 2 || "$1" == -h || "$1" == --help ]]; then
    sed -n '2,5s/^# *//p' "$0"
    [[ "${1:-}" == -h || "${1:-}" == --help ]] && exit 0 || exit 2
fi

CONFIG=$1
GPUS=$2
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ "${NODE_RANK:-0}" == 0 ]] && (exec 3<>"/dev/tcp/127.0.0.1/${PORT:-29500}") 2>/dev/null; then
    echo "error: port ${PORT:-29500} is in use, most likely by another run: set PORT to a free one," \
        "such as PORT=29501 bash $0 ..." >&2
    exit 1
fi

PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$GPUS" \
    --max_restarts="${MAX_RESTARTS:-0}" \
    "$TOOLS/train.py" "$CONFIG" --launcher pytorch "${@:3}"
