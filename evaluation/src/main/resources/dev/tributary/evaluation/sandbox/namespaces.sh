# Runs in new namespaces (mounts, processes, network, IPC, host name), before a program that nobody has read.
# Arguments: SOURCE folder, SIZE of the program's own disk in bytes, UID that it runs as ('own': this user's, which has no rights outside of its namespace), then the command.
set -eu
source=$1 size=$2 uid=$3
shift 3

# Nothing that is mounted can be written to. What a mount must not lose stays on it.
mount --make-rprivate /
while read -r _ _ _ _ point options _; do
  case $point in /proc | /proc/*) continue ;; esac
  case $point in *\\*) point=$(printf '%b' "$(printf '%s' "$point" | sed 's/\\/\\0/g')") ;; esac
  [ -e "$point" ] || continue
  keep=
  case ,$options, in *,nosuid,*) keep=$keep,nosuid ;; esac
  case ,$options, in *,nodev,*) keep=$keep,nodev ;; esac
  case ,$options, in *,noexec,*) keep=$keep,noexec ;; esac
  case ,$options, in *,noatime,*) keep=$keep,noatime ;; *,relatime,*) keep=$keep,relatime ;; esac
  mount -o "remount,bind,ro$keep" "$point" || { echo "cannot make $point read-only" >&2; exit 96; }
done < /proc/self/mountinfo

# One disk of its own, in memory and bounded; it goes with the last process.
owner=
[ "$uid" = own ] || owner=,uid=$uid,gid=$uid
mount -t tmpfs -o "size=$size,mode=0700,nosuid,nodev$owner" tmpfs /dev/shm
cp -R "$source/." /dev/shm/
[ "$uid" = own ] || chown -R "$uid:$uid" /dev/shm
mount --bind /dev/shm /tmp
mount -t proc -o ro,nosuid,nodev,noexec proc /proc
cd /tmp

# Not exec: this shell is the namespace's first process, whose death ends all others, and which signals from inside do not reach.
status=0
if [ "$uid" = own ]; then
  setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@" || status=$?
else
  setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@" || status=$?
fi
exit $status
