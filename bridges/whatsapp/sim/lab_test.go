// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// patience bounds every wait: it is long, because a busy machine is no mistake of the server.
const patience = 2 * time.Minute

// lab is a running server with its control client.
type lab struct {
	*testing.T
	server *Server
	people *control.Client
}

func newLab(t *testing.T, opts Options) *lab {
	t.Helper()
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(newQuietOutput(t), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, server: s, people: control.NewClient(s.ControlURL())}
	t.Cleanup(func() {
		l.people.Close()
		if err := s.Close(); err != nil {
			t.Error("close the server: ", err)
		}
	})
	return l
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) user(name string) control.UserID {
	l.Helper()
	u, err := l.people.CreateUser(l.Context(), control.NewUser{Name: name})
	l.must(err)
	return u.User
}

func (l *lab) group(g control.NewGroup) control.ChatID {
	l.Helper()
	if g.Title == "" {
		g.Title = "Group"
	}
	id, err := l.people.CreateGroup(l.Context(), g)
	l.must(err)
	return id
}

func (l *lab) post(p control.Post) control.MessageID {
	l.Helper()
	id, err := l.people.Post(l.Context(), p)
	l.must(err)
	return id
}

func (l *lab) fault(f control.Fault) control.FaultID {
	l.Helper()
	id, err := l.people.SetFault(l.Context(), f)
	l.must(err)
	return id
}

func (l *lab) clear(id control.FaultID) {
	l.Helper()
	l.must(l.people.ClearFault(l.Context(), id))
}

// sees waits until somebody sees what ok wants.
func (l *lab) sees(chat control.ChatID, user control.UserID, what string, ok func(control.View) bool) control.View {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	v, err := l.people.WaitUntil(ctx, control.See{Chat: chat, User: user}, ok)
	if err != nil {
		l.Fatalf("%s: %v; on the screen: %+v", what, err, v.Messages)
	}
	return v
}

// wait waits for a condition that nothing tells of.
func (l *lab) wait(what string, ok func() bool) {
	l.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			l.Fatalf("it never came to this: %s", what)
		}
	}
}

func (l *lab) counters() control.Counters {
	l.Helper()
	c, err := l.people.Counters(l.Context())
	l.must(err)
	return c
}

