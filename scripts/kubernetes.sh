#!/usr/bin/env bash
# make test-kubernetes: every overlay goes to a real API server by server-side apply, with fields checked strictly and with its
# own admission of pods. kube-apiserver is built from Kubernetes' Go modules (scripts/kubernetes; long on few processors, kept
# in target/kubernetes), etcd is Debian's. Nothing runs the pods: there are no nodes, no controllers and no operators here.
#
# Custom resources (Strimzi, KEDA, the Prometheus operator) are accepted by stand-in definitions without a schema: their fields
# are what make test-deploy holds against the operators' types.
#
# The result goes to deploy/results/kubernetes.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PWD/target/kubernetes
mkdir -p "$work" deploy/results
log() { echo "test-kubernetes: $*" >&2; }
fail() {
  log "$*"
  exit 1
}
result=$work/result.txt
: >"$result"
report() { printf '%s\n' "$*" | tee -a "$result"; }

started=()
data=$(mktemp -d)
cleanup() {
  local rc=$? pid
  set +e
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null; done
  rm -rf "$data"
  exit "$rc"
}
trap cleanup EXIT

if ! command -v etcd >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "no etcd; install it (Debian: apt-get install etcd-server)"
  policy=/usr/sbin/policy-rc.d made=
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1; }
  apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends etcd-server >/dev/null || made=${made}failed
  [ -z "${made#failed}" ] || rm -f "$policy"
  command -v etcd >/dev/null || fail "etcd-server cannot be installed"
fi
command -v openssl >/dev/null || fail "no openssl"
command -v python3 >/dev/null || fail "no python3, which makes a pod of each template"

apiserver=${KUBE_APISERVER:-$work/kube-apiserver}
if [ ! -x "$apiserver" ]; then
  command -v go >/dev/null || fail "no kube-apiserver and no go to build it; name one with KUBE_APISERVER"
  log "building kube-apiserver from its Go modules (10 minutes of processor time)"
  (cd scripts/kubernetes && CGO_ENABLED=0 go build -p "$(nproc)" -trimpath \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(sed -n 's#.*k8s.io/kubernetes \(v[0-9.]*\).*#\1#p' go.mod | head -1)" -o "$apiserver" .)
fi

kubectl=$(command -v kubectl || true)
[ -n "$kubectl" ] && "$kubectl" kustomize k8s/overlays/dev >/dev/null 2>&1 || kubectl=$PWD/deploy/target/tools/kubectl
[ -x "$kubectl" ] || fail "no kubectl of version 1.27 or later; make test-deploy fetches one"

free_port() { # FROM: the first port from there on that nobody listens on
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}
client=$(free_port 23790)
peer=$(free_port $((client + 1)))
secure=$(free_port 16443)
etcd --data-dir "$data/etcd" --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "default=http://127.0.0.1:$peer" >"$work/etcd.log" 2>&1 &
started+=($!)
openssl genrsa -out "$data/accounts.key" 2048 2>/dev/null
token=$(openssl rand -hex 16)
echo "$token,admin,admin,system:masters" >"$data/tokens.csv"
"$apiserver" --etcd-servers "http://127.0.0.1:$client" --bind-address 127.0.0.1 --secure-port "$secure" --cert-dir "$data/certificates" \
  --service-cluster-ip-range 10.96.0.0/16 --token-auth-file "$data/tokens.csv" --authorization-mode RBAC \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$data/accounts.key" \
  --service-account-signing-key-file "$data/accounts.key" --disable-admission-plugins ServiceAccount >"$work/apiserver.log" 2>&1 &
started+=($!)
k() { timeout 120 "$kubectl" --kubeconfig /dev/null --server "https://127.0.0.1:$secure" --insecure-skip-tls-verify --token "$token" "$@"; }
for _ in $(seq 240); do
  [ "$(k get --raw /readyz 2>/dev/null || true)" = ok ] && break
  for pid in "${started[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a server ended: $(tail -3 "$work/apiserver.log" "$work/etcd.log")"; done
  sleep 0.5
done
[ "$(k get --raw /readyz)" = ok ] || fail "the API server does not become ready; see $work/apiserver.log"
version=$(k version 2>/dev/null | sed -n 's/^Server Version: //p')
report "date: $(date -u +%F), commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD 2>/dev/null || echo ' with changes')"
report "kube-apiserver $version, etcd $(etcd --version | sed -n 's/^etcd Version: //p'), $("$kubectl" version --client 2>/dev/null | head -1)"

# The kinds of the operators, without a schema.
while read -r group version kind plural; do
  cat <<YAML
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: $plural.$group, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: $group
  scope: Namespaced
  names: {kind: $kind, plural: $plural}
  versions:
    - {name: $version, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
YAML
done >"$data/kinds.yaml" <<KINDS
kafka.strimzi.io v1 Kafka kafkas
kafka.strimzi.io v1 KafkaNodePool kafkanodepools
kafka.strimzi.io v1 KafkaTopic kafkatopics
kafka.strimzi.io v1 KafkaUser kafkausers
keda.sh v1alpha1 ScaledObject scaledobjects
keda.sh v1alpha1 TriggerAuthentication triggerauthentications
monitoring.coreos.com v1 ServiceMonitor servicemonitors
monitoring.coreos.com v1 PodMonitor podmonitors
monitoring.coreos.com v1 PrometheusRule prometheusrules
KINDS
k apply --server-side -f "$data/kinds.yaml" >/dev/null
k wait --for=condition=Established --timeout=60s crd --all >/dev/null

# What the GPU operator brings.
k apply --server-side -f - >/dev/null <<'YAML'
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: nvidia}
handler: nvidia
YAML

k apply --server-side -f k8s/base/namespace.yaml >/dev/null
for overlay in k8s/overlays/*/; do
  name=$(basename "$overlay")
  "$kubectl" kustomize "$overlay" >"$data/$name.yaml"
  # Another overlay may have been applied before: its fields are taken over. Volumes and selectors cannot change, so they go first.
  k -n weir delete statefulset,deployment,pvc --all --wait=false >/dev/null 2>&1 || true
  k -n weir get pvc -o name | while read -r claim; do k -n weir patch "$claim" --type merge -p '{"metadata":{"finalizers":null}}' >/dev/null; done
  k apply --server-side --force-conflicts --validate=strict -f "$data/$name.yaml" >"$work/$name.log" 2>&1 \
    || { grep -v serverside-applied "$work/$name.log" >&2; fail "the API server refuses overlay $name"; }
  if grep -q '^Warning' "$work/$name.log"; then
    cat "$work/$name.log" >&2
    fail "the API server warns of overlay $name"
  fi
  report "overlay $name: $(grep -c serverside-applied "$work/$name.log") objects applied, no warning"
  # What the controllers would make of them: a pod of each template, which the namespace admits or refuses.
  for workload in $(k -n weir get deployments,statefulsets -o name); do
    k -n weir get "$workload" -o json | POD="$name-${workload##*/}" python3 -c '
