#!/usr/bin/env bash
# Makes the Python environment of the reference implementations, once. PEERS_VENV names another place for it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${PEERS_VENV:-$here/.venv}

if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi
"$venv/bin/python" -c 'import onnx, onnxruntime, peft, tokenizers, torch, transformers' || {
  echo "peers: $venv is incomplete; remove it and run $0 again" >&2
  exit 1
}
