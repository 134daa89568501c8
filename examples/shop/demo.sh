#!/bin/bash
# `make demo`: the shop as a pod, from its files to its end, on this machine.
# Needs bin/dce, a Docker engine and its client; leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")"

PATH=$PWD/../../bin:$PATH
export MAKEFLAGS=--no-print-directory
pod=local.shop-qa
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state # the demo's pod is not among yours
bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

clean_up() {
	dce devcluster stop >"$work/devcluster.log" 2>&1 || true
	dce down --local "$pod" --volumes >"$work/down.log" 2>&1 || true
	remove_images
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { printf '\n%s== %s%s\n\n' "$bold" "$1" "$plain"; }

# type shows a command as if it were typed, and runs it.
type_and_run() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	eval "$*"
}

# get is curl, where there is none.
get() {
	local authority=${1#http://}
	local host=${authority%%/*} path=/${authority#*/}
	exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
	printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$host" >&3
	sed '1,/^\r*$/d' <&3
	exec 3>&-
}

# Images that were here before stay; those that the demo builds go.
images='dce/infra:1 shop/cache:1.4.2 shop/migrate:1.4.2 shop/shipper:1.4.2 shop/web:1.4.2'
for image in $images; do
	docker image inspect "$image" >"$work/image" 2>&1 || echo "$image" >>"$work/built"
done
remove_images() {
	[ ! -e "$work/built" ] || xargs docker image rm <"$work/built" >"$work/rmi.log" 2>&1 || true
}

# service cuts one service out of a rendered pod; hashes are shortened.
service() { sed -E 's/(hash: .{8}).*/\1.../' | awk -v s="  $1:" '$0 == s {on=1; print; next} on && /^ ? ?[^ ]/ {exit} on'; }

processes() {
	for file in /proc/[0-9]*/cmdline; do
		{ tr "\0" " " <"$file"; } 2>/dev/null && echo
	done | grep -c "^[^ ]*dce .*$pod"
}

containers() { docker ps --all --filter "label=dce.pod=$pod" "$@"; }

step 'The pod that an agent would run, in two environments: qa and prod'
printf '%s$ dce render --env qa                               $ dce render --env prod%s\n' "$bold" "$plain"
dce render --env qa | service web >"$work/qa"
dce render --env prod | service web >"$work/prod"
diff --side-by-side --expand-tabs --width=104 "$work/qa" "$work/prod" || true
printf '\n%s$ dce render --env qa --ports                       $ dce render --env prod --ports%s\n' "$bold" "$plain"
dce render --env qa --ports >"$work/qa"
dce render --env prod --ports >"$work/prod"
diff --side-by-side --expand-tabs --width=104 "$work/qa" "$work/prod" || true

step 'The same pod on this machine: static binaries on FROM scratch, no registry'
type_and_run make
type_and_run dce up --local --env qa --build --detach

step 'What runs, and which ports it has here'
type_and_run dce ps --local --env qa

step 'It answers; web has found its cache under the name that the compose file says'
port=$(docker port "$(containers --quiet --filter label=com.docker.compose.service=infra)" 8080/tcp | sed -n '1s/.*://p')
type_and_run get "http://127.0.0.1:$port/"
type_and_run get "http://127.0.0.1:$port/products/1"

step 'One network namespace for all of them'
for id in $(containers --quiet --filter status=running); do
	docker inspect --format '{{.State.Pid}} {{index .Config.Labels "com.docker.compose.service"}}' "$id"
done | sort -k 2 | while read -r pid name; do
	printf '%-8s pid %-8s %s\n' "$name" "$pid" "$(readlink "/proc/$pid/ns/net" || echo 'on another machine')"
done

step 'One parent cgroup, with the limits of the environment'
infra=$(containers --quiet --filter label=com.docker.compose.service=infra)
parent=$(docker inspect --format '{{.HostConfig.CgroupParent}}' "$infra")
echo "cgroup parent $parent"
for limit in memory/$parent/memory.limit_in_bytes cpu/$parent/cpu.shares cpu/$parent/cpu.cfs_quota_us $parent/memory.max $parent/cpu.max; do
	file=$(echo "/sys/fs/cgroup/$limit" | tr -s /)
	[ ! -r "$file" ] || printf '%-60s %s\n' "$file" "$(cat "$file")"
done

step 'Its labels, by which dce, operators and the clean-up of agents find it'
docker inspect --format '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{"\n"}}{{end}}' "$infra" | grep -E '^(taskId|executorId|dce\.)' | cut -c 1-80

step 'One container is killed: the whole pod goes'
since=$(date +%s)
type_and_run docker kill "$(containers --format '{{.Names}}' --filter label=com.docker.compose.service=cache)"
for _ in $(seq 100); do
	[ -n "$(containers --quiet)" ] || break
	sleep 0.1
done
echo
docker events --since "$since" --until "$(($(date +%s) + 1))" --filter "label=dce.pod=$pod" --filter event=die \
	--format '{{.TimeNano}} {{index .Actor.Attributes "com.docker.compose.service"}} {{.Actor.Attributes.exitCode}}' |
	awk 'NR == 1 { first = $1 } { printf "%6.0f ms  %-8s ended with exit code %s\n", ($1 - first) / 1e6, $2, $3 }'

step 'Why'
type_and_run dce ps --local --env qa

step 'The same files on a cluster: a Marathon and an agent to try with, on this machine'
type_and_run dce down --local --env qa --volumes
type_and_run dce devcluster start --addr 127.0.0.1:0
sed "/^  qa:/a\\    app: {images: trust}\\n    target: {urls: [$(dce devcluster status --quiet)], executor: {path: $(command -v dce)}}" dce.yaml >"$work/dce.yaml"
export DCE_CONFIG=$work/dce.yaml
printf '\ndce.yaml says where qa is:\n\n'
grep -A 3 '^  qa:' "$work/dce.yaml"
echo
type_and_run "dce deploy --env qa --message 'release 1.4.2'"
type_and_run dce status --env qa

step 'A release with an image that nobody has: dce says why, and goes back'
type_and_run "dce deploy --env qa --image web=shop/web:9.9 --message 'release 9.9'" || echo "(exit code $?)"
type_and_run dce history --env qa
type_and_run "dce logs --env qa --tail 2 web"
type_and_run dce stop --env qa --yes
type_and_run dce devcluster stop
unset DCE_CONFIG

step 'Nothing is left'
remove_images
echo "containers  $(containers --quiet | wc -l)"
echo "volumes     $(docker volume ls --quiet --filter "label=dce.pod=$pod" | wc -l)"
echo "networks    $(docker network ls --quiet --filter "label=dce.pod=$pod" | wc -l)"
echo "cgroups     $(find /sys/fs/cgroup -type d -path "*$parent" 2>/dev/null | wc -l)"
echo "processes   $(processes)"
echo "files       $(find "$XDG_STATE_HOME" /run/dce -name "*shop-qa*" 2>/dev/null | wc -l)"
echo
echo "Now: dce --help, docs/tutorial.md, and your own compose files."
