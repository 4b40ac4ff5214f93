// SPDX-License-Identifier: Apache-2.0

// Package sim is a simulated Signal behind simulated signal-cli daemons (https://github.com/AsamK/signal-cli): they speak
// its JSON-RPC over a UNIX socket, TCP and HTTP, refuse what the real one refuses with the same words, do without effect
// what it does without effect, forget what it forgets, and fail on demand. Each account has a daemon of its own, as they
// should be run; Options.Together puts all into one.
//
// Whoever plays the people speaks the control API of package bridges/sim. A user is named by their ACI; a group's chat is
// "group." and its base64 id; the chat of a user and the first account is the user's ACI, that of a user and another account
// has the account's number after it: "ACI/+447700900502". A message is named by its author's ACI and the time at which it
// was sent, in milliseconds: "ACI/1700000000123"; its edits bring names of their own, by which it can be found too.
//
// The network's own loss is booked as the daemon loses things: what arrives while it receives for nobody, what it could not
// write, and what lay unread in a connection's buffers when its reader went. Which lines those were can be told on Linux, to
// a fraction of a millisecond over UNIX sockets; over TCP lines that were read some milliseconds before may be named too.
// Elsewhere the last 256 KiB before a reset count as lost. What a client has read counts as its own from then on. Entries of
// what is no new message have no text.
//
// A fault with an empty method strikes calls that change something (send, remoteDelete, sendReaction, …), "*" every call.
// Outages strike connections. Kinds that concern one person take that person's chat as Fault.Chat.
//
// The breaches that it books: ignored_parameter, unknown_method, bad_range (a mention or a style outside the text),
// late_edit, many_edits, foreign_edit, late_delete, foreign_delete, no_target (of a reaction, a delete, an edit, a vote),
// long_text, within_retry_after and second_reader (a message went to two connections).
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// Mode says when a daemon receives from Signal.
type Mode string

// The receive modes of signal-cli.
const (
	OnStart      Mode = "on-start"      // always, whether anybody listens or not
	OnConnection Mode = "on-connection" // while a client is connected
	Manual       Mode = "manual"        // while somebody has subscribed
)

// DefaultVersion is the version of signal-cli that a server says it is.
const DefaultVersion = "0.14.7"

// Options set up a server. The zero value is one account, linked, behind one daemon that receives when it is asked to.
type Options struct {
	// Accounts is how many accounts there are; 0 means one.
	Accounts int
	// Unlinked leaves the accounts without a daemon that knows them, until they are paired.
	Unlinked bool
	// Together puts all accounts into one daemon.
	Together bool
	// Single makes each daemon serve its first account alone, as with signal-cli's option -a.
	Single bool
	// Mode is when daemons receive; empty means Manual.
	Mode Mode
	// RPC is the transport that Ready and Snapshot tell: "unix", which is the default, "tcp" or "http".
	RPC string
	// Version is what the daemons say they are; empty means DefaultVersion.
	Version string
	// EventIDs makes the daemons number the events of their streams and keep the last of them, as signal-cli does after 0.14.6: a
	// client that names the last one that it has is given those after it.
	EventIDs bool
	// TrustAlways accepts new safety numbers; else they wait for the method trust.
	TrustAlways bool
	// NoReceipts keeps people's phones from telling that they have received something.
	NoReceipts bool
	// Folder holds sockets and the daemons' files; empty makes a temporary one, which goes with Close.
	Folder string
	// Files is a folder for outgoing files that bridge and daemon can both read. It is told in Ready, and with it the
	// folder of received files; empty means that they share none.
	Files string
	// Latency is added to every answer.
	Latency time.Duration
	// Keep is how many messages a chat, an account's queues and the ledger keep; 0 means 200,000.
	Keep int
	// LinkTimeout is for how long finishLink waits; 0 means a minute.
	LinkTimeout time.Duration
	// Seed makes ids and chances repeatable; 0 means 1.
	Seed uint64
	// Now is the world's clock; nil means time.Now. It moves on with the control API's Advance. Waits of faults always
	// use real time.
	Now func() time.Time
	// Log receives what happens, without texts and numbers; nil means nowhere.
	Log *slog.Logger
}

// Server is one simulated Signal with its daemons. Its methods are safe for concurrent use.
type Server struct {
	opts    Options
	log     *slog.Logger
	methods map[string]methodDef
	folder  string
	madeIt  bool // the folder is ours to remove

	mu         sync.Mutex
	rng        *rand.Rand
	clock      *control.Clock
	people     []*person
	byACI      map[string]*person
	accounts   []*account
	daemons    []*daemon
	groups     map[string]*group
	groupList  []*group
	chats      map[control.ChatID]*chatLog
	packs      map[string]*stickerPack
	lastNumber int
	faults     *control.Register[*fault]
	rec        records
	closing    bool

	life      context.Context // ends with Close
	end       context.CancelFunc
	running   sync.WaitGroup
	ctl       *control.Listener
	closeOnce sync.Once
}

