// SPDX-License-Identifier: Apache-2.0

// Package sim is a strict simulator of the Telegram Bot API server: what the real one refuses it refuses with
// the same words, and it fails on demand. Its model is the public source of the server,
// https://github.com/tdlib/telegram-bot-api, and the documentation at https://core.telegram.org/bots/api.
//
// Bots speak to it over HTTP on one loopback address; whoever plays the people speaks the control API of
// package bridges/sim on another. Several bots can live in one world.
//
// A fault with an empty method strikes the calls that change something (sends, edits, deletions, reactions,
// topics); "*" strikes every call, and outages and refused credentials always do. A conflict strikes polls;
// downloads go by the method "file", and those kinds that spoil a file strike nothing else.
//
// The breaches that it books: malformed (no state of the world could have let the call succeed),
// within_retry_after, dead_chat (posted again to a chat after being told that it cannot), two_polls, busy_poll
// and confirmed_undelivered.
package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// DefaultToken is the token of the bot of a server that was given none. It is no secret: it opens nothing
// but a simulator.
const DefaultToken = "7000000001:SIMULATED-BOT-TOKEN-OPENS-NOTHING-AT-ALL"

// Options set up a server. The zero value is a server with one bot, no limits and no faults.
type Options struct {
	// Bots are the accounts; none means one with DefaultToken.
	Bots []BotOptions
	// Limits paces the bots as the real server is said to; nil means no limits.
	Limits *Limits
	// Latency is added to every call but getUpdates, half of it before the call takes effect.
	Latency time.Duration
	// Keep is how many messages a chat keeps, and how many entries the ledger; 0 means 200,000.
	Keep int
	// CountersOnly keeps neither the ledger's messages nor the list of requests: their numbers alone.
	CountersOnly bool
	// KeepFile is how many bytes of an uploaded file are kept for viewers; larger files are hashed alone. 0
	// means 4 MiB.
	KeepFile int64
	// Local makes it a self-hosted server that shares the folder of this name with its bots: getFile answers with
	// the absolute path of a file in it, files may be sent by their path, and they may have 2000 MB. Empty means
	// the public server. The files stay when the server closes.
	Local string
	// Seed makes ids and chances repeatable; 0 means 1.
	Seed uint64
	// Now is the world's clock; nil means time.Now. It moves on with the control API's Advance. Waits of
	// polls and of faults always use real time.
	Now func() time.Time
	// Log receives what happens, without texts and tokens; nil means nowhere.
	Log *slog.Logger
}

// BotOptions describe one bot.
type BotOptions struct {
	// Token is "<id>:<anything>"; the number before the colon becomes the bot's user id.
	Token    string
	Username string // empty means causeway_<id>_bot
	Name     string // empty means "Causeway"
	// ReadsAll switches privacy mode off, which is on by default.
	ReadsAll bool
}

// Server is one simulated Telegram. Its methods are safe for concurrent use.
type Server struct {
	opts Options
	log  *slog.Logger

	mu          sync.Mutex
	rng         *rand.Rand
	seed        maphash.Seed // of the hashes that find duplicates
	clock       *control.Clock
	bots        map[string]*bot
	botList     []*bot
	users       map[int64]*user
	userList    []*user
	chats       map[int64]*chat
	chatList    []*chat
	privates    map[privateKey]*chat
	ownChannels map[*user]*chat // made for users who write as a channel
	nextUser    int64
	nextGroup   int64
	nextFile    int64
	files       map[string]*media
	fileIDs     []string
	spool       spool

	faults     *control.Register[*fault]
	noPictures map[[sha256.Size]byte]bool // files that a fault has made unreadable
	redeliver  map[*bot]bool
	limiter    limiter
	rec        records

	closed    chan struct{}
	closeOnce sync.Once
	api, ctl  *control.Listener
}

type privateKey struct{ bot, user int64 }

