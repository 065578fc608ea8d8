#!/usr/bin/env bash
# Holds a running Weir to its own /openapi.yaml with schemathesis: requests that fit the schemas and requests that do
# not, on every operation but the streams of events, which have no end. Needs Python 3.10 or newer and the built
# command line (make build); listens on 127.0.0.1 alone.
#   scripts/http-contract.sh [SEED…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seeds=("$@")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
venv=target/http-contract/.venv
port=${WEIR_HTTP_PORT:-18411}
data=$(mktemp -d)

if [ ! -x "$venv/bin/schemathesis" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r scripts/http-contract/requirements.txt
fi

./weir up --port "$port" --data-dir "$data/weir" --broker-port "$((port + 1))" > "$data/log" 2>&1 &
weir=$!
end() {
  kill "$weir" 2> /dev/null || true
  wait "$weir" || true
  rm -rf "$data"
}
trap end EXIT

url=http://127.0.0.1:$port
for _ in $(seq 120); do
  if "$venv/bin/python" -c "import urllib.request; urllib.request.urlopen('$url/health/ready')" 2> /dev/null; then
    break
  fi
  if ! kill -0 "$weir" 2> /dev/null; then
    cat "$data/log"
    exit 1
  fi
  sleep 1
done

failed=0
for seed in "${seeds[@]}"; do
  PYTHONPATH=scripts/http-contract "$venv/bin/schemathesis" --config-file scripts/http-contract/schemathesis.toml \
    run "$url/openapi.yaml" --max-examples 200 --seed "$seed" --continue-on-failure \
    --exclude-path-regex '^/v1/stream' --request-timeout 30 || failed=1
done
exit $failed
