#!/usr/bin/env bash
# Makes the Python environment of the reference implementations, or completes it. PEERS_VENV names another place for it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${PEERS_VENV:-$here/.venv}

complete() {
  "$venv/bin/python" -c 'import fastapi, onnx, onnxruntime, peft, tokenizers, torch, transformers, uvicorn' 2>/dev/null
}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
complete || "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
complete || {
  echo "peers: $venv is incomplete; remove it and run $0 again" >&2
  exit 1
}