import json, os, sys
pod = json.load(sys.stdin)["spec"]["template"]
volumes = pod["spec"].get("volumes", [])
named = {volume["name"] for volume in volumes}
for mount in pod["spec"]["containers"][0].get("volumeMounts", []):
    if mount["name"] not in named:  # of a template of claims
        volumes.append({"name": mount["name"], "persistentVolumeClaim": {"claimName": mount["name"]}})
pod["spec"]["volumes"] = volumes
pod["metadata"]["name"] = os.environ["POD"]
pod["metadata"].pop("creationTimestamp", None)
json.dump({"apiVersion": "v1", "kind": "Pod", **pod}, sys.stdout)' >"$data/pod.json"
    k -n weir create --dry-run=server --validate=strict -f "$data/pod.json" >"$work/pod.log" 2>&1 \
      || { cat "$work/pod.log" >&2; fail "the namespace refuses the pod of $workload in overlay $name"; }
  done
  report "overlay $name: the namespace admits the pods of $(k -n weir get deployments,statefulsets -o name | wc -l) workloads"
done

# And what must be refused is: pods as Strimzi makes them by default, a misspelt field.
cat >"$data/baseline.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: strimzi-default, namespace: weir}
spec:
  securityContext: {fsGroup: 0}
  containers: [{name: kafka, image: kafka}]
YAML
if k create --dry-run=server -f "$data/baseline.yaml" >"$work/refused.log" 2>&1; then
  fail "a pod as Strimzi makes it by default is admitted to the namespace"
fi
grep -q 'violates PodSecurity "restricted' "$work/refused.log" || fail "refused for another reason: $(cat "$work/refused.log")"
if sed 's/readOnlyRootFilesystem/readOnlyRootFileSystem/' "$data/cpu.yaml" | k apply --server-side --force-conflicts --validate=strict --dry-run=server -f - >"$work/misspelt.log" 2>&1; then
  fail "a misspelt field is taken"
fi
grep -q 'readOnlyRootFileSystem' "$work/misspelt.log" || fail "refused for another reason: $(tail -3 "$work/misspelt.log")"
report "refused, as they must be: a pod with Strimzi's default security context, a misspelt field"
cp "$result" deploy/results/kubernetes.txt
log "all held; deploy/results/kubernetes.txt has it"
