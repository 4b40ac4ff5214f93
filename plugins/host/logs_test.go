// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// parse feeds text to a lineLog and gives the records.
func parse(t *testing.T, text string) []map[string]any {
	t.Helper()
	out := &logs{}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	fixed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	newLineLog(log, func() time.Time { return fixed }).pump(strings.NewReader(text))
	var records []map[string]any
	for line := range strings.Lines(out.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		records = append(records, r)
	}
	return records
}

func TestLogLinesBecomeRecords(t *testing.T) {
	long := strings.Repeat("y", 1<<20)
	tests := []struct {
		name, in, level, msg string
	}{
		{"structured", `{"time":"t","level":"WARN","msg":"hi","n":1}`, "WARN", "hi"},
		{"another library's", `{"@level":"error","@message":"hi"}`, "ERROR", "hi"},
		{"a number for a message", `{"@level":"info","@message":5}`, "DEBUG", "bridge wrote a line"},
		{"null", `null`, "DEBUG", "bridge wrote a line"},
		{"no level", `{"msg":"hi"}`, "INFO", "hi"},
		{"nonsense level", `{"msg":"hi","level":{"a":[]}}`, "INFO", "hi"},
		{"plain", "oh", "DEBUG", "bridge wrote a line"},
		{"crash", "panic: oh", "ERROR", "bridge wrote a line"},
		{"killed to see where it is", "SIGQUIT: quit", "ERROR", "bridge wrote a line"},
		{"a library's words", "SIGNAL: Bob wrote oh", "DEBUG", "bridge wrote a line"},
		{"a library's shout", "SIGH, no answer", "DEBUG", "bridge wrote a line"},
		{"not UTF-8", "\xff\xfe", "DEBUG", "bridge wrote a line"},
		{"a megabyte", long, "DEBUG", "bridge wrote a line"},
		{"a megabyte of structure", `{"level":"INFO","msg":"` + long + `"}`, "DEBUG", "bridge wrote a line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.in+"\n"+`{"level":"INFO","msg":"the next line"}`+"\n")
			if len(got) != 2 || got[0]["level"] != tt.level || got[0]["msg"] != tt.msg || got[1]["msg"] != "the next line" {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestLogNumbersAndTheirOrderStayAsTheBridgeWroteThem(t *testing.T) {
	out := &logs{}
	log := slog.New(slog.NewTextHandler(out, nil))
	line := `{"level":"INFO","msg":"hi","bytes":12345678,"a":-9007199254740993,"id":18446744073709551615,"share":0.25,"m":null,"huge":1e400}`
	newLineLog(log, time.Now).pump(strings.NewReader(line + "\n"))
	if want := ` level=INFO msg=hi a=-9007199254740993 bytes=12345678 huge=1e400 id=18446744073709551615 m=<nil> share=0.25` + "\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestLogFloodIsCutAndTold(t *testing.T) {
	got := parse(t, strings.Repeat("x\n", 5000))
	if len(got) != linesPerSecond+1 || got[linesPerSecond]["lines"] != float64(5000-linesPerSecond) {
		t.Errorf("%d records, last %v", len(got), got[len(got)-1])
	}
}

func TestEvilOutputHarmsNobody(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]script{
		"number for a message": {Text: `{"@level":"info","@message":5}` + "\n"},
		"a megabyte":           {Text: strings.Repeat("z", 1<<20) + "\n"},
		"no line end":          {Text: "unfinished"},
		"flood":                {Do: "flood"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, setup{opt: quickOptions(), script: s})
			l.connected(t)
			for range 3 {
				if got := l.say("hello"); got.Kind != chat.Delivered {
					t.Errorf("got %+v", got)
				}
			}
			if n := len(l.logs.String()); n > 200_000 {
				t.Errorf("the log grew by %d bytes", n)
			}
			if l.Lives() != 1 {
				t.Errorf("%d lives", l.Lives())
			}
		})
	}
}

func FuzzLogLine(f *testing.F) {
	f.Add([]byte(`{"@level":"info","@message":5}` + "\n" + `{"level":"INFO","msg":"x","a":{"b":[1]}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		newLineLog(slog.New(slog.DiscardHandler), time.Now).pump(strings.NewReader(string(in)))
	})
}