// New makes a server that does not listen yet. It fails on a bad or repeated token.
func New(opts Options) (*Server, error) {
	opts = withDefaults(opts)
	s := &Server{
		opts: opts, log: opts.Log, seed: maphash.MakeSeed(), rng: rand.New(rand.NewPCG(opts.Seed, opts.Seed)),
		bots: map[string]*bot{}, users: map[int64]*user{}, chats: map[int64]*chat{}, privates: map[privateKey]*chat{},
		ownChannels: map[*user]*chat{},
		nextUser:    5_000_000_001, nextGroup: 1, files: map[string]*media{},
		redeliver: map[*bot]bool{}, noPictures: map[[sha256.Size]byte]bool{}, closed: make(chan struct{}),
	}
	s.clock = control.NewClock(&s.mu, opts.Now)
	s.limiter = newLimiter(opts.Limits)
	s.spool.local = opts.Local
	s.rec = newRecords(opts.Keep, opts.CountersOnly)
	s.faults = control.NewRegister[*fault](&s.mu, &s.rec.Records, nil)
	s.addPseudoUsers()
	for _, b := range opts.Bots {
		if err := s.addBot(b); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func withDefaults(o Options) Options {
	if len(o.Bots) == 0 {
		o.Bots = []BotOptions{{Token: DefaultToken}}
	}
	if o.KeepFile <= 0 {
		o.KeepFile = 4 << 20
	}
	control.Defaults(&o.Keep, &o.Seed, &o.Now, &o.Log)
	return o
}

// addPseudoUsers makes those whom the network shows where a chat wrote, and not a user.
func (s *Server) addPseudoUsers() {
	for _, u := range []*user{
		{id: serviceUser, name: "Telegram"},
		{id: anonymousUser, name: "Group", username: "GroupAnonymousBot", isBot: true},
		{id: channelUser, name: "Channel", username: "Channel_Bot", isBot: true},
	} {
		s.users[u.id] = u
	}
}

func (s *Server) addBot(o BotOptions) error {
	idText, secret, _ := strings.Cut(o.Token, ":")
	id, err := strconv.ParseInt(idText, 10, 64)
	if err != nil || id <= 0 || secret == "" {
		return errors.New("a bot's token must be <number>:<secret>")
	}
	if s.users[id] != nil {
		return fmt.Errorf("two bots have the id %d", id)
	}
	if o.Username == "" {
		o.Username = fmt.Sprintf("causeway_%d_bot", id)
	}
	if o.Name == "" {
		o.Name = "Causeway"
	}
	u := &user{id: id, name: o.Name, username: o.Username, isBot: true}
	b := &bot{
		token: o.Token, user: u, first: len(s.botList) == 0, readAll: o.ReadsAll, allowed: defaultAllowed(),
		unsent: map[int64]int{}, told: map[toldKey]time.Time{}, dead: map[int64]bool{},
	}
	b.queue.nextID = 1 + s.rng.Int64N(1<<29)
	s.users[id] = u
	s.bots[o.Token] = b
	s.botList = append(s.botList, b)
	return nil
}

func (s *Server) now() time.Time { return s.clock.Now() }

// Start listens on both addresses (host:port, port 0 picks one) and serves until Close. It does not block.
func (s *Server) Start(listenAddr, controlAddr string) (err error) {
	if s.api, err = control.Listen(listenAddr, s, s.log); err != nil {
		return fmt.Errorf("listen for bots: %w", err)
	}
	if s.ctl, err = control.Listen(controlAddr, control.Handler(s.World()), s.log); err != nil {
		return errors.Join(fmt.Errorf("listen for control: %w", err), s.api.Close())
	}
	return nil
}

// Close ends all connections and waits for the listeners. It may be called more than once.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		close(s.closed)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults.Close()
	})
	return errors.Join(s.api.Close(), s.ctl.Close(), s.spool.close())
}

// URL is the address for a bridge's api_url. It is empty before Start.
func (s *Server) URL() string { return s.api.URL() }

// ControlURL is the address for control.NewClient. It is empty before Start.
func (s *Server) ControlURL() string { return s.ctl.URL() }

// Ready describes a started server; its config is that of the first bot.
func (s *Server) Ready() control.Ready {
	return control.Ready{
		Network: "telegram", API: s.URL(), Control: s.ControlURL(),
		Config: s.configOf(s.botList[0]),
	}
}

// configOf is what a bridge's config needs to be this bot.
func (s *Server) configOf(b *bot) map[string]string {
	out := map[string]string{"api_url": s.URL(), "token": b.token}
	if s.opts.Local != "" {
		out["files_dir"] = s.opts.Local
	}
	return out
}

// wait sleeps; false means that ctx ended or the server closed before.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	return control.Wait(d, ctx.Done(), s.closed)
}

var _ http.Handler = (*Server)(nil)
var _ io.Closer = (*Server)(nil)
