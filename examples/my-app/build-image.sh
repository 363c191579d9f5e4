#!/bin/sh
# Builds my-image, a small web server, as a docker-archive: no registry, no docker, only a static busybox.
# Usage: [PROGRAMS="curl ..."] build-image.sh [OUTPUT.tar] [NAME[:TAG]]    with programs of this machine beside busybox's
set -eu

output=${1:-my-image.tar}
name=${2:-my-image}
case $name in *:*) ;; *) name=$name:latest ;; esac
busybox=${BUSYBOX:-$(command -v busybox || true)}
if [ -z "$busybox" ]; then
    echo "build-image.sh: needs busybox; on Debian: apt-get install busybox-static" >&2
    exit 1
fi

case $(uname -m) in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) architecture=$(uname -m) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/www" "$work/root/tmp" "$work/root/root" "$work/image"
chmod 1777 "$work/root/tmp"
cp "$busybox" "$work/root/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
done
# Name look-ups need a C library, which a static busybox has no use for: getent brings one.
for program in getent ${PROGRAMS:-}; do
    path=$(command -v "$program")
    cp --remove-destination "$path" "$work/root/bin/$program"
    ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$work/root$(dirname "$library")"
        cp -L "$library" "$work/root$library"
    done
done
echo 'root:x:0:0:root:/root:/bin/sh' > "$work/root/etc/passwd"
echo 'root:x:0:' > "$work/root/etc/group"

cat > "$work/root/bin/serve" <<'SERVE'
#!/bin/sh
# As process 1 a shell gets only the signals it asks for; without the trap, stopping would take the whole grace period.
echo "SOME_ENV=$SOME_ENV from $(hostname)" > /www/index.html
trap 'kill "$server"; exit 0' TERM INT
httpd -f -v -p "${PORT:-8080}" -h /www &
server=$!
echo "serving on port ${PORT:-8080}"
wait "$server"
SERVE
chmod 755 "$work/root/bin/serve"

# Sorted, owned by root and without times: the same input gives the same image.
tar -C "$work/root" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$work/image/layer.tar" .
layer=$(sha256sum "$work/image/layer.tar" | cut -d' ' -f1)
cat > "$work/config.json" <<CONFIG
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"Entrypoint":["/bin/serve"],"Env":["PATH=/bin","SOME_ENV=unset"],"ExposedPorts":{"8080/tcp":{}}},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"build-image.sh"}]}
CONFIG
config=$(sha256sum "$work/config.json" | cut -d' ' -f1).json
mv "$work/config.json" "$work/image/$config"
echo "[{\"Config\":\"$config\",\"RepoTags\":[\"$name\"],\"Layers\":[\"layer.tar\"]}]" > "$work/image/manifest.json"
tar -C "$work/image" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$output" .
echo "$output: $name"
