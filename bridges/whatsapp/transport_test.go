// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
)

func TestAGateHoldsBackWhatIsFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		closed := make(chan struct{})
		g.wait(closed) // at first everything may come
		g.enter()
		g.take(aheadBytes + 10*eventBytes)
		passed := make(chan time.Time, 1)
		pass := func() {
			g.wait(closed)
			passed <- time.Now()
		}
		go pass()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(passed) > 0 {
			t.Fatal("it lets more through while an event is being handled")
		}
		for range 10 { // each that is handled lets more in
			g.leave()
			g.enter()
		}
		synctest.Wait()
		if len(passed) > 0 {
			t.Fatal("it lets through more than was handled")
		}
		g.leave()
		synctest.Wait()
		<-passed
		g.take(aheadBytes)
		start := time.Now()
		go pass()
		if d := (<-passed).Sub(start); d < calm || d > 2*calm { // a stanza need not come to a handler
			t.Errorf("after %v without an event everything may come", d)
		}
		g.enter()
		g.take(2 * aheadBytes)
		go pass()
		close(closed)
		<-passed
	})
}

func TestAGatedConnectionEndsAReadWhenItIsClosed(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	g := newGate()
	g.enter()
	g.take(2 * aheadBytes)
	c := &gatedConn{Conn: here, gate: g, closed: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		done <- err
	}()
	c.Close()
	if err := <-done; err == nil {
		t.Error("a closed connection was read")
	}
}

func TestTheLibraryStillSaysWhenItLosesTheOrder(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "go.mau.fi/whatsmeow").Output()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "client.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`Log.Warnf("` + disorderSays, `sendLog.Debugf("%s", &node)`} {
		if !strings.Contains(string(src), line) {
			t.Errorf("the library does not say %s any more", line)
		}
	}
}

func TestTheLibraryLogsNoAddresses(t *testing.T) {
	var b bytes.Buffer
	lost := 0
	l := sendLog{libraryLog: libraryLog{log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), disorder: func() { lost++ }}, sent: newSentList()}
	const secret = "447700900123@s.whatsapp.net"
	l.Warnf("Failed to look at %s", secret)
	l.Errorf("Failed to look at %s", secret)
	l.Sub("Recv").Debugf("%s", secret)
	l.Sub("Socket").Warnf("Dialing %s", secret)
	l.Warnf(disorderSays + ", message ordering is no longer guaranteed")
	if strings.Contains(b.String(), secret) || lost != 1 {
		t.Errorf("lost %d; logged %s", lost, b.String())
	}
	l.sent.begin("A")
	l.sent.begin("B")
	l.Sub("Send").Debugf("%s", &waBinary.Node{Tag: "message", Attrs: waBinary.Attrs{"id": "A"}})
	if !l.sent.end("A") || l.sent.end("B") || l.sent.end("C") {
		t.Error("it is not known what went to the socket")
	}
}
