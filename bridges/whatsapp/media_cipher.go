// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"go.mau.fi/whatsmeow/util/hkdfutil"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
)

// Files lie on WhatsApp's servers encrypted by AES in CBC mode, with PKCS 7 padding, and ten bytes of an HMAC behind them. The
// library decrypts in memory or in a file of its own; this decrypts what comes while it comes.

const macSize = 10

var errDamaged = errors.New("the file is damaged")

// opener decrypts a file. What it has written is good only once finish says so.
type opener struct {
	to      io.Writer
	file    content.File
	cipher  cipher.BlockMode
	mac     hash.Hash
	encSum  hash.Hash
	sum     hash.Hash
	took    int64  // encrypted bytes that came
	pending []byte // of them, those that may be the end
}

func newOpener(f content.File, to io.Writer) (*opener, error) {
	keys := hkdfutil.SHA256(f.Key, nil, []byte(f.Type), 112)
	iv, key, macKey := keys[:16], keys[16:48], keys[48:80]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("read a file's key: %w", err)
	}
	o := &opener{to: to, file: f, cipher: cipher.NewCBCDecrypter(block, iv), mac: hmac.New(sha256.New, macKey), encSum: sha256.New(), sum: sha256.New()}
	o.mac.Write(iv)
	return o, nil
}

// Write takes encrypted bytes, and writes those that are surely not the end.
func (o *opener) Write(p []byte) (int, error) {
	o.took += int64(len(p))
	o.encSum.Write(p)
	o.pending = append(o.pending, p...)
	n := (len(o.pending) - aes.BlockSize - macSize) / aes.BlockSize * aes.BlockSize
	if n <= 0 {
		return len(p), nil
	}
	if err := o.open(o.pending[:n]); err != nil {
		return 0, err
	}
	o.pending = append(o.pending[:0], o.pending[n:]...)
	return len(p), nil
}

// open decrypts whole blocks in place and writes them.
func (o *opener) open(blocks []byte) error {
	o.mac.Write(blocks)
	o.cipher.CryptBlocks(blocks, blocks)
	return o.write(blocks)
}

func (o *opener) write(b []byte) error {
	o.sum.Write(b)
	if _, err := o.to.Write(b); err != nil {
		return fmt.Errorf("%w: %w", errUnwritten, err)
	}
	return nil
}

// finish writes the end, if all that came is what the sender has encrypted.
func (o *opener) finish() error {
	if len(o.pending) != aes.BlockSize+macSize {
		return fmt.Errorf("%w: %d bytes are no whole blocks", errDamaged, o.took)
	}
	last, mac := o.pending[:aes.BlockSize], o.pending[aes.BlockSize:]
	o.mac.Write(last)
	if !bytes.Equal(o.encSum.Sum(nil), o.file.EncSum) || !hmac.Equal(o.mac.Sum(nil)[:macSize], mac) {
		return fmt.Errorf("%w: it is not the one that was sent", errDamaged)
	}
	o.cipher.CryptBlocks(last, last)
	padding := int(last[len(last)-1])
	if padding < 1 || padding > len(last) {
		return fmt.Errorf("%w: its padding is wrong", errDamaged)
	}
	if err := o.write(last[:len(last)-padding]); err != nil {
		return err
	}
	if !bytes.Equal(o.sum.Sum(nil), o.file.Sum) {
		return fmt.Errorf("%w: its bytes are not those that its sender names", errDamaged)
	}
	return nil
}
