#!/bin/sh
# The quickstart: from one file to credentials for three environments, in a
# local sandbox of AWS. Needs the program and nothing else.
#
#   examples/quickstart/run.sh PROGRAM DIRECTORY
#
# It makes DIRECTORY anew and leaves it for you to play with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
play=$2

# An earlier quickstart is taken away whole: its directory, and the secret that
# its init put outside of it. Any other directory is left alone.
if [ -e "$play" ]; then
	if [ ! -f "$play/.quickstart" ]; then
		echo "quickstart: $play is there and was not made by the quickstart; move it away" >&2
		exit 1
	fi
	secret=$(cat "$play/.quickstart")
	[ -z "$secret" ] || rm -rf "$secret"
	rm -rf "$play"
fi
mkdir -p "$play/policies"
: >"$play/.quickstart"
cp "$here/anchorctl.yaml" "$here/seed.yaml" "$play/"
cp "$here/policies/backup.json" "$play/policies/"
cd "$play"

# What the sandbox makes secret here and init does not know of. init adds its
# own lines below these.
printf '%s\n' '/root-passphrase' '/sandbox.json*' '/cache/' >.gitignore

"$program" sandbox exec --seed seed.yaml --state sandbox.json -- "$here/story.sh" "$program"
