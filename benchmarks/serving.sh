#!/usr/bin/env bash
# Measures serving from end to end; --help lists the options. Peers that cannot be had are named in the table with the reason.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
venv=${PEERS_VENV:-$here/peers/.venv}
mvn=${MVN:-mvn -B -ntp}

arguments=()
if reason=$("$here/peers/setup.sh" 2>&1); then
  arguments+=(--peers-python "$venv/bin/python")
else
  arguments+=(--absent "FastAPI + transformers=$(tail -n 1 <<<"$reason")")
fi
# DJL Serving is published apart from DJL. A server that runs already is measured with --peer.
djl=$(sed -n 's:.*<djl.version>\(.*\)</djl.version>.*:\1:p' pom.xml | head -n 1)
if [[ " $* " != *"DJL Serving"* ]]; then
  # shellcheck disable=SC2086 # several words are wanted
  if $mvn -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get -Dartifact="ai.djl.serving:serving:$djl" \
    -Dtransitive=false >/dev/null 2>&1; then
    arguments+=(--absent "DJL Serving=its jar resolves; start it and name it with --peer")
  else
    arguments+=(--absent "DJL Serving=ai.djl.serving:serving:$djl does not resolve; start one elsewhere and name it with --peer")
  fi
fi
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
# shellcheck disable=SC2086 # several options in one variable are wanted
exec java -XX:+UseG1GC -Xms2g -Xmx4g -Dai.djl.offline=true -DOPT_OUT_TRACKING=true ${JAVA_OPTS:-} \
  -cp "benchmarks/target/classes:$(cat benchmarks/target/classpath)" dev.weir.benchmarks.serving.ServingBenchmark \
  "${arguments[@]}" "$@"
