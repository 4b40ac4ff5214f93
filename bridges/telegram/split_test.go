// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"encoding/json"
	"testing"
)

// jsonSeeds are what answers are made of, and what they hardly ever are.
var jsonSeeds = []string{
	`{}`, `[]`, `null`, `true`, `0`, `"x"`, ` { } `, "\t[\n]\r\n", `{"a":1}`, `{"a":1,"a":2}`, `{ "a" : [ 1 , {"b":"]}"} ] , "c" : null }`,
	`{"a\u0062":"\"\\","":-1.5e3,"é":"\ud800"}`, `["\\",[[]],{"x":{}}, false ]`, `{"a":"b\\"}`, `[1,2`, `{"a"}`, ``, `{"a":{"b":[{"c":"}"}]}}x`,
}

func FuzzSplitReadsAsEncodingJSON(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var object map[string]json.RawMessage
		got, ok := readFields(raw, nil)
		if want := json.Unmarshal(raw, &object) == nil && object != nil; ok != want {
			t.Fatalf("%q is an object: %v, want %v", raw, ok, want)
		}
		for key, want := range object {
			if bytes.ContainsRune([]byte(key), '\uFFFD') { // was no UTF-8
				continue
			}
			if one := got.raw(key); !bytes.Equal(one, want) {
				t.Errorf("field %q of %q is %q, want %q", key, raw, one, want)
			}
			if text := got.text(key); text != textOfJSON(want) {
				t.Errorf("field %q of %q says %q, want %q", key, raw, text, textOfJSON(want))
			}
		}
		sameArray(t, raw)
	})
}

func textOfJSON(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func sameArray(t *testing.T, raw []byte) {
	t.Helper()
	if !json.Valid(raw) {
		return
	}
	var want []json.RawMessage
	err := json.Unmarshal(raw, &want)
	got, ok := splitArray(raw)
	if isArray := err == nil && want != nil; ok != isArray || len(got) != len(want) {
		t.Fatalf("%q is an array: %v of %d, want %v of %d", raw, ok, len(got), isArray, len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("element %d of %q is %q, want %q", i, raw, got[i], want[i])
		}
	}
}
