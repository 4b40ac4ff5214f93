// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

var writeFiles = flag.Bool("update", false, "write capabilities.json anew")

func TestCapabilitiesFileIsTrue(t *testing.T) {
	want, err := json.MarshalIndent(capabilities(maxUpload), "", "  ")
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
		t.Errorf("run go test ./bridges/telegram -update\n%s", diff)
	}
	var read chat.Capabilities
	if err := json.Unmarshal(got, &read); err != nil || read.Hash() != New().Describe().Capabilities.Hash() {
		t.Errorf("the file does not read back as what the bridge describes: %v", err)
	}
}

func TestReactionsAreTakenInBothForms(t *testing.T) {
	caps, seen := capabilities(maxUpload), map[string]bool{}
	for _, e := range caps.React.Allowed {
		if seen[e] {
			t.Errorf("%q is listed twice", e)
		}
		seen[e] = true
		if plain := plainEmoji(e); strings.Contains(plain, emojiStyle) || !caps.React.Allows(plain) {
			t.Errorf("%q is written as %q, which is not allowed", e, plain)
		}
	}
	if len(reactions) != 73 {
		t.Errorf("%d reactions", len(reactions))
	}
	for _, e := range []string{"❤", "❤\ufe0f", "👍", "🤷\u200d♂", "🤷\u200d♂\ufe0f", "❤\ufe0f\u200d🔥"} {
		if !caps.React.Allows(e) {
			t.Errorf("%q is not allowed", e)
		}
	}
	if caps.React.Allows("🧇") {
		t.Error("anything is allowed")
	}
}

func TestTextThatFitsIsNeverLongerForTheServer(t *testing.T) {
	limit := capabilities(maxUpload).Text
	for _, body := range []string{strings.Repeat("a", 4096), strings.Repeat("😀", 2048), strings.Repeat("漢", 4096)} {
		if !limit.Fits(body) || limit.Fits(body+"a") {
			t.Errorf("limit is not at %d units", chat.UTF16.Count(body))
		}
		if n := chat.CodePoints.Count(body); n > 4096 || len(body) > 32768 {
			t.Errorf("%d code points, %d bytes", n, len(body))
		}
	}
}