// New makes a server that does not listen yet. It fails when the options make no sense or the folder cannot be made.
func New(opts Options) (*Server, error) {
	opts = withDefaults(opts)
	if opts.Mode != OnStart && opts.Mode != OnConnection && opts.Mode != Manual {
		return nil, fmt.Errorf("unknown receive mode %q", opts.Mode)
	}
	if opts.RPC != "unix" && opts.RPC != "tcp" && opts.RPC != "http" {
		return nil, fmt.Errorf("unknown transport %q", opts.RPC)
	}
	s := &Server{
		opts: opts, log: opts.Log, methods: methodTable(), rng: rand.New(rand.NewPCG(opts.Seed, opts.Seed)), byACI: map[string]*person{},
		groups: map[string]*group{}, chats: map[control.ChatID]*chatLog{},
		packs: map[string]*stickerPack{}, lastNumber: firstNumber, rec: newRecords(opts.Keep),
	}
	s.clock = control.NewClock(&s.mu, opts.Now)
	s.faults = control.NewRegister(&s.mu, &s.rec.Records, s.faultEnded)
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	s.makeAccounts()
	return s, nil
}

func withDefaults(o Options) Options {
	o.Accounts = max(o.Accounts, 1)
	if o.Mode == "" {
		o.Mode = Manual
	}
	if o.RPC == "" {
		o.RPC = "unix"
	}
	if o.Version == "" {
		o.Version = DefaultVersion
	}
	if o.LinkTimeout <= 0 {
		o.LinkTimeout = time.Minute
	}
	control.Defaults(&o.Keep, &o.Seed, &o.Now, &o.Log)
	return o
}

func (s *Server) makeFolder() error {
	s.folder = s.opts.Folder
	if s.folder != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "causeway-sig-*")
	if err != nil {
		return fmt.Errorf("make a folder for the daemons: %w", err)
	}
	s.folder, s.madeIt = dir, true
	return nil
}

// makeAccounts makes our accounts and the daemons that serve them.
func (s *Server) makeAccounts() {
	for i := range s.opts.Accounts {
		p := s.newPerson(fmt.Sprintf("Account %d", i+1), "", "")
		a := &account{person: p, linked: !s.opts.Unlinked, wake: make(chan struct{}, 1), trusted: map[*person]trust{}}
		p.account = a
		s.accounts = append(s.accounts, a)
		if i == 0 || !s.opts.Together {
			s.daemons = append(s.daemons, newDaemon(s, filepath.Join(s.folder, fmt.Sprintf("daemon-%d", i+1))))
		}
		a.daemon = s.daemons[len(s.daemons)-1]
		a.daemon.accounts = append(a.daemon.accounts, a)
	}
}

// now is the world's time. The caller holds s.mu.
func (s *Server) now() time.Time { return s.clock.Now() }

// Start listens and serves until Close; it does not block. The first daemon takes listenAddr for TCP (host:port, port 0
// picks one); HTTP and the other daemons take free ports of the same host.
func (s *Server) Start(listenAddr, controlAddr string) error {
	host, _, err := net.SplitHostPort(listenAddr)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	for i, d := range s.daemons {
		addr := net.JoinHostPort(host, "0")
		if i == 0 {
			addr = listenAddr
		}
		if err := d.start(addr, net.JoinHostPort(host, "0")); err != nil {
			return err
		}
	}
	if s.ctl, err = control.Listen(controlAddr, control.Handler(s.World()), s.log); err != nil {
		return fmt.Errorf("listen for control: %w", err)
	}
	for _, a := range s.accounts {
		s.running.Go(func() { s.receive(a) })
	}
	return nil
}

// Close ends all connections, waits for what runs and removes the folder that New made. It may be called more than once.
func (s *Server) Close() error {
	var errs []error
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closing = true
		for _, d := range s.daemons {
			d.down()
		}
		s.faults.Close()
		s.mu.Unlock()
		s.end()
		errs = append(errs, s.ctl.Close())
		s.running.Wait()
		if s.madeIt {
			errs = append(errs, os.RemoveAll(s.folder))
		}
	})
	return errors.Join(errs...)
}

// spawn runs f in a goroutine that Close waits for, unless it is too late. The caller holds s.mu.
func (s *Server) spawn(f func()) {
	if !s.closing {
		s.running.Go(f)
	}
}

// ControlURL is the address for control.NewClient. It is empty before Start.
func (s *Server) ControlURL() string { return s.ctl.URL() }

// Ready describes a started server; its config is that of the first account.
func (s *Server) Ready() control.Ready {
	a := s.accounts[0]
	return control.Ready{Network: "signal", API: a.daemon.address(s.opts.RPC), Control: s.ControlURL(), Config: s.configOf(a)}
}

// Address is where a daemon listens, as a bridge's config names it, for the transport "unix", "tcp" or "http". Daemons are
// numbered from 0. It is empty before Start.
func (s *Server) Address(daemon int, transport string) string {
	return s.daemons[daemon].address(transport)
}

// configOf is what a bridge's config needs to be this account.
func (s *Server) configOf(a *account) map[string]string {
	out := map[string]string{"number": a.number, "rpc": a.daemon.address(s.opts.RPC), "receive_mode": string(s.opts.Mode)}
	if s.opts.Mode == OnStart {
		out["receive_mode"] = string(OnConnection) // a client does the same
	}
	if s.opts.Files != "" {
		out["files_dir"], out["attachments_dir"] = s.opts.Files, a.daemon.attachments()
	}
	return out
}

var _ io.Closer = (*Server)(nil)
