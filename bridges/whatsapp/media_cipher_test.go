// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/util/cbcutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
)

// sealed encrypts bytes as the library does.
func sealed(t testing.TB, plain []byte) (raw []byte, f content.File) {
	t.Helper()
	f = content.File{Type: whatsmeow.MediaImage, Key: bytes.Repeat([]byte{7}, 32)}
	keys := hkdfutil.SHA256(f.Key, nil, []byte(f.Type), 112)
	var out bytes.Buffer
	var err error
	f.Sum, f.EncSum, _, _, err = cbcutil.EncryptStream(keys[16:48], keys[:16], keys[48:80], bytes.NewReader(plain), &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), f
}

// opened decrypts what comes from a reader.
func opened(t testing.TB, f content.File, from io.Reader) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	o, err := newOpener(f, &out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(o, from); err != nil {
		return nil, err
	}
	err = o.finish()
	return out.Bytes(), err
}

func TestFilesAreDecryptedWhileTheyCome(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 32, 1000, 32 << 10, 100_001} {
		plain := bytes.Repeat([]byte("x"), n)
		raw, f := sealed(t, plain)
		for name, from := range map[string]io.Reader{
			"whole": bytes.NewReader(raw), "bytewise": iotest.OneByteReader(bytes.NewReader(raw)), "in halves": iotest.HalfReader(bytes.NewReader(raw)),
		} {
			if got, err := opened(t, f, from); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes %s: %d bytes, %v", n, name, len(got), err)
			}
		}
	}
}

func TestNoDamagedFilePassesForWhole(t *testing.T) {
	raw, f := sealed(t, []byte("a picture of some bytes, more than two blocks of them"))
	for n := range len(raw) {
		if _, err := opened(t, f, bytes.NewReader(raw[:n])); !errors.Is(err, errDamaged) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(raw), err)
		}
		bad := bytes.Clone(raw)
		bad[n] ^= 1 << (n % 8)
		if _, err := opened(t, f, bytes.NewReader(bad)); !errors.Is(err, errDamaged) {
			t.Errorf("byte %d changed: %v", n, err)
		}
	}
	if _, err := opened(t, f, io.MultiReader(bytes.NewReader(raw), bytes.NewReader(raw))); !errors.Is(err, errDamaged) {
		t.Errorf("twice: %v", err)
	}
	f.Sum = make([]byte, sha256.Size)
	if _, err := opened(t, f, bytes.NewReader(raw)); !errors.Is(err, errDamaged) {
		t.Errorf("other bytes than the sender names: %v", err)
	}
}

func TestWhatCannotBeWrittenEndsTheDecryption(t *testing.T) {
	raw, f := sealed(t, make([]byte, 100))
	o, err := newOpener(f, failingWriter{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write(raw); !errors.Is(err, errUnwritten) || !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("%v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortBuffer }

func FuzzOpener(f *testing.F) {
	raw, file := sealed(f, []byte("some bytes"))
	f.Add(raw, 3)
	f.Add([]byte{}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, step int) {
		o, err := newOpener(file, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for rest := raw; len(rest) > 0; {
			n := min(max(step, 1), len(rest))
			if _, err := o.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := o.finish(); err == nil && sha256.Sum256(raw) != [32]byte(file.EncSum) {
			t.Error("something else passed for the file")
		}
	})
}
