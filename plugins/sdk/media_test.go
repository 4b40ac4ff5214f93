// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
