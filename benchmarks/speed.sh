#!/usr/bin/env bash
# Compares weir train with PEFT + transformers in one run; --help says with what. Writes benchmarks/results/training.json.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

"$here/peers/setup.sh"
exec "${PEERS_VENV:-$here/peers/.venv}/bin/python" "$here/peers/speed.py" "$@"
