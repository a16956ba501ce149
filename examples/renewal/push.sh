#!/bin/sh
# Brings the files of one workload to the folder of its host. anchorctl renew
# runs it, with the files' names in its environment, and again in the next run
# when it fails. Nothing but the workload's own files leaves the issuing machine.
#
# Here, a host is a folder below $HOSTS, such as a mounted share. Over ssh, the
# same is: copy to the names ending in .new, then rename on the host.
set -eu
umask 077

name=$ANCHORCTL_WORKLOAD${ANCHORCTL_INSTANCE:+@$ANCHORCTL_INSTANCE}
to=${HOSTS:-/srv/hosts}/$ANCHORCTL_ENVIRONMENT/$name
mkdir -p "$to"

# Copied whole under other names first: what a reader can find between the two
# last renames, it finds for as long as a rename takes.
if [ -n "$ANCHORCTL_CHAIN_FILE" ]; then # a batch has it elsewhere
	cp "$ANCHORCTL_CHAIN_FILE" "$to/chain.pem.new"
	mv "$to/chain.pem.new" "$to/chain.pem"
fi
cp "$ANCHORCTL_CERTIFICATE_FILE" "$to/cert.pem.new"
cp "$ANCHORCTL_KEY_FILE" "$to/key.pem.new"
mv "$to/cert.pem.new" "$to/cert.pem" && mv "$to/key.pem.new" "$to/key.pem"
echo "pushed $ANCHORCTL_ENVIRONMENT/$name, serial $ANCHORCTL_SERIAL, valid until $ANCHORCTL_NOT_AFTER" >&2