// seen waits for one message.
func (l *lab) seen(chat control.ChatID, user control.UserID, text string) control.Seen {
	l.Helper()
	var found control.Seen
	l.sees(chat, user, fmt.Sprintf("%q", text), func(v control.View) bool {
		for _, m := range v.Messages {
			if m.Text == text {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// gadget is the real client library as a bridge uses it: its session in a file, through proxy, TLS and handshake.
type gadget struct {
	*lab
	db     string
	client *whatsmeow.Client
	heard  *heard
	gate   sync.RWMutex // held by a test, nothing is sent again
}

// gadget makes a client that is not paired.
func (l *lab) gadget() *gadget {
	l.Helper()
	// A folder's name holds the test's, and a # in it would end the file's name.
	g := &gadget{lab: l, db: strings.ReplaceAll(filepath.Join(l.TempDir(), "session.db"), "#", "%23")}
	g.open()
	return g
}

// open opens the session as a new process would.
func (g *gadget) open() {
	g.Helper()
	db, err := sql.Open("sqlite", "file:"+g.db+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate")
	g.must(err)
	db.SetMaxOpenConns(1)
	container := sqlstore.NewWithDB(db, "sqlite", nil)
	g.must(container.Upgrade(g.Context()))
	dev, err := container.GetFirstDevice(g.Context())
	g.must(err)
	g.heard = newHeard()
	c := whatsmeow.NewClient(dev, testLog(g.T))
	transport := &http.Transport{Proxy: http.ProxyURL(g.proxy()), TLSClientConfig: &tls.Config{RootCAs: g.roots()}}
	c.SetWebsocketHTTPClient(&http.Client{Transport: transport, Timeout: patience})
	c.SetPreLoginHTTPClient(&http.Client{Transport: transport, Timeout: patience})
	c.SetMediaHTTPClient(&http.Client{Transport: transport})
	c.EnableAutoReconnect, c.SynchronousAck, c.EnableDecryptedEventBuffer = false, true, true
	c.AddEventHandlerWithSuccessStatus(g.heard.handle)
	c.PreRetryCallback = func(*events.Receipt, types.MessageID, int, *waE2E.Message) bool {
		g.gate.RLock()
		defer g.gate.RUnlock()
		return true
	}
	g.client = c
	g.Cleanup(func() {
		c.Disconnect()
		transport.CloseIdleConnections()
		_ = db.Close()
	})
}

func (l *lab) proxy() *url.URL {
	u, err := url.Parse(l.server.ProxyURL())
	l.must(err)
	return u
}

func (l *lab) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(l.server.CAPEM()) {
		l.Fatal("the certificate is none")
	}
	return pool
}

// paired makes a client that is linked and connected.
func (l *lab) paired() *gadget {
	l.Helper()
	g := l.gadget()
	g.must(g.client.Connect())
	qr := await[*events.QR](g, "a QR code")
	g.must(g.people.Pair(g.Context(), control.Pair{QR: qr.Codes[0]}))
	g.connected()
	g.wait("its phone has told it everything", func() bool {
		g.server.mu.Lock()
		defer g.server.mu.Unlock()
		d := g.server.directory.findDevice(*g.client.Store.ID)
		return d.toldAll && d.queue.open == 0
	})
	return g
}

// connected waits for the login and for what waited.
func (g *gadget) connected() {
	g.Helper()
	await[*events.Connected](g, "the login")
	await[*events.OfflineSyncPreview](g, "how much waits")
	await[*events.OfflineSyncCompleted](g, "what waited")
}

// connect connects a client that is linked.
func (g *gadget) connect() {
	g.Helper()
	g.must(g.client.Connect())
	g.connected()
}

// stored counts the sessions in the file.
func (g *gadget) stored() (n int) {
	g.Helper()
	db, err := sql.Open("sqlite", "file:"+g.db+"?_pragma=busy_timeout(5000)")
	g.must(err)
	defer db.Close()
	g.must(db.QueryRowContext(g.Context(), "SELECT COUNT(*) FROM whatsmeow_device").Scan(&n))
	return n
}

// says sends a text.
func (g *gadget) says(chat control.ChatID, text string) whatsmeow.SendResponse {
	g.Helper()
	r, err := g.send(chat, &waE2E.Message{Conversation: proto.String(text)})
	g.must(err)
	return r
}

func (g *gadget) send(chat control.ChatID, m *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error) {
	g.Helper()
	to, err := types.ParseJID(string(chat))
	g.must(err)
	ctx, cancel := context.WithTimeout(g.Context(), patience)
	defer cancel()
	return g.client.SendMessage(ctx, to, m, extra...)
}

// hears waits for a message with a text and returns it.
func (g *gadget) hears(text string) *events.Message {
	g.Helper()
	return awaitThat(g, fmt.Sprintf("%q", text), func(ev *events.Message) bool { return textOf(ev.Message) == text })
}

func textOf(m *waE2E.Message) string {
	if t := m.GetExtendedTextMessage().GetText(); t != "" {
		return t
	}
	return m.GetConversation()
}

// quietOutput is a test's output until the test ends; a client's goroutines may end later.
type quietOutput struct {
	mu sync.Mutex
	w  io.Writer
}

func newQuietOutput(t *testing.T) *quietOutput {
	q := &quietOutput{w: t.Output()}
	t.Cleanup(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.w = io.Discard
	})
	return q
}

func (q *quietOutput) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.w.Write(p)
}

// testLog shows the client's log if a test fails; whole stanzas are left out.
func testLog(t *testing.T) waLog.Logger {
	return voice{log: slog.New(slog.NewTextHandler(newQuietOutput(t), &slog.HandlerOptions{Level: slog.LevelDebug}))}
}
