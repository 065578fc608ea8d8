#!/bin/sh
# Runs a command as a container of the image runs it: a root of its own that is read-only, /tmp a tmpfs with exec, the
# volumes named, no rights, user 65532. To be started by `unshare --mount`, as root.
#   container.sh ROOT JAVA LIB [SOURCE:TARGET:rw|ro]... -- COMMAND...
set -eu
root=$1 java=$2 lib=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
bind() { # SOURCE TARGET rw|ro
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  mount -o "remount,bind,nosuid,nodev,$3" "$root$2"
}
# Libraries of the host stand in for those of the base image.
bind /usr /usr ro
for link in bin sbin lib lib64; do
  if [ -L "/$link" ]; then ln -s "$(readlink "/$link")" "$root/$link"; elif [ -d "/$link" ]; then bind "/$link" "/$link" ro; fi
done
mkdir -p "$root/etc" "$root/proc" "$root/dev" "$root/sys"
for file in ld.so.cache ssl; do
  [ -d "/etc/$file" ] && bind "/etc/$file" "/etc/$file" ro
  [ -f "/etc/$file" ] && cp "/etc/$file" "$root/etc/$file"
done
echo "127.0.0.1 localhost $(hostname)" >"$root/etc/hosts"
echo "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin" >"$root/etc/passwd"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
# The JVM reads its control group's limits here.
mount --rbind /sys "$root/sys"
bind "$java" /opt/java ro
bind "$lib" /opt/weir/lib ro
# The option file that the image's build makes.
printf -- '-cp "%s"' "$(for jar in "$lib"/*.jar; do printf '/opt/weir/lib/%s:' "${jar##*/}"; done)" >"$root/opt/weir/class-path"
mkdir -p "$root/tmp" "$root/data" "$root/cache"
tmp=
while [ "$1" != "--" ]; do
  source=${1%%:*}
  rest=${1#*:}
  bind "$source" "${rest%:*}" "${rest##*:}"
  [ "${rest%:*}" = /tmp ] && tmp=given
  shift
done
shift
[ -n "$tmp" ] || mount -t tmpfs -o rw,exec,nosuid,nodev,size=256m,mode=1777 tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot "$root" /usr/bin/setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
