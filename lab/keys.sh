#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The keys of the lab, made once: build/keys/NAME.key and NAME.pem (the
# certificate; NAME.der too). They lie beside ccache, which does not notice that
# an object takes in another certificate by .incbin.
#
#   trusted   built into the kernels under test, and who vouches for the others
#   ima       vouched for, loaded by the guest's IMA from its initramfs
#   foreign   nobody knows it
#
# Prints nothing when they are there already.

. "$(dirname "$0")/lib.sh"

keys=$cache/keys
[ -L "$build/keys" ] || rm -rf "$build/keys"
ln -sfn "$keys" "$build/keys"
[ ! -f "$keys/done" ] || exit 0

# certificate NAME EXTENSIONS [SIGNER]: without a signer it signs itself
certificate() {
	name=$1
	printf '%s\n' '[req]' 'distinguished_name = dn' 'prompt = no' 'x509_extensions = ext' \
		'[dn]' "CN = lab $name" '[ext]' 'subjectKeyIdentifier = hash' \
		'authorityKeyIdentifier = keyid' "$2" >"$name.cnf"
	openssl req -new -x509 -nodes -newkey rsa:2048 -sha256 -days 36500 \
		-config "$name.cnf" ${3:+-CA "$3.pem" -CAkey "$3.key"} \
		-keyout "$name.key" -out "$name.pem"
	openssl x509 -in "$name.pem" -outform DER -out "$name.der"
}

make_keys() {
	rm -rf "$keys"
	mkdir -p "$keys"
	cd "$keys"
	authority='basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,digitalSignature'
	leaf='basicConstraints = critical,CA:FALSE
keyUsage = digitalSignature'
	certificate trusted "$authority"
	certificate foreign "$authority"
	certificate ima "$leaf" trusted
	touch done
}

step keys make_keys
