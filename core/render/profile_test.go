// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

// networks are those that golden files can ask for, in the order in which they are shown. "plain" is a network that has
// next to nothing: 160 characters, no formatting, no replies, no files. Where a bridge commits what its network shows, that
// file counts.
var networks = []string{"telegram", "whatsapp", "signal", "plain"}

func profiles(t testing.TB) map[string]chat.Capabilities {
	t.Helper()
	all := map[string]chat.Capabilities{}
	for _, name := range networks {
		b, err := os.ReadFile(filepath.Join("..", "..", "bridges", name, "capabilities.json"))
		if errors.Is(err, fs.ErrNotExist) {
			b, err = os.ReadFile(filepath.Join("testdata", "networks", name+".json"))
		}
		if err != nil {
			t.Fatal(err)
		}
		var c chat.Capabilities
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = c
	}
	return all
}
