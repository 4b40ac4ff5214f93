// SPDX-License-Identifier: Apache-2.0

package render

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/feature/plural"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestLanguagesLeaveNoWordOut compares each language with English, and asks for every plural form that its rules give.
func TestLanguagesLeaveNoWordOut(t *testing.T) {
	want := reflect.ValueOf(english)
	for code, w := range catalogue {
		have := reflect.ValueOf(*w)
		for i := range want.NumField() {
			name := fmt.Sprintf("%s: %s", code, want.Type().Field(i).Name)
			complete(t, name, want.Field(i), have.Field(i), pluralForms(w))
		}
	}
}

func complete(t *testing.T, name string, want, have reflect.Value, plurals map[plural.Form]bool) {
	t.Helper()
	switch {
	case have.IsZero():
		t.Errorf("%s is missing", name)
	case have.Type() == reflect.TypeFor[forms]():
		for form := range plurals {
			if v := have.MapIndex(reflect.ValueOf(form)); !v.IsValid() && len(plurals) > 2 {
				t.Errorf("%s has no text for the plural form %d", name, form)
			}
		}
	case have.Kind() == reflect.Map:
		for _, k := range want.MapKeys() {
			if v := have.MapIndex(k); !v.IsValid() || v.IsZero() {
				t.Errorf("%s has no text for %v", name, k)
			}
		}
	}
}

// pluralForms are those that the language tells apart. Of two, one may serve for both.
func pluralForms(w *words) map[plural.Form]bool {
	out := map[plural.Form]bool{}
	for n := range 1000 {
		out[plural.Cardinal.MatchPlural(w.tag, n, 0, 0, 0, 0)] = true
	}
	return out
}

func TestArabicHasSixForms(t *testing.T) {
	if n := len(pluralForms(&arabic)); n != 6 {
		t.Errorf("Arabic has %d plural forms, want 6", n)
	}
}

// TestWords shows every text that counts, in each language, with numbers of every plural form. The files are for
// translators to read.
func TestWords(t *testing.T) {
	for _, code := range Languages() {
		w, file := catalogue[code], filepath.Join("testdata", "words", code+".txt")
		var b strings.Builder
		for _, n := range []int{0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 3600} {
			fmt.Fprintf(&b, "%d\n  %s\n  %s\n  %s\n", n, w.arrived(chat.Outage{Until: time.Now(), Delivered: n, Waiting: n}),
				w.counted(w.people, n), strings.Replace(w.counted(w.andMore, n), "{names}", "Ada", 1))
		}
		for _, d := range []time.Duration{0, time.Second, 45 * time.Second, time.Minute, 2 * time.Minute, 58*time.Minute + 31*time.Second, time.Hour,
			2 * time.Hour, 5*time.Hour + 58*time.Minute, 24 * time.Hour, 51*time.Hour + time.Minute, 11 * 24 * time.Hour} {
			fmt.Fprintf(&b, "%s\n  %s\n", d, w.duration(d))
		}
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("%s: rerun with -update and read the diff if this is meant:\n%s", code, d)
		}
	}
}
