// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/util/keys"
)

// noisePattern names the handshake; it is padded to the length of a hash, as the Noise specification says.
const noisePattern = "Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"

// noiseHello is what a client sends before anything else: WA, the protocol's version and that of the token dictionary.
var noiseHello = []byte{'W', 'A', 6, 3}

// noiseState is the symmetric state of the handshake's server side.
type noiseState struct {
	hash, salt []byte
	key        cipher.AEAD
	counter    uint64
}

func newNoiseState() *noiseState {
	n := &noiseState{hash: []byte(noisePattern), salt: []byte(noisePattern), key: aead([]byte(noisePattern))}
	n.mixHash(noiseHello)
	return n
}

func (n *noiseState) mixHash(data []byte) {
	sum := sha256.Sum256(append(n.hash[:len(n.hash):len(n.hash)], data...))
	n.hash = sum[:]
}

// mixKey mixes the secret that our private and the other's public key share.
func (n *noiseState) mixKey(ours *keys.KeyPair, theirs []byte) error {
	secret, err := shared(ours, theirs)
	if err != nil {
		return err
	}
	salt, key := expandPair(n.salt, secret)
	n.salt, n.key, n.counter = salt, aead(key), 0
	return nil
}

func (n *noiseState) seal(plain []byte) []byte {
	sealed := n.key.Seal(nil, nonce(n.counter), plain, n.hash)
	n.counter++
	n.mixHash(sealed)
	return sealed
}

func (n *noiseState) open(sealed []byte) ([]byte, error) {
	plain, err := n.key.Open(nil, nonce(n.counter), sealed, n.hash)
	if err != nil {
		return nil, fmt.Errorf("open handshake message: %w", err)
	}
	n.counter++
	n.mixHash(sealed)
	return plain, nil
}

// cipherPair encrypts a connection once the handshake is done.
type cipherPair struct {
	in, out       cipher.AEAD
	inAt, outNext uint64
}

func (n *noiseState) split() *cipherPair {
	fromClient, toClient := expandPair(n.salt, nil)
	return &cipherPair{in: aead(fromClient), out: aead(toClient)}
}

func (p *cipherPair) open(frame []byte) ([]byte, error) {
	plain, err := p.in.Open(frame[:0], nonce(p.inAt), frame, nil)
	p.inAt++
	return plain, err
}

func (p *cipherPair) seal(plain []byte) []byte {
	frame := p.out.Seal(nil, nonce(p.outNext), plain, nil)
	p.outNext++
	return frame
}

// clientHello answers the client's first message; ephemeral is ours, chain goes with our static key.
func (n *noiseState) clientHello(raw []byte, ephemeral, static *keys.KeyPair, chain []byte) ([]byte, error) {
	var hello waWa6.HandshakeMessage
	if err := proto.Unmarshal(raw, &hello); err != nil {
		return nil, fmt.Errorf("read client hello: %w", err)
	}
	theirs := hello.GetClientHello().GetEphemeral()
	n.mixHash(theirs)
	n.mixHash(ephemeral.Pub[:])
	if err := n.mixKey(ephemeral, theirs); err != nil {
		return nil, err
	}
	sealedStatic := n.seal(static.Pub[:])
	if err := n.mixKey(static, theirs); err != nil {
		return nil, err
	}
	return proto.Marshal(&waWa6.HandshakeMessage{ServerHello: &waWa6.HandshakeMessage_ServerHello{
		Ephemeral: ephemeral.Pub[:], Static: sealedStatic, Payload: n.seal(chain),
	}})
}

// clientFinish reads the client's static key and who it says it is.
func (n *noiseState) clientFinish(raw []byte, ephemeral *keys.KeyPair) ([]byte, *waWa6.ClientPayload, error) {
	var finish waWa6.HandshakeMessage
	if err := proto.Unmarshal(raw, &finish); err != nil {
		return nil, nil, fmt.Errorf("read client finish: %w", err)
	}
	static, err := n.open(finish.GetClientFinish().GetStatic())
	if err != nil {
		return nil, nil, err
	}
	if err := n.mixKey(ephemeral, static); err != nil {
		return nil, nil, err
	}
	plain, err := n.open(finish.GetClientFinish().GetPayload())
	if err != nil {
		return nil, nil, err
	}
	var payload waWa6.ClientPayload
	if err := proto.Unmarshal(plain, &payload); err != nil {
		return nil, nil, fmt.Errorf("read client payload: %w", err)
	}
	return static, &payload, nil
}

// shared is the X25519 secret of two keys.
func shared(ours *keys.KeyPair, theirs []byte) ([]byte, error) {
	priv, err := ecdh.X25519().NewPrivateKey(ours.Priv[:])
	if err != nil {
		return nil, fmt.Errorf("use our key: %w", err)
	}
	pub, err := ecdh.X25519().NewPublicKey(theirs)
	if err != nil {
		return nil, fmt.Errorf("use the client's key: %w", err)
	}
	secret, err := priv.ECDH(pub)
	if err != nil {
		return nil, errors.New("the client's key is of low order")
	}
	return secret, nil
}

func expandPair(salt, secret []byte) (first, second []byte) {
	both := expand(secret, salt, "", 64)
	return both[:32], both[32:]
}

// expand is HKDF with SHA-256. Its lengths are ours and always good.
func expand(secret, salt []byte, info string, length int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, info, length)
	if err != nil {
		panic("expand a key: " + err.Error())
	}
	return out
}

// aead is AES-GCM with a key of 32 bytes.
func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("make a cipher: " + err.Error())
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("make a cipher: " + err.Error())
	}
	return gcm
}

func nonce(counter uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 4, 12), counter)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
