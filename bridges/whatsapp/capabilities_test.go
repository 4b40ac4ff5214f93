// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

var writeFiles = flag.Bool("update", false, "write capabilities.json anew")

func TestCapabilitiesFileIsTrue(t *testing.T) {
	want, err := json.MarshalIndent(capabilities(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *writeFiles {
		if err := os.WriteFile("capabilities.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run go test ./bridges/whatsapp -update\n%s", diff)
	}
	var read chat.Capabilities
	if err := json.Unmarshal(got, &read); err != nil || read.Hash() != capabilities().Hash() {
		t.Errorf("the file does not read back as what the bridge describes: %v", err)
	}
}
