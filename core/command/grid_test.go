// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/causeway-chat/causeway/core/command"
)

// TestColumnsStandBelowEachOther measures where the columns of lines begin that hold wide, joined and right-to-left
// letters.
func TestColumnsStandBelowEachOther(t *testing.T) {
	table := tableOf(t, sample(t, "chats"), false)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	want := uniseg.StringWidth(lines[0][:strings.Index(lines[0], "ROOM")])
	for _, line := range lines[1:] {
		i := strings.LastIndex(line, " ")
		last := line[i+1:]
		if strings.HasPrefix(line, "  ") { // a note
			continue
		}
		if got := uniseg.StringWidth(strings.TrimSuffix(line, last)); got != want {
			t.Errorf("the column begins at %d, want %d:\n%s\n%s", got, want, lines[0], line)
		}
	}
}

func TestTitlesAreIsolatedAndShortened(t *testing.T) {
	table := tableOf(t, sample(t, "chats"), false)
	if !strings.Contains(table, "\u2068מועדון הקוראים\u2069") {
		t.Errorf("a right-to-left title is not isolated:\n%s", table)
	}
	if strings.Contains(table, "\u2068Lobby") {
		t.Error("a plain title is isolated")
	}
	long := regexp.MustCompile("\u2068(長い.*…)\u2069").FindStringSubmatch(table)
	if long == nil || uniseg.StringWidth(long[1]) > 40 {
		t.Errorf("a long title has %v", long)
	}
}

var colors = regexp.MustCompile("\x1b\\[(1|31|32|33|0)m")

// TestNothingFromOutsideReachesTheTerminalRaw puts random text with evil letters into every string of every result, as
// bridges, networks and other versions of the router might.
func TestNothingFromOutsideReachesTheTerminalRaw(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		for name := range samples {
			poisoned := sample(t, name)
			poison(reflect.ValueOf(poisoned).Elem(), r)
			for _, color := range []bool{true, false} {
				table := tableOf(t, poisoned, color)
				wantHarmless(t, name, colors.ReplaceAllString(table, ""), color)
			}
		}
	}
}

func wantHarmless(t *testing.T, name, table string, color bool) {
	t.Helper()
	open := 0
	for _, c := range table {
		switch {
		case c == '\u2068':
			open++
		case c == '\u2069':
			open--
		case c == '\n' && open != 0:
			t.Fatalf("%s: an isolate crosses a line: %q", name, table)
		case c != '\n' && unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029':
			t.Fatalf("%s: %U reaches the terminal (colours %v): %q", name, c, color, table)
		}
		if open < 0 || open > 1 {
			t.Fatalf("%s: isolates are not paired: %q", name, table)
		}
	}
}

var evil = []string{"\x1b[31m", "\x1b]0;x\x07", "\r", "\n", "\t", "\x00", "\x7f", "\u0085", "\u009b", "\u202e", "\u2066", "\u2068", "\u2069",
	"\u200f", "\u2028", "\u2029", "\xff", "א", "東", "👩‍👩‍👧", "a", " ", "\u061c"}

// poison replaces every string below v.
func poison(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.String:
		var b strings.Builder
		for range r.IntN(60) {
			b.WriteString(evil[r.IntN(len(evil))])
		}
		v.SetString(b.String())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), r)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), r)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), r)
		}
	}
}

func TestColorsAreForStatesAlone(t *testing.T) {
	table := tableOf(t, sample(t, "status"), true)
	for _, want := range []string{"\x1b[1mACCOUNT\x1b[0m", "\x1b[32mconnected\x1b[0m", "\x1b[31mbad_credentials\x1b[0m", "\x1b[33mstarting\x1b[0m"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is missing in %q", want, table)
		}
	}
	if colors.ReplaceAllString(table, "") != tableOf(t, sample(t, "status"), false) {
		t.Error("colours change the text")
	}
}

