#!/bin/sh
# Gives each host of a list its certificate, in the manner of an Ansible run: it
# can be run at any time and again, changes what has to change, and says what it
# changed. Run it in the estate's directory on the issuing machine, from a timer
# too: it renews what is due.
#
#   provision.sh hosts.txt
#
# Issuer keys and the store stay here. A host gets its own key and certificate,
# or, when it made its key itself, the certificate alone.
set -eu
umask 077

[ $# -eq 1 ] || { echo "usage: provision.sh HOSTS-FILE" >&2; exit 2; }
hosts=${HOSTS:-/srv/hosts}
failed=0

# How files travel. Here a host is a folder below $HOSTS. Over ssh they are
#   get: scp "root@$1:$2" "$3"
#   has: ssh "root@$1" "cat $2" </dev/null | cmp -s - "$3"
#   put: scp "$3" "root@$1:$2.new"
#   swap: ssh "root@$1" "cd $aws && mv chain.pem.new chain.pem && mv ..."
aws=/etc/workload/aws
get() { cp "$hosts/$1$2" "$3"; }
has() { cmp -s "$hosts/$1$2" "$3"; }
put() { cp "$3" "$hosts/$1$2.new"; }
# swap HOST FILE...: gives the files their names, with nothing in between.
swap() {
	(cd "$hosts/$1$aws" && shift && for file; do mv "$file.new" "$file"; done)
}

# made_here NAME HOST: issues once, renews when it is due, pushes what was not
# pushed. A host that was set up anew has lost its files, and they are owed again.
made_here() {
	[ -e "out/$1/cert.pem" ] || anchorctl issue "$1" >/dev/null || return 1
	has "$2" $aws/cert.pem "out/$1/cert.pem" || rm -f "out/$1/.pushed"
	HOST=$2 anchorctl renew "$1" --exec "'$0' --push" || return 1
}

# made_on_host NAME HOST: certifies the host's request. The same request gets the
# same certificate until two thirds of its life are over.
made_on_host() {
	mkdir -p requests
	get "$2" $aws/request.pem "requests/$2.pem" || return 1
	anchorctl issue "$1" --csr "requests/$2.pem" >/dev/null || return 1
	if has "$2" $aws/cert.pem "out/$1/cert.pem"; then
		echo "$1: nothing to do"
		return 0
	fi
	put "$2" $aws/chain.pem "out/$1/chain.pem" && put "$2" $aws/cert.pem "out/$1/cert.pem" || return 1
	swap "$2" chain.pem cert.pem || return 1
	echo "$1: pushed its certificate"
}

# renew runs this script with --push for a set of files that has to go out.
if [ "$1" = --push ]; then
	put "$HOST" $aws/chain.pem "$ANCHORCTL_CHAIN_FILE"
	put "$HOST" $aws/cert.pem "$ANCHORCTL_CERTIFICATE_FILE"
	put "$HOST" $aws/key.pem "$ANCHORCTL_KEY_FILE"
	swap "$HOST" chain.pem cert.pem key.pem
	exit
fi

# One host that is down does not keep the others from their certificates.
while read -r name host where; do
	case $name in '' | '#'*) continue ;; esac
	case $where in
	here) made_here "$name" "$host" </dev/null || failed=$((failed + 1)) ;;
	on-host) made_on_host "$name" "$host" </dev/null || failed=$((failed + 1)) ;;
	*) echo "provision.sh: $name: its key is made \"here\" or \"on-host\", not \"$where\"" >&2; failed=$((failed + 1)) ;;
	esac
done <"$1"
[ "$failed" -eq 0 ] || { echo "provision.sh: $failed failed; run it again" >&2; exit 1; }
