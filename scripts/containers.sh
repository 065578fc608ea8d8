#!/usr/bin/env bash
# make test-containers: builds the unchanged docker/Dockerfile, runs the image locked down, brings up the real Compose file
# with its store of files, teaches it 140 labels over HTTP, stops it, and runs integration tests on a Kafka container.
#
# It takes the Docker Engine that answers. Where none does, and this is root on a Debian, it installs docker.io and runs an
# engine of its own, which it ends again. Compose is built from its Go module where the plugin is missing. Images that cannot
# be pulled get stand-ins made of Debian's packages, under the same names; the result says which.
#
#   PARTS="image demo compose testcontainers" scripts/containers.sh
#
# KEEP=1 keeps the engine's images and its builder's cache in target/containers (some GB) for the next run. Docker's interface needs
# no version set: Testcontainers 2.0.5 and Docker Engine 20.10 agree on one.
#
# The result goes to deploy/results/containers.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
here=$PWD
parts=${PARTS:-image demo compose testcontainers}
work=${WEIR_CONTAINERS_DIR:-$here/target/containers}
project=weir-test-containers
compose_version=v2.40.3
image=$(sed -n 's/^  image: \(weir:.*\)$/\1/p' docker-compose.yml)
mkdir -p "$work" deploy/results
log() { echo "test-containers: $*" >&2; }
fail() {
  log "$*"
  exit 1
}
result=$work/result.txt
: >"$result"
report() { printf '%s\n' "$*" | tee -a "$result"; }

own_engine=
socket=
cleanup() {
  local rc=$?
  set +e
  if [ -n "${files:-}" ]; then
    timeout 200 docker compose -p "$project" "${files[@]}" down --volumes --timeout 20 >"$work/down.log" 2>&1
  fi
  [ -z "${demo:-}" ] || timeout 60 docker rm -f -v "$demo" >/dev/null 2>&1
  if [ -n "$own_engine" ]; then
    kill "$own_engine" 2>/dev/null
    for _ in $(seq 60); do kill -0 "$own_engine" 2>/dev/null || break; sleep 0.5; done
    rm -rf "$socket"
    [ -n "${KEEP:-}" ] || rm -rf "$work/engine"
  fi
  exit "$rc"
}
trap cleanup EXIT

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$* missing, and this is not root on a Debian; install $*"
  # Debian asks this file whether a package may start its service.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=1
  fi
  log "installing $*"
  apt-get update -q >"$work/apt.log" 2>&1 || log "apt-get update failed; see $work/apt.log"
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "$@" >>"$work/apt.log" 2>&1 \
    || { [ -z "$made" ] || rm -f "$policy"; fail "apt-get cannot install $*; see $work/apt.log"; }
  [ -z "$made" ] || rm -f "$policy"
}

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || install "$2"
}

engine() {
  [ "$(uname)" = Linux ] || docker info >/dev/null 2>&1 || fail "no Docker Engine answers; start one"
  if docker info >/dev/null 2>&1; then
    log "the Docker Engine that answers is taken"
    return
  fi
  command -v dockerd >/dev/null || install docker.io iptables
  command -v docker >/dev/null || install docker-cli
  [ "$(id -u)" = 0 ] || fail "no Docker Engine answers, and only root can start one"
  mkdir -p "$work/engine"
  local options=() files
  # An engine that may not raise limits must not promise more than this shell has.
  files=$(ulimit -Hn)
  [ "$files" = unlimited ] || options+=(--default-ulimit "nofile=$files:$files")
  # A socket's path must be short.
  socket=$(mktemp -d /tmp/weir-engine.XXXXXX)
  dockerd --data-root "$work/engine/root" --exec-root "$socket/exec" --pidfile "$work/engine/pid" \
    -H "unix://$socket/docker.sock" "${options[@]}" >"$work/dockerd.log" 2>&1 &
  own_engine=$!
  export DOCKER_HOST=unix://$socket/docker.sock
  for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && break
    kill -0 "$own_engine" 2>/dev/null || fail "dockerd ended: $(tail -3 "$work/dockerd.log")"
    sleep 0.5
  done
  docker info >/dev/null 2>&1 || fail "dockerd does not answer; see $work/dockerd.log"
}

