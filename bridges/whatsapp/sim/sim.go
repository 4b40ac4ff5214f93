// SPDX-License-Identifier: GPL-3.0-or-later

// Package sim is a simulated WhatsApp that the real client library cannot tell from the real one: a server that speaks its
// wire protocol behind a CONNECT proxy on loopback, and people with phones. A phone is the same library, logged in as
// device 0, so that every message is really encrypted by one client and decrypted by another; the server sees neither.
//
// Bridges pair with the accounts of this world as linked devices: the phone of an account scans what a bridge shows, or
// types its code, when the control API says so. Whoever plays the people speaks the control API of package bridges/sim.
//
// A user is named by their LID, "100000000000002@lid"; so is an account as a user, which else goes by its number,
// "447700900001". A group is named by its address, "120363000000000001@g.us"; the chat of a user and the first account by
// the user's LID; that of a user and another account has the account's number after it,
// "100000000000002@lid/447700900002". A message is named by its sender's LID and the id that the sender chose, for senders
// choose ids: "100000000000002/3EB0…".
//
// A fault with an empty method strikes messages that an account sends (and, where the kind says so, those that it is
// sent); a query is named by namespace and first child, for example "w:g2/query"; what comes before a session is connect,
// upgrade and handshake; a transfer of a file is upload and download; "*" strikes every call.
package sim

import (
	"context"
	"crypto/ecdsa"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// Options set up a server. The zero value is a server with one account, groups in LID mode and no faults.
type Options struct {
	// Accounts is how many accounts bridges can pair with; 0 means one.
	Accounts int
	// Mode is the address space of new groups; empty means LID.
	Mode types.AddressingMode
	// RequiredVersion is the oldest client that may log in, for example "2.3000.1"; empty means any.
	RequiredVersion string
	// Latency is added to every answer to a linked device.
	Latency time.Duration
	// Keep is how many messages a chat, the server, what waits for a device, and the ledger keep; 0 means 200,000.
	Keep int
	// MaxUpload is the largest file that the media hosts take; 0 means 100 MiB.
	MaxUpload int64
	// Seed makes chances repeatable; 0 means 1. Keys are never repeatable.
	Seed uint64
	// Now is the world's clock; nil means time.Now. It moves on with the control API's Advance. Waits of faults always
	// use real time.
	Now func() time.Time
	// Log receives what happens, without texts and numbers; nil means nowhere.
	Log *slog.Logger
}

// Server is one simulated WhatsApp. Its methods are safe for concurrent use.
type Server struct {
	opts      Options
	log       *slog.Logger
	authority *authority
	static    *keys.KeyPair
	passkey   *ecdsa.PrivateKey
	shownCode string // on a phone, to be compared with a device's
	directory *directory
	mediaAuth string // what a client must show to upload
	dir       string // holds the certificate authority's file, and those of the media hosts

	mu         sync.Mutex
	rng        *rand.Rand
	clock      *control.Clock
	required   store.WAVersionContainer
	people     []*person
	accounts   []*person
	groups     map[types.JID]*group
	groupList  []*group
	messages   map[messageKey]*message
	messageLog []*message
	pairings   []*pairing
	misdeeds   map[string]bool
	lastPerson uint64
	lastNumber uint64
	lastGroup  uint64
	lastStanza uint64
	lastNotice uint64
	faults     *control.Register[*fault]
	rec        records

	life      context.Context // ends with Close
	end       context.CancelFunc
	running   sync.WaitGroup
	closing   bool // guarded by mu; nothing may begin any more
	inside    *doorway
	tunnels   *doorway
	servers   []*http.Server
	proxy     *control.Listener
	ctl       *control.Listener
	closeOnce sync.Once
}

// New makes a server that does not listen yet.
func New(opts Options) (*Server, error) {
	opts = withDefaults(opts)
	root()
	ca, err := newAuthority("*.whatsapp.com", "*.whatsapp.net")
	if err != nil {
		return nil, err
	}
	required, err := parseVersion(opts.RequiredVersion)
	if err != nil {
		return nil, err
	}
	passkey, err := newPasskey()
	if err != nil {
		return nil, err
	}
	s := &Server{
		passkey: passkey, opts: opts, log: opts.Log, authority: ca, static: keys.NewKeyPair(), directory: newDirectory(), mediaAuth: cryptorand.Text(),
		rng: rand.New(rand.NewPCG(opts.Seed, opts.Seed)), required: required,
		groups: map[types.JID]*group{}, messages: map[messageKey]*message{}, misdeeds: map[string]bool{},
		rec: newRecords(opts.Keep), inside: newDoorway(), tunnels: newDoorway(),
	}
	s.clock = control.NewClock(&s.mu, opts.Now)
	s.faults = control.NewRegister(&s.mu, &s.rec.Records, s.faultEnded)
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Accounts <= 0 {
		o.Accounts = 1
	}
	if o.Mode == "" {
		o.Mode = types.AddressingModeLID
	}
	if o.RequiredVersion == "" {
		o.RequiredVersion = "2.0.0"
	}
	if o.MaxUpload <= 0 {
		o.MaxUpload = 100 << 20
	}
	control.Defaults(&o.Keep, &o.Seed, &o.Now, &o.Log)
	return o
}

func (s *Server) now() time.Time { return s.clock.Now() }

// nextID numbers the server's own stanzas.
func (s *Server) nextID() string {
	s.lastStanza++
	return "sim-" + strconv.FormatUint(s.lastStanza, 10)
}

func (s *Server) requiredVersion() store.WAVersionContainer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.required
}

