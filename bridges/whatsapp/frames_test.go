// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

var damages = []control.FaultKind{sim.FrameFlipped, sim.FrameCut, sim.FrameNoise, sim.FrameHuge, sim.FrameText}

func TestDamagedFramesAreToldAndLoseNothing(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "before")
	l.hearsText("before")
	want := []string{"before"}
	for _, kind := range damages {
		f := l.fault(control.Fault{Kind: kind, Count: 1})
		l.router.forgetStates()
		for i := range 3 {
			want = append(want, fmt.Sprintf("%s %d", kind, i))
			l.tell(c, want[len(want)-1])
		}
		l.wasIn(chat.Down, "damaged")
		l.struck(f)
		l.hearsText(want[len(want)-1])
		l.state(chat.Connected, "")
		l.says(c, "posts go on after "+string(kind))
	}
	if diff := cmp.Diff(want, l.texts(c)); diff != "" {
		t.Error(diff)
	}
}

func TestADamagedHandshakeIsTold(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "before")
	for _, kind := range []control.FaultKind{sim.FrameFlipped, sim.FrameNoise} {
		l.router.forgetStates()
		f := l.fault(control.Fault{Kind: kind, Method: "handshake", Count: 1})
		l.fault(control.Fault{Kind: control.OutageReset, Count: 1})
		l.wasIn(chat.Down, "damaged")
		l.struck(f)
		l.state(chat.Connected, "")
		l.says(c, "after "+string(kind))
	}
}

// forgetStates forgets all states but the last one.
func (r *router) forgetStates() {
	r.change(func() { r.states = append([]chat.State(nil), r.states[max(0, len(r.states)-1):]...) })
}

// wire is a websocket's frame as a server sends it.
func wire(flags byte, payload ...byte) []byte {
	return append([]byte{flags, byte(len(payload))}, payload...)
}

func TestAGuardLetsThroughMessagesOfWholeFramesAlone(t *testing.T) {
	long := append([]byte{0x82, 126, 0x01, 0x03, 0, 1, 0}, make([]byte, 256)...)
	for name, c := range map[string]struct {
		stream []byte
		why    string
	}{
		"frames":                {append(wire(0x82, 0, 0, 2, 'h', 'i', 0, 0, 0), wire(0x82, 0, 0, 1, 'x')...), ""},
		"a ping between":        {append(wire(0x89, 'p'), wire(0x82, 0, 0, 1, 'x')...), ""},
		"a message in parts":    {bytes.Join([][]byte{wire(0x02, 0, 0), wire(0x89), wire(0x00, 2, 'h'), wire(0x80, 'i')}, nil), ""},
		"a long one":            {long, ""},
		"nothing":               {wire(0x82), ""},
		"a close":               {wire(0x88, 3, 232), ""},
		"cut off":               {wire(0x82, 0, 0, 3, 'h', 'i'), "cut off"},
		"a head alone":          {wire(0x82, 0, 0), "cut off"},
		"cut off in parts":      {append(wire(0x02, 0, 0, 3), wire(0x80, 'h')...), "cut off"},
		"a text":                {wire(0x81, 'h', 'i'), "a text"},
		"compressed":            {wire(0xc2, 0, 0, 0), "means nothing"},
		"masked":                {[]byte{0x82, 0x80}, "means nothing"},
		"a control too long":    {[]byte{0x89, 126, 1, 0}, "means nothing"},
		"an unknown kind":       {wire(0x83), "out of its place"},
		"the rest of nothing":   {wire(0x80, 0, 0, 0), "out of its place"},
		"a message in another":  {append(wire(0x02, 0, 0, 0), wire(0x82, 0, 0, 0)...), "out of its place"},
		"above every limit":     {[]byte{0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1}, "too long"},
		"above it in parts":     {append(append([]byte{0x02, 127, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff}, 0x80, 127), 0, 0, 0, 0, 1, 0, 0, 0), "too long"},
		"as much as there is":   {[]byte{0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "too long"},
		"good, then something ": {append(wire(0x82, 0, 0, 0), wire(0x81)...), "a text"},
	} {
		for size := 1; size <= len(c.stream); size++ {
			why := ""
			g := &frameGuard{ReadWriteCloser: pieces{bytes.NewReader(c.stream), size}, spoiled: func(w string) { why = w }}
			read, err := io.ReadAll(g)
			switch {
			case c.why == "" && (err != nil || !bytes.Equal(read, c.stream)):
				t.Errorf("%s in pieces of %d: %v, %q", name, size, err, why)
			case c.why != "" && (err == nil || !strings.Contains(why, c.why)):
				t.Errorf("%s in pieces of %d passes: %v, %q", name, size, err, why)
			}
		}
	}
}

// pieces is a connection that gives its bytes a few at a time.
type pieces struct {
	io.Reader
	size int
}

// Read gives one piece.
func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(p.size, len(b))]) }

// Write takes nothing.
func (pieces) Write(b []byte) (int, error) { return len(b), nil }

// Close does nothing.
func (pieces) Close() error { return nil }

func FuzzAGuardBreaksInNothing(f *testing.F) {
	f.Add(wire(0x82, 0, 0, 2, 'h', 'i'))
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		var whole, bytewise socketLook
		want := whole.at(stream)
		got := ""
		for i := 0; i < len(stream) && got == ""; i++ {
			got = bytewise.at(stream[i : i+1])
		}
		if got != want || len(whole.head) > 10 || len(whole.length) > lengthBytes {
			t.Errorf("%q at once, %q byte by byte", want, got)
		}
	})
}