compose() {
  local found
  if found=$(docker compose version --short 2>/dev/null); then
    [ "$(printf '%s\n' 2.24.4 "${found#v}" | sort -V | head -1)" = 2.24.4 ] || fail "Compose $found is too old; install 2.24.4 or later"
    return
  fi
  local plugin=$work/docker/cli-plugins/docker-compose
  export DOCKER_CONFIG=$work/docker
  if [ ! -x "$plugin" ]; then
    command -v go >/dev/null || fail "no Compose plugin, and no go to build it; install Docker Compose 2.24.4 or later"
    log "building Compose $compose_version from its Go module (minutes)"
    mkdir -p "$(dirname "$plugin")"
    local module
    module=$(cd "$work" && GOFLAGS=-mod=mod go mod download -json "github.com/docker/compose/v2@$compose_version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -d "$module" ] || fail "Compose's Go module cannot be had; install Docker Compose 2.24.4 or later"
    rm -rf "$work/compose-src"
    cp -r --no-preserve=mode "$module" "$work/compose-src"
    (cd "$work/compose-src" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$compose_version" -o "$plugin" ./cmd)
    rm -rf "$work/compose-src"
  fi
  docker compose version --short >/dev/null || fail "the Compose plugin does not start"
}

standins=()
# Takes the image that is there, else the one of its registry, else a stand-in made by the function that is named.
base() { # NAME FUNCTION
  if docker image inspect "$1" >/dev/null 2>&1; then
    [ "$(docker image inspect -f '{{index .Config.Labels "dev.weir.standin"}}' "$1")" != true ] || standins+=("$1")
    return
  fi
  if [ -z "${NO_PULL:-}" ] && timeout 900 docker pull -q "$1" >"$work/pull.log" 2>&1; then
    log "pulled $1"
    return
  fi
  log "$1 cannot be pulled ($(tail -1 "$work/pull.log" 2>/dev/null | cut -c1-120)); making a stand-in"
  "$2" "$1"
  standins+=("$1")
}

debian() {
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || fail "stand-ins of base images are made on Debian for amd64 only; give this machine a registry"
}

standin_maven() {
  debian
  need mmdebstrap mmdebstrap
  local suite hooks=()
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # What this machine trusts, its builds must trust.
  local store
  for store in /etc/ssl/certs/java/cacerts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -f "$store" ] || hooks+=(--customize-hook="copy-in $store $(dirname "$store")")
  done
  [ -s "$work/maven.tar" ] || {
    mmdebstrap --variant=minbase --include=ca-certificates,ca-certificates-java,openjdk-17-jdk-headless,maven,binutils "${hooks[@]}" \
      "$suite" "$work/maven-new.tar" >"$work/mmdebstrap.log" 2>&1 || fail "mmdebstrap failed; see $work/mmdebstrap.log"
    mv "$work/maven-new.tar" "$work/maven.tar"
  }
  docker import -c 'LABEL dev.weir.standin=true' -c 'ENV LANG=C.UTF-8' "$work/maven.tar" "$1" >/dev/null
}

# The packages of distroless' cc-debian12, and zlib: Debian's Java takes that of the system, Temurin has its own.
standin_distroless() {
  debian
  local root=$work/distroless
  rm -rf "$root" && mkdir -p "$root/debs" "$root/root"
  (cd "$root/debs" && apt-get -q download base-files netbase tzdata libc6 libgcc-s1 libstdc++6 libgomp1 gcc-12-base libssl3 zlib1g >"$work/download.log" 2>&1) \
    || fail "apt-get cannot download the packages of a base image; see $work/download.log"
  local deb
  for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/root"; done
  mkdir -p "$root/root/etc/ssl/certs" "$root/root/home/nonroot"
  cp /etc/ssl/certs/ca-certificates.crt "$root/root/etc/ssl/certs/"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/root/etc/group"
  tar -C "$root/root" --owner=0 --group=0 -cf - . | docker import -c 'LABEL dev.weir.standin=true' -c 'USER 65532' - "$1" >/dev/null
}

standin_kafka() {
  # The Compose plugin builds with BuildKit also where the docker command has no buildx.
  cat >"$work/kafka-standin.yml" <<YAML
name: $project-standin
services:
  kafka:
    image: $1
    build:
      context: $here/scripts/containers/kafka
      args:
        JAVA_IMAGE: $maven_image
        WEIR_IMAGE: $image
      labels:
        dev.weir.standin: "true"
YAML
  docker compose -f "$work/kafka-standin.yml" build >"$work/kafka-standin.log" 2>&1 || fail "the stand-in for $1 does not build; see $work/kafka-standin.log"
}

# A container's control group: its peak of memory and how often the limit was reached, in both versions of the kernel's files.
peak() { # CONTAINER
  local id f
  id=$(docker inspect -f '{{.Id}}' "$1")
  for f in "/sys/fs/cgroup/memory/docker/$id/memory.max_usage_in_bytes" "/sys/fs/cgroup/docker/$id/memory.peak" "/sys/fs/cgroup/system.slice/docker-$id.scope/memory.peak"; do
    if [ -r "$f" ]; then
      echo $(($(cat "$f") >> 20))
      return
    fi
  done
  echo unknown
}
limit_hits() { # CONTAINER
  local id f
  id=$(docker inspect -f '{{.Id}}' "$1")
  f=/sys/fs/cgroup/memory/docker/$id/memory.failcnt
  if [ -r "$f" ]; then
    cat "$f"
    return
  fi
  for f in "/sys/fs/cgroup/docker/$id/memory.events" "/sys/fs/cgroup/system.slice/docker-$id.scope/memory.events"; do
    if [ -r "$f" ]; then
      sed -n 's/^max //p' "$f"
      return
    fi
  done
  echo unknown
}

locked=(--read-only --tmpfs /tmp:rw,exec,nosuid,nodev,size=256m,mode=1777 --cap-drop ALL --security-opt no-new-privileges:true)
run() { timeout 120 docker run --rm --memory 1g "${locked[@]}" "$@"; }

part_image() {
  local started=$SECONDS
  log "building $image from docker/Dockerfile"
  # Compose's own builder, for the service whose build section is that of all.
  docker compose -p "$project" --progress plain build curation 2>&1 | tee "$work/build.log" | grep -E -i 'transferring context|Building Weir|BUILD|classes.jsa|no archive|ERROR' >&2 || true
  docker image inspect "$image" >/dev/null 2>&1 || fail "the image does not build; see $work/build.log"
  report "image: built from docker/Dockerfile in $((SECONDS - started)) s, $(($(docker image inspect -f '{{.Size}}' "$image") / 1000000)) MB, context $(sed -n 's/.*transferring context: \([0-9.]*[kM]*B\).*/\1/p' "$work/build.log" | tail -1)"
}

check_image() {
  run --entrypoint /opt/java/bin/java "$image" -XX:+UseG1GC -XshowSettings:properties -version >"$work/java.txt" 2>&1
  report "image: $(sed -n 's/^    java.runtime.version = /Java /p' "$work/java.txt"), $(sed -n 's/^    sun.jnu.encoding = /file names in /p' "$work/java.txt")"
  grep -q 'sun.jnu.encoding = UTF-8' "$work/java.txt" || fail "the image's Java takes file names as $(grep jnu "$work/java.txt")"
  # Kerberos: the login module that Kafka's clients name, and the mechanism.
  local module
  run --entrypoint /opt/java/bin/java "$image" --list-modules >"$work/modules.txt"
  for module in jdk.security.auth jdk.security.jgss; do
    grep -q "^$module" "$work/modules.txt" || fail "the image's Java has no $module"
  done
  # Arguments after the entry point, whose options say that the archive of classes is used where it fits.
  local command
  mapfile -t command < <(docker image inspect -f '{{range .Config.Entrypoint}}{{println .}}{{end}}' "$image" | sed '/^$/d')
  run --entrypoint "${command[0]}" "$image" -Xlog:class+load "${command[@]:1}" settings >"$work/classes.txt" 2>&1
  local archived all
  archived=$(grep -c 'source: shared objects file (top)' "$work/classes.txt" || true)
  all=$(grep -c ' source: ' "$work/classes.txt" || true)
  report "image: of the $all classes that 'settings' loads, $archived come from the archive of classes"
  [ "$archived" -gt 500 ] || fail "the archive of classes is not used: $archived classes of $all"
}

part_demo() {
  local name=$project-demo started=$SECONDS peak_mib=0 now rc
  docker rm -f -v "$name" >/dev/null 2>&1 || true
  demo=$name
  docker run -d --name "$name" --memory 6g "${locked[@]}" -v /data -v /cache "$image" demo --once --data-dir /data/demo >/dev/null
  while [ "$(docker inspect -f '{{.State.Running}}' "$name")" = true ]; do
    [ $((SECONDS - started)) -lt "${DEMO_LIMIT:-1500}" ] || { docker logs --tail 20 "$name"; fail "the demo did not end in time"; }
    now=$(peak "$name" 2>/dev/null || true)
    case $now in *[!0-9]* | '') ;; *) peak_mib=$now ;; esac
    sleep 2
  done
  rc=$(docker inspect -f '{{.State.ExitCode}}' "$name")
  docker logs "$name" >"$work/demo.log" 2>&1
  report "demo --once: memory 6 GiB, root read-only, no capabilities: exit code $rc after $((SECONDS - started)) s, peak $peak_mib MiB; $(grep -E '^accuracy' "$work/demo.log" | tail -1)"
  [ "$rc" = 0 ] || { tail -20 "$work/demo.log" >&2; fail "demo --once ended with $rc"; }
  [ "$(docker inspect -f '{{.State.OOMKilled}}' "$name")" = false ] || fail "demo --once ran out of memory"
  docker rm -f -v "$name" >/dev/null
  demo=
}

taken() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

part_compose() {
  local started=$SECONDS services=(kafka curation trainer inference) port=8080 each container i
  files=(-f docker-compose.yml -f docker-compose.files.yml)
  if taken 8080 || taken 9092; then
    # Another process has the ports: others on the host's side, all else as the files say.
    port=18580
    cat >"$work/ports.yml" <<YAML
services:
  kafka:
    ports: !override ["127.0.0.1:19592:9092"]
  inference:
    ports: !override ["127.0.0.1:18580:8080"]
YAML
    files+=(-f "$work/ports.yml")
    report "compose: ports 8080 or 9092 are taken here, so 18580 and 19592 were published instead"
  fi
  docker compose -p "$project" "${files[@]}" up -d --wait --wait-timeout 600 "${services[@]}" >"$work/up.log" 2>&1 \
    || { tail -20 "$work/up.log" >&2; docker compose -p "$project" "${files[@]}" logs --tail 15 >&2; fail "docker compose up did not become healthy"; }
  for each in "${services[@]}"; do
    container=$(docker compose -p "$project" "${files[@]}" ps -q "$each")
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$container")" = healthy ] || fail "$each is not healthy"
  done
  report "compose: ${services[*]} healthy after $((SECONDS - started)) s (docker-compose.yml with docker-compose.files.yml)"
  started=$SECONDS
  local url=http://127.0.0.1:$port text label status
  for i in $(seq 140); do
    if [ $((i % 2)) = 0 ]; then
      label=positive text="Visit $i: the soup was delicious and everybody was charming."
    else
      label=negative text="Visit $i: cold food, a dirty table and a rude host."
    fi
    status=$(curl -sS -m 20 -o "$work/feedback.json" -w '%{http_code}' -H 'Content-Type: application/json' \
      -d "{\"reviewId\":\"c$i\",\"text\":\"$text\",\"label\":\"$label\",\"source\":\"test-containers\"}" "$url/v1/feedback")
    [ "$status" = 202 ] || fail "feedback $i was answered with $status: $(cat "$work/feedback.json")"
  done
  local answer=
  while :; do
    answer=$(curl -sS -m 60 -H 'Content-Type: application/json' -d '{"text":"The soup was delicious, what a treat!"}' "$url/v1/classify" || true)
    case $answer in *'"abstained":false'*) break ;; esac
    [ $((SECONDS - started)) -lt 900 ] || fail "no adapter answers after 15 minutes: $answer"
    sleep 2
  done
  report "compose: 140 labels over HTTP, learned and served $((SECONDS - started)) s after the first one: $(echo "$answer" | grep -o '"label":"[a-z]*"\|"version":[0-9]*' | tr '\n' ' ')"
  case $answer in *'"label":"positive"'*) ;; *) fail "the answer is not what was taught: $answer" ;; esac
  # The trainer goes on with a LoRA training; its peak is in the middle of that.
  local seen= trainer
  trainer=$(docker compose -p "$project" "${files[@]}" ps -q trainer)
  for i in $(seq 150); do
    seen=$(docker logs "$trainer" 2>&1 | grep -i -m1 'lora.*\(PROMOTED\|RETAINED\)\|\(PROMOTED\|RETAINED\).*lora' || true)
    [ -z "$seen" ] || break
    sleep 2
  done
  report "compose: a LoRA training was decided while memory was watched: $([ -n "$seen" ] && echo yes || echo "no, not within 300 s")"
  local lines=()
  for each in "${services[@]}"; do
    container=$(docker compose -p "$project" "${files[@]}" ps -q "$each")
    report "compose: $each: peak $(peak "$container") MiB of $(($(docker inspect -f '{{.HostConfig.Memory}}' "$container") >> 20)), limit reached $(limit_hits "$container") times, restarts $(docker inspect -f '{{.RestartCount}}' "$container")"
    lines+=("$(limit_hits "$container")")
    [ "$(docker inspect -f '{{.RestartCount}}' "$container")" = 0 ] || fail "$each was restarted"
    [ "$(docker inspect -f '{{.State.OOMKilled}}' "$container")" = false ] || fail "$each ran out of memory"
  done
  for i in "${lines[@]}"; do [ "$i" = 0 ] || [ "$i" = unknown ] || fail "a limit of memory was reached $i times"; done
  started=$SECONDS
  docker compose -p "$project" "${files[@]}" logs --no-color >"$work/compose.log" 2>&1
  docker compose -p "$project" "${files[@]}" stop curation trainer inference >"$work/stop.log" 2>&1
  local codes=
  for each in curation trainer inference; do
    container=$(docker compose -p "$project" "${files[@]}" ps -a -q "$each")
    codes+=" $each $(docker inspect -f '{{.State.ExitCode}}' "$container")"
  done
  report "compose: stop: exit codes$codes, after $((SECONDS - started)) s"
  [ "$codes" = " curation 0 trainer 0 inference 0" ] || fail "a service did not stop with 0"
  docker compose -p "$project" "${files[@]}" down --volumes --timeout 30 >"$work/down.log" 2>&1
  files=()
}

