// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

var writeFiles = flag.Bool("update", false, "write capabilities.json and golden files anew")

func TestCapabilitiesFileIsTrue(t *testing.T) {
	want, err := json.MarshalIndent(capabilities(maxInline), "", "  ")
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
		t.Errorf("run go test ./bridges/signal -update\n%s", diff)
	}
	var read chat.Capabilities
	if err := json.Unmarshal(got, &read); err != nil || read.Hash() != New().Describe().Capabilities.Hash() {
		t.Errorf("the file does not read back as what the bridge describes: %v", err)
	}
}

func TestFilesAreLargerThroughAFolder(t *testing.T) {
	for cfg, want := range map[string]int64{`{"number":"+447700900123"}`: maxInline, `{"number":"+447700900123","files_dir":"/x"}`: maxFile} {
		s, err := readSettings([]byte(cfg))
		if err != nil || s.upload() != want {
			t.Errorf("%s takes %d bytes, %v", cfg, s.upload(), err)
		}
		if c := capabilities(s.upload()); c.Media[chat.File].MaxBytes != want {
			t.Errorf("%s: %d", cfg, c.Media[chat.File].MaxBytes)
		}
	}
}
