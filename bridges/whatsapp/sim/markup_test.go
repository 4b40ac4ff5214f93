// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestMarksAreReadAsTheAppsShowThem(t *testing.T) {
	span := func(start, end int, kind string) control.Span {
		return control.Span{Start: start, End: end, Kind: kind}
	}
	for raw, want := range map[string]struct {
		text  string
		spans []control.Span
	}{
		"plain":                 {"plain", nil},
		"*bold*":                {"bold", []control.Span{span(0, 4, "bold")}},
		"a *b* _c_ ~d~ `e`":     {"a b c d e", []control.Span{span(2, 3, "bold"), span(4, 5, "italic"), span(6, 7, "strike"), span(8, 9, "code")}},
		"😀𝔸 *ab cd* ef":         {"😀𝔸 ab cd ef", []control.Span{span(3, 8, "bold")}},
		"*a _b_ c*":             {"a b c", []control.Span{span(0, 5, "bold"), span(2, 3, "italic")}},
		"*_both_*":              {"both", []control.Span{span(0, 4, "bold"), span(0, 4, "italic")}},
		"2*3*4 snake_case_name": {"2*3*4 snake_case_name", nil},
		"* a list *":            {"* a list *", nil},
		"*not\nover lines*":     {"*not\nover lines*", nil},
		"```x *y*\nz```":        {"x *y*\nz", []control.Span{span(0, 7, "pre")}},
		"`*raw*`":               {"*raw*", []control.Span{span(0, 5, "code")}},
		"> one\n> two\nmine":    {"one\ntwo\nmine", []control.Span{span(0, 7, "quote")}},
		"a > b":                 {"a > b", nil},
		"**":                    {"**", nil},
		"":                      {"", nil},
	} {
		text, spans := readMarkup(raw)
		if text != want.text {
			t.Errorf("%q reads %q", raw, text)
		}
		if diff := cmp.Diff(want.spans, spans); diff != "" {
			t.Errorf("%q (-want +got):\n%s", raw, diff)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	body := "😀𝔸 ab covered cd"
	for kind := range marksOf {
		want := []control.Span{{Start: 6, End: 13, Kind: kind}}
		raw, err := writeMarkup(body, want)
		if err != nil {
			t.Fatal(err)
		}
		text, spans := readMarkup(raw)
		if diff := cmp.Diff(want, spans); text != body || diff != "" {
			t.Errorf("%s was written %q and read %q (-want +got):\n%s", kind, raw, text, diff)
		}
	}
	for _, kind := range []string{"underline", "spoiler", "link", "custom_emoji"} {
		if _, err := writeMarkup(body, []control.Span{{Start: 6, End: 13, Kind: kind}}); !errors.Is(err, control.ErrNotSupported) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"*a _b_* ~c~", "```x```", "> q\n> r", "`*`*", "***", "_a*_b*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		text, spans := readMarkup(raw)
		n := len([]rune(text))
		for _, s := range spans {
			if s.Start < 0 || s.End > n || s.Start > s.End {
				t.Errorf("%q: the span %+v is outside %q", raw, s, text)
			}
		}
	})
}
