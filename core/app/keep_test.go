// SPDX-License-Identifier: Apache-2.0

package app

import (
	"io"
	"testing"

	"github.com/causeway-chat/causeway/core/media"
)

func TestAFileOfOurOwnStandsInTheSpool(t *testing.T) {
	spool, err := media.OpenSpool(t.TempDir(), 100)
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	e := &engine{spool: spool}
	hash, err := e.keep(t.Context(), []byte("what was said"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := spool.Open(hash)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != "what was said" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := e.keep(t.Context(), make([]byte, 200)); err == nil {
		t.Error("a file beyond the budget was kept")
	}
}
