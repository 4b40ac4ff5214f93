// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// get asks the router's web address.
func (l *live) get(t *testing.T, path string) (code int, body string) {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(fmt.Sprintf("http://%s%s", l.addr, path))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestHealthAndMetricsOfARunningRouter(t *testing.T) {
	l := newLive(t)
	l.backlog(t, 2)
	waitFor(t, "readiness", func() bool {
		code, body := l.get(t, "/readyz")
		return code == 200 && body == `{"ready":true,"sentence":"","accounts":[{"name":"tg","network":"telegram","state":"connected"}]}`+"\n"
	})
	if code, body := l.get(t, "/livez"); code != 200 || body != "ok\n" {
		t.Errorf("livez: %d %s", code, body)
	}
	_, body := l.get(t, "/metrics")
	for _, want := range []string{`causeway_deliveries_waiting{account="tg"} 2`, `causeway_events_total{account="tg",kind="message"`,
		`causeway_account_state{account="tg",network="telegram",state="connected"} 1`, "causeway_store_commit_seconds_count "} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
	if strings.Contains(body, "message 0") || strings.Contains(body, `"-1"`) || strings.Contains(body, "ada") {
		t.Errorf("metrics name chats or people:\n%s", body)
	}
}

// manager is a service manager that hears datagrams.
type manager struct {
	mu    sync.Mutex
	heard []string
}

func listenAsManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "cw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	addr := filepath.Join(dir, "notify")
	conn, err := net.ListenPacket("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", addr)
	t.Setenv("WATCHDOG_USEC", "20000")
	m, ended := &manager{}, make(chan bool)
	go func() {
		defer close(ended)
		m.listen(conn)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	return m
}

func (m *manager) listen(conn net.PacketConn) {
	for b := make([]byte, 4096); ; {
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.heard = append(m.heard, string(b[:n]))
		m.mu.Unlock()
	}
}

func (m *manager) has(line string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.heard, line)
}

func TestServiceManagerHearsOfStartProgressAndEnd(t *testing.T) {
	const stopping = "STOPPING=1\nSTATUS=finishing what is in flight"
	m := listenAsManager(t)
	l := newLive(t)
	if os.Getenv("NOTIFY_SOCKET") != "" {
		t.Error("bridges could speak for the service")
	}
	for _, line := range []string{"READY=1\nSTATUS=accounts: 1", "WATCHDOG=1"} {
		waitFor(t, line, func() bool { return m.has(line) })
	}
	if m.has(stopping) {
		t.Error("it stops already")
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the end", func() bool { return m.has(stopping) })
}