part_testcontainers() {
  local started=$SECONDS since tests='dev/weir/testing/**/*IT,dev/weir/curation/**/*IT' created
  since=$(date +%s)
  # Ryuk, which tidies up after a JVM that was killed, is an image of a registry. So is the one that Testcontainers asks for the
  # host's address where this machine looks like a container (/.dockerenv); published ports are on this machine's own loopback.
  # shellcheck disable=SC2086 # several words in MVN are wanted
  TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1 ${MVN:-mvn -B -ntp} -pl services/curation -am verify -Dspotless.check.skip \
    -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dweir.it.forks=1 -Dit.test="${TESTCONTAINERS_TESTS:-$tests}" -Dfailsafe.failIfNoSpecifiedTests=false \
    >"$work/testcontainers.log" 2>&1 \
    || { grep -E 'ERROR|Tests run' "$work/testcontainers.log" | head -20 >&2; fail "integration tests on a Kafka container failed; see $work/testcontainers.log"; }
  created=$(timeout 20 docker events --since "$since" --until "$(date +%s)" --filter type=container --filter event=start --filter "image=$kafka_native" --format x | wc -l)
  report "testcontainers: $(awk -F'[:,]' '/Tests run:.*Time/ { n += $2 } END { print n + 0 }' "$work/testcontainers.log") integration tests on $created Kafka containers in $((SECONDS - started)) s"
  [ "$created" -ge 1 ] || fail "no Kafka container was started: the tests ran on the embedded broker"
}

