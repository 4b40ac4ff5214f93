// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// patience bounds every wait of a test: it is long, because a busy machine is no mistake of the daemon.
const patience = 2 * time.Minute

// town is a simulator, which receives on connection if nothing else is said, with two people, a group and a client of the control API.
type town struct {
	*testing.T
	s        *Server
	people   *control.Client
	ana, ben control.UserID
	group    control.ChatID
}

func newTown(t *testing.T, opts Options) *town {
	t.Helper()
	opts.Folder = t.TempDir()
	if opts.Mode == "" {
		opts.Mode = OnConnection
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w := &town{T: t, s: s, people: control.NewClient(s.ControlURL())}
	t.Cleanup(func() {
		w.people.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.ana, w.ben = w.user("Ana Lima"), w.user("Ben")
	w.group, err = w.people.CreateGroup(t.Context(), control.NewGroup{Title: "Quay", Members: []control.UserID{w.ana, w.ben}})
	w.must(err)
	return w
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) user(name string) control.UserID {
	w.Helper()
	u, err := w.people.CreateUser(w.Context(), control.NewUser{Name: name})
	w.must(err)
	return u.User
}

func (w *town) post(text string) control.MessageID {
	return w.say(control.Post{Content: control.Content{Text: text}})
}

// say posts as Ana in the group, unless the post says otherwise.
func (w *town) say(p control.Post) control.MessageID {
	w.Helper()
	if p.Chat == "" {
		p.Chat = w.group
	}
	if p.User == "" && p.As == "" {
		p.User = w.ana
	}
	id, err := w.people.Post(w.Context(), p)
	w.must(err)
	return id
}

func (w *town) fault(f control.Fault) control.FaultID {
	w.Helper()
	id, err := w.people.SetFault(w.Context(), f)
	w.must(err)
	return id
}

func (w *town) clear(id control.FaultID) {
	w.Helper()
	w.must(w.people.ClearFault(w.Context(), id))
}

// seen is what Ana sees in a chat.
func (w *town) seen(c control.ChatID) []control.Seen {
	w.Helper()
	v, err := w.people.See(w.Context(), control.See{Chat: c, User: w.ana})
	w.must(err)
	return v.Visible()
}

func (w *town) ledger() control.Ledger {
	w.Helper()
	l, err := w.people.Ledger(w.Context())
	w.must(err)
	return l
}

// lost are the texts that the daemon lost.
func (w *town) lost() []string {
	var out []string
	for _, e := range w.ledger().Lost {
		if e.Text != "" { // what is no message has none
			out = append(out, e.Text)
		}
	}
	return out
}

func (w *town) counters() control.Counters {
	w.Helper()
	c, err := w.people.Counters(w.Context())
	w.must(err)
	return c
}

// groupID is the group as the daemon names it.
func (w *town) groupID() string { return strings.TrimPrefix(string(w.group), "group.") }

// wire is a client of a daemon that speaks lines.
type wire struct {
	*town
	nc    net.Conn
	in    *bufio.Scanner
	n     int
	early []answer // what came while an answer was awaited, oldest first
}

// dial connects over "unix" or "tcp".
func (w *town) dial(transport string) *wire {
	w.Helper()
	scheme, addr, _ := strings.Cut(w.s.Address(0, transport), "://")
	nc, err := net.Dial(scheme, addr)
	w.must(err)
	w.must(nc.SetDeadline(time.Now().Add(patience)))
	c := &wire{town: w, nc: nc, in: bufio.NewScanner(nc)}
	c.in.Buffer(nil, 32<<20)
	w.Cleanup(func() { _ = nc.Close() })
	return c
}

// line reads the next line, nil at the end.
// finish asks nothing more and reads to the end, as a client does that wants to lose nothing.
func (c *wire) finish() {
	c.Helper()
	c.must(c.nc.(interface{ CloseWrite() error }).CloseWrite())
	_, err := io.Copy(io.Discard, c.nc)
	c.must(err)
}

func (c *wire) line() []byte {
	if !c.in.Scan() {
		return nil
	}
	return bytes.Clone(c.in.Bytes())
}

// tell writes a line.
func (c *wire) tell(line string) {
	c.Helper()
	_, err := c.nc.Write([]byte(line + "\n"))
	c.must(err)
}

// answer is what comes back for a call.
type answer struct {
	Result json.RawMessage
	Error  *failure
	ID     json.RawMessage
	Method string
	Params json.RawMessage
}

// call makes a call and reads on until its answer; what is received meanwhile is dropped.
func (c *wire) call(method, params string) answer {
	c.Helper()
	c.n++
	c.tell(`{"jsonrpc":"2.0","id":` + string(encode(c.n)) + `,"method":"` + method + `","params":` + params + `}`)
	return c.read(func(a answer) bool {
		mine := string(a.ID) == string(encode(c.n))
		if !mine {
			c.early = append(c.early, a)
		}
		return mine
	})
}

// next takes what came before an answer, and then reads, until ok.
func (c *wire) next(ok func(answer) bool) answer {
	c.Helper()
	for len(c.early) > 0 {
		a := c.early[0]
		c.early = c.early[1:]
		if ok(a) {
			return a
		}
	}
	return c.read(ok)
}

// read reads until ok.
func (c *wire) read(ok func(answer) bool) answer {
	c.Helper()
	for {
		line := c.line()
		if line == nil {
			c.Fatalf("the connection ended: %v", c.in.Err())
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			c.Fatalf("%.200q: %v", line, err)
		}
		if ok(a) {
			return a
		}
	}
}

// received reads until an envelope for which ok holds.
func (c *wire) received(ok func(envelope) bool) envelope {
	c.Helper()
	var env envelope
	c.next(func(a answer) bool {
		var p struct {
			Envelope envelope
			Result   struct{ Envelope envelope }
		}
		if a.Method != "receive" || json.Unmarshal(a.Params, &p) != nil {
			return false
		}
		if env = p.Envelope; p.Result.Envelope.SourceUUID != "" {
			env = p.Result.Envelope
		}
		return ok(env)
	})
	return env
}

// text waits for the message that says something.
func (c *wire) text(text string) envelope {
	c.Helper()
	return c.received(func(env envelope) bool {
		return env.Data != nil && env.Data.Message != nil && *env.Data.Message == text
	})
}

// sent sends a text to the group and returns its time.
func (c *wire) sent(text string) uint64 {
	c.Helper()
	return c.did(c.call("send", `{"groupId":"`+c.groupID()+`","message":`+string(encode(text))+`}`))
}

func (c *wire) did(a answer) uint64 {
	c.Helper()
	var out sent
	if a.Error != nil {
		c.Fatalf("%+v", a.Error)
	}
	c.must(json.Unmarshal(a.Result, &out))
	return out.Timestamp
}
