#!/bin/sh
# Make an initial ramdisk that boots into `inside.py`: Debian's Python, lamb and what it imports.
# usage: image.sh OUTPUT SITE_PACKAGES SOURCE_TREE
set -eu
output=$1 site=$2 source=$3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib" "$root/etc" "$root/lamb" "$root/site" "$root/proc" \
  "$root/sys" "$root/dev" "$root/tmp" "$root/root"
cp /bin/busybox "$root/bin/busybox"
for name in sh mount mkdir cp switch_root poweroff cat; do ln -s busybox "$root/bin/$name"; done
cp /usr/bin/python3.11 "$root/usr/bin/"
cp -r /usr/lib/python3.11 "$root/usr/lib/"
rm -rf "$root/usr/lib/python3.11/test" "$root/usr/lib/python3.11/config-3.11-x86_64-linux-gnu"
cp -r "$site/." "$root/site/"
cp -r "$source/lamb" "$source/migrations" "$source/completions" "$root/lamb/"
cp "$source/tests/vm/inside.py" "$root/inside.py"
# Copies are younger than their bytecode, and nothing in the machine writes any: without this it would compile
# all that it imports at every start, a minute each.
/usr/bin/python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
  "$root/usr/lib/python3.11" "$root/lamb" "$root/site" >/dev/null || true # some files are for other Pythons
# The shared libraries that any of it needs, at their own places.
find "$root" -type f \( -name '*.so*' -o -path '*/usr/bin/python3.11' \) -exec ldd {} \; 2>/dev/null |
  grep -o '/[^ ]*' | sort -u | while read -r library; do
    [ -f "$library" ] && mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"
  done
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
cat >"$root/init" <<'INIT'
#!/bin/sh
# The first root cannot be pivoted away from: move to one that can.
mkdir -p /new && mount -t tmpfs -o size=1500m new /new
for entry in bin usr lib lib64 etc lamb site root inside.py; do [ -e /$entry ] && cp -a /$entry /new/; done
mkdir -p /new/proc /new/sys /new/dev /new/tmp
mount -t proc proc /new/proc && mount -t sysfs sys /new/sys && mount -t devtmpfs dev /new/dev
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
exec switch_root /new /usr/bin/python3.11 /inside.py
INIT
chmod 755 "$root/init"
chmod -R a+rX "$root"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$output"