// Start listens on both addresses (host:port, port 0 picks one), connects the accounts' phones and serves until Close.
// It blocks only until all that is done.
func (s *Server) Start(listenAddr, controlAddr string) (err error) {
	if err := s.writeAuthority(); err != nil {
		return err
	}
	s.listen(&http.Server{Handler: http.HandlerFunc(s.serveHosts), ReadHeaderTimeout: 30 * time.Second, TLSConfig: s.tlsConfig()}, s.tunnels, true)
	s.listen(&http.Server{Handler: http.HandlerFunc(s.serveHosts), ConnContext: markInside}, s.inside, false)
	if s.proxy, err = control.Listen(listenAddr, http.HandlerFunc(s.serveProxy), s.log); err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	if s.ctl, err = control.Listen(controlAddr, control.Handler(s.World()), s.log); err != nil {
		return fmt.Errorf("listen for control: %w", err)
	}
	return s.connectAccounts()
}

func (s *Server) listen(h *http.Server, l net.Listener, secret bool) {
	h.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.servers = append(s.servers, h)
	s.running.Go(func() {
		if secret {
			_ = h.ServeTLS(l, "", "")
			return
		}
		_ = h.Serve(l)
	})
}

// enter lets something begin that Close waits for, until it calls s.running.Done; false means that it is too late.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.running.Add(1)
	}
	return !s.closing
}

// spawn runs f in a goroutine that Close waits for, unless it is too late. The caller holds s.mu.
func (s *Server) spawn(f func()) {
	if !s.closing {
		s.running.Go(f)
	}
}

// writeAuthority puts the certificate of the authority into a file, for an account's endpoint.ca_file.
func (s *Server) writeAuthority() error {
	dir, err := os.MkdirTemp("", "causeway-wa-*")
	if err != nil {
		return fmt.Errorf("make a folder for the certificate: %w", err)
	}
	s.dir = dir
	if err := os.WriteFile(s.caFile(), s.authority.pem, 0o600); err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	return nil
}

func (s *Server) caFile() string { return filepath.Join(s.dir, "sim-ca.pem") }

// connectAccounts makes the accounts of ours, each with a phone.
func (s *Server) connectAccounts() error {
	for i := range s.opts.Accounts {
		s.mu.Lock()
		p := s.newPerson(fmt.Sprintf("Account %d", i+1), s.freshNumber(), true)
		s.accounts = append(s.accounts, p)
		ph := p.phone
		s.mu.Unlock()
		if err := ph.connect(s.life); err != nil {
			return err
		}
	}
	return nil
}

// freshNumber is a phone number of nobody, from a range that is kept for fiction.
func (s *Server) freshNumber() string {
	for {
		s.lastNumber++
		number := strconv.FormatUint(447700900000+s.lastNumber, 10)
		if s.directory.find(types.NewJID(number, types.DefaultUserServer)) == nil {
			return number
		}
	}
}

// Close ends all connections, waits for what runs and removes the authority's file. It may be called more than once.
func (s *Server) Close() error {
	var errs []error
	s.closeOnce.Do(func() {
		s.mu.Lock()
		var phones []*phone
		for _, p := range s.people {
			phones = append(phones, p.phone)
		}
		s.closing = true
		s.faults.Close()
		s.mu.Unlock()
		for _, ph := range phones {
			ph.client.Disconnect()
		}
		s.end()
		_ = s.tunnels.Close()
		_ = s.inside.Close()
		errs = append(errs, s.proxy.Close(), s.ctl.Close())
		for _, h := range s.servers {
			errs = append(errs, h.Close())
		}
		s.running.Wait()
		if s.dir != "" {
			errs = append(errs, os.RemoveAll(s.dir))
		}
	})
	return errors.Join(errs...)
}

// ProxyURL is the address for an account's proxy. It is empty before Start.
func (s *Server) ProxyURL() string { return s.proxy.URL() }

// ControlURL is the address for control.NewClient. It is empty before Start.
func (s *Server) ControlURL() string { return s.ctl.URL() }

// CAPEM is the certificate of the authority behind all hosts.
func (s *Server) CAPEM() []byte { return s.authority.pem }

// Ready describes a started server; its config is that of every account: which one a bridge is, is decided by the phone
// that links it.
func (s *Server) Ready() control.Ready {
	return control.Ready{Network: "whatsapp", API: s.ProxyURL(), Control: s.ControlURL(), Config: s.config()}
}

func (s *Server) config() map[string]string {
	return map[string]string{"proxy": s.ProxyURL(), "ca_file": s.caFile(), "root_key": RootKey()}
}

// wait sleeps; false means that ctx ended or the server closed before.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	return control.Wait(d, ctx.Done(), s.life.Done())
}

var _ io.Closer = (*Server)(nil)