func TestReasonsAreExplainedOnceAndNotWithoutEnd(t *testing.T) {
	d := newDesk()
	for i := range 100 {
		d.queue = append(d.queue, command.DeliveryRow{Code: "c", Sentence: fmt.Sprintf("Reason %d.", i/2)})
	}
	r, err := run(t, d.table(), "queue ls", nil)
	if err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, r, false)
	if got := strings.Count(table, "Reason"); got != 20 || strings.Count(table, "c: Reason 7.") != 1 {
		t.Errorf("%d reasons:\n%s", got, table)
	}
}

func TestTimesAndSizesReadWell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "now", -time.Hour: "now", 59 * time.Second: "59 s ago", time.Minute: "1 min ago", 59*time.Minute + 59*time.Second: "59 min ago",
		47 * time.Hour: "47 h ago", 49 * time.Hour: "2 days ago",
	} {
		d1 := newDesk()
		d1.queue = []command.DeliveryRow{{Since: now.Add(-d)}}
		r, _ := run(t, d1.table(), "queue ls", nil)
		if got := tableOf(t, r, false); !strings.Contains(got, "  "+want+"  ") {
			t.Errorf("%v: want %q in\n%s", d, want, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_999_999: "2.0 MB", 5e9: "5.0 GB", 7e12: "7.0 TB", 7e15: "7000.0 TB"} {
		d := newDesk()
		d.status.Store.SizeBytes = n
		r, _ := run(t, d.table(), "status", nil)
		if got := tableOf(t, r, false); !strings.Contains(got, "Store ok: "+want+",") {
			t.Errorf("%d: want %q in\n%s", n, want, got)
		}
	}
}

func TestSentencesAreWrappedAndRowsAreNot(t *testing.T) {
	var b strings.Builder
	if err := sample(t, "status").Table(&b, command.View{Now: now, Width: 44}); err != nil {
		t.Fatal(err)
	}
	want := `  unauthorized: Telegram does not know this
  token. Take a new one from @BotFather and
  restart the router.
`
	if !strings.Contains(b.String(), want) || !strings.Contains(b.String(), "tg-two   telegram  bad_credentials  1 min ago") {
		t.Errorf("the table is\n%s", b.String())
	}
	d := newDesk()
	d.queue = []command.DeliveryRow{{Code: "c", Sentence: "東京 東京 " + strings.Repeat("x", 50) + " end."}}
	r, _ := run(t, d.table(), "queue ls", nil)
	b.Reset()
	if err := r.Table(&b, command.View{Now: now, Width: 12}); err != nil || !strings.HasSuffix(b.String(), "\n  c: 東京\n  東京\n  "+strings.Repeat("x", 50)+"\n  end.\n") {
		t.Errorf("%v, the table is\n%s", err, b.String())
	}
}

func TestWritersThatFailAreTold(t *testing.T) {
	for name := range samples {
		r := sample(t, name)
		if err := r.Table(brokenPipe{}, command.View{Now: now}); err == nil {
			t.Errorf("%s: a broken pipe is not told", name)
		}
	}
	for _, name := range []string{"chat ls", "room ls", "queue ls"} {
		r, _ := run(t, (&desk{}).table(), name, nil)
		if err := r.Table(brokenPipe{}, command.View{Now: now}); err == nil {
			t.Errorf("empty %s: a broken pipe is not told", name)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("broken pipe") }

// FuzzAddressesComeBackFromTheirText reads what strangers may call their chats.
func FuzzAddressesComeBackFromTheirText(f *testing.F) {
	f.Add("tg:-1001/42")
	f.Add(`"wa:1@g.us"`)
	f.Fuzz(func(t *testing.T, text string) {
		var a, b command.Address
		if json.Unmarshal([]byte(text), &a) != nil {
			return
		}
		again, err := json.Marshal(a)
		if err != nil || json.Unmarshal(again, &b) != nil || a != b {
			t.Errorf("%q: %+v became %s, %+v (%v)", text, a, again, b, err)
		}
	})
}
