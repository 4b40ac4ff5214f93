// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestThePageIsFresh(t *testing.T) {
	if err := run("../..", true); err != nil {
		t.Error(err)
	}
}

func TestEveryKindHasARow(t *testing.T) {
	page := string(Page([]chat.Capabilities{{Network: "n"}}))
	for _, k := range chat.SpanKinds() {
		if !strings.Contains(page, "| "+strings.ReplaceAll(string(k), "_", " ")+" |") {
			t.Errorf("no row for %s", k)
		}
	}
	for _, k := range chat.MediaKinds() {
		if !strings.Contains(page, "| "+strings.ReplaceAll(string(k), "_", " ")+" |") {
			t.Errorf("no row for %s", k)
		}
	}
}

func TestDurationsAreShort(t *testing.T) {
	for text, want := range map[string]string{"48h": "48h", "15m": "15m", "1m": "1m", "90s": "1m30s", "1s": "1s"} {
		var d chat.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := span(d); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
	}
}
