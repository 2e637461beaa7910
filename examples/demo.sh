#!/usr/bin/env bash
# The main job of lamb, command by command, in a home that is made here and thrown away. `make demo` runs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

export LAMB_HOME="$PWD/.lamb-demo"
stop() { lamb daemon stop >/dev/null 2>&1 || true; }
finish() {
  local verdict=$?
  [ "$verdict" -eq 0 ] || tail -n 40 "$LAMB_HOME/run/daemon.log" >&2 || true
  stop
}
trap finish EXIT
stop
rm -rf "$LAMB_HOME"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { # print a command as one would type it, then run it
  printf '$'
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./:=,@-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\n'
  "$@"
}
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n# %s\n' "$*"; }

say 'A function from a file. The first command starts the daemon.'
run lamb create hello --file examples/hello/hello.py --memory 256 -E GREETING=Hello

say 'The first invocation starts an environment: it is cold.'
run lamb invoke hello -v -e '{"name": "lamb"}'

say 'The second one finds it: warm. The counter in the module has lived on.'
run lamb invoke hello -v -e '{"name": "lamb"}'

say 'A version is a copy that nobody can change; an alias is a name for one.'
run lamb publish hello --description 'says Hello'
run lamb alias create hello live --version 1

say 'An update, published as version 2.'
run lamb update hello --file examples/welcome/hello.py --publish
run lamb versions hello

say 'Half of the traffic goes to version 2.'
run lamb alias update hello live --weight 2=0.5
for draw in 1 2 3 4 5 6; do run lamb invoke hello:live -v --seed "$draw" -e '{"name": "lamb"}'; done

say 'All of it; and back again.'
run lamb alias update hello live --version 2 --no-weight
run lamb rollback hello live
run lamb invoke hello:live -v -e '{"name": "lamb"}'

say 'What it writes: while it runs, and afterwards.'
run lamb invoke hello --log -e '{"name": "lamb"}'
run lamb logs hello --since 10m --grep REPORT

say "That was lamb $(lamb --version | cut -d' ' -f2). The home of this demo is .lamb-demo; \`make clean\` removes it."
