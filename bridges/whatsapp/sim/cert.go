// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/logger"
	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/util/keys"
)

// root is the key that signs every server of this process. The client library knows one root for the whole process, so
// that servers cannot have roots of their own; the simulated people trust it from the first server on.
var root = sync.OnceValue(func() *keys.KeyPair {
	pair := keys.NewKeyPair()
	whatsmeow.WACertPubKey = *pair.Pub
	var silent logger.Loggable = silence{}
	logger.Setup(&silent) // it would write to standard output
	return pair
})

// silence drops what the Signal library says.
type silence struct{}

func (silence) Debug(string, string)   {}
func (silence) Info(string, string)    {}
func (silence) Warning(string, string) {}
func (silence) Error(string, string)   {}
func (silence) Configure(string)       {}

// RootKey is the root of the servers of this process, for an account's endpoint.root_key: 64 hex digits.
func RootKey() string { return hex.EncodeToString(root().Pub[:]) }

// noiseChain is the certificate of a server's static key: signed by an intermediate, signed by the root.
func noiseChain(signer, static *keys.KeyPair, from, until time.Time) ([]byte, error) {
	const first, second = 1, 2
	middle := keys.NewKeyPair()
	intermediate, err := noiseCertificate(signer, middle, first, whatsmeow.WACertIssuerSerial, from, until)
	if err != nil {
		return nil, err
	}
	leaf, err := noiseCertificate(middle, static, second, first, from, until)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&waCert.CertChain{Leaf: leaf, Intermediate: intermediate})
}

func noiseCertificate(signer, key *keys.KeyPair, serial, issuer uint32, from, until time.Time) (*waCert.CertChain_NoiseCertificate, error) {
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial: &serial, IssuerSerial: &issuer, Key: key.Pub[:],
		NotBefore: proto.Uint64(uint64(from.Unix())), NotAfter: proto.Uint64(uint64(until.Unix())),
	})
	if err != nil {
		return nil, fmt.Errorf("encode certificate: %w", err)
	}
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: sign(signer, details)}, nil
}

// sign makes an XEdDSA signature.
func sign(key *keys.KeyPair, parts ...[]byte) []byte {
	sig := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*key.Priv), joined(parts))
	return sig[:]
}

// verify checks an XEdDSA signature.
func verify(key, sig []byte, parts ...[]byte) bool {
	if len(key) != 32 || len(sig) != 64 {
		return false
	}
	return ecc.VerifySignature(ecc.NewDjbECPublicKey([32]byte(key)), joined(parts), [64]byte(sig))
}

func joined(parts [][]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// authority is a certificate authority for one server, and the certificate that it made for WhatsApp's names.
type authority struct {
	pem  []byte
	leaf tls.Certificate
}

// newAuthority makes an authority for some host names; the wildcard covers one label.
func newAuthority(names ...string) (*authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	ca := template(1, "Simulated WhatsApp CA")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	leaf := template(2, "Simulated WhatsApp")
	leaf.DNSNames, leaf.ExtKeyUsage = names, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &authority{
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		leaf: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}, nil
}

func template(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