need curl curl
engine
compose
maven_image=$(sed -n 's/^FROM \(maven:[^ ]*\).*/\1/p' docker/Dockerfile | head -1)
distroless_image=$(sed -n 's/^FROM \(gcr.io[^ ]*\).*/\1/p' docker/Dockerfile | head -1)
kafka_image=$(sed -n 's/^    image: \(apache\/kafka:.*\)$/\1/p' docker-compose.yml)
kafka_native=$(sed -n 's/.*DockerImageName.parse("\(.*\)").*/\1/p' testing/src/main/java/dev/weir/testing/SharedBroker.java)
report "date: $(date -u +%F), commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD 2>/dev/null || echo ' with changes')"
report "engine: Docker Engine $(docker version -f '{{.Server.Version}}'), Compose $(docker compose version --short), $(uname -m), $(nproc) processors"
base "$maven_image" standin_maven
base "$distroless_image" standin_distroless
for part in $parts; do
  case $part in
    image)
      part_image
      check_image
      ;;
    demo) part_demo ;;
    compose)
      base "$kafka_image" standin_kafka
      part_compose
      ;;
    testcontainers)
      base "$kafka_native" standin_kafka
      part_testcontainers
      ;;
    *) fail "no part named $part" ;;
  esac
done
report "stand-ins for images that could not be pulled: ${standins[*]:-none}"
cp "$result" "${RESULT:-deploy/results/containers.txt}"
log "all held; ${RESULT:-deploy/results/containers.txt} has it"
