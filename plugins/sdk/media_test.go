// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

func TestBytesOfAnAttachmentAreOpenedByTheirHash(t *testing.T) {
	dir, hash := t.TempDir(), strings.Repeat("ab", 32)
	if err := os.Mkdir(filepath.Join(dir, "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ab", hash), []byte("bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Session{open: &pb.Open{SpoolDir: dir}}
	f, err := s.OpenMedia(chat.Media{Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "bytes" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestOnlyHashesOpenMedia(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Session{open: &pb.Open{SpoolDir: filepath.Join(dir, "spool")}}
	if err := os.Mkdir(s.SpoolDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, hash := range []string{"", "secret", "../secret", strings.Repeat("AB", 32), strings.Repeat("../", 21) + "x", strings.Repeat("ab", 32)} {
		if f, err := s.OpenMedia(chat.Media{Hash: hash}); err == nil {
			t.Errorf("%q was opened", hash)
			f.Close()
		}
	}
}

func TestSlowFetchIsNoSilentOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		var told int64
		w := &cappedWriter{to: io.Discard, sum: sha256.New(), left: 1 << 20, tell: func(n int64) error {
			last, told = time.Now(), n
			return nil
		}}
		for range 60 {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if quiet := time.Since(last); quiet > 10*time.Second {
				t.Fatalf("%d bytes are there and %d were told, %v ago", w.written, told, quiet)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

func TestFastFetchIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in no time
		calls := 0
		w := &cappedWriter{to: io.Discard, sum: sha256.New(), left: 8 << 20, tell: func(int64) error { calls++; return nil }}
		for range 8 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				t.Fatal(err)
			}
		}
		if calls != 8 {
			t.Errorf("told %d times of 8 MiB", calls)
		}
	})
}
