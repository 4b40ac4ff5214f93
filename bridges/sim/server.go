// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// World is what a network's simulator can do, as data: one function per route. A nil function answers
// ErrNotSupported. Functions are called from many goroutines. They take as long as the network takes, See and Pair as long as
// somebody else, and end when ctx does.
type World struct {
	Snapshot     func(ctx context.Context) (Snapshot, error)
	CreateUser   func(ctx context.Context, in NewUser) (UserReply, error)
	CreateGroup  func(ctx context.Context, in NewGroup) (ChatReply, error)
	ChangeGroup  func(ctx context.Context, in GroupChange) (ChatReply, error)
	ChangeTopic  func(ctx context.Context, in TopicChange) (ChatReply, error)
	ChangeMember func(ctx context.Context, in MemberChange) error
	Pair         func(ctx context.Context, in Pair) error

	Post   func(ctx context.Context, in Post) (MessageReply, error)
	Edit   func(ctx context.Context, in Edit) error
	Delete func(ctx context.Context, in Delete) error
	React  func(ctx context.Context, in React) error
	Vote   func(ctx context.Context, in Vote) error
	Pin    func(ctx context.Context, in Pin) error
	See    func(ctx context.Context, in See) (View, error)

	SetFault   func(ctx context.Context, in Fault) (FaultReply, error)
	ClearFault func(ctx context.Context, in Clear) error
	Advance    func(ctx context.Context, in Advance) error
	Inject     func(ctx context.Context, in Inject) error

	Counters func(ctx context.Context) (Counters, error)
	Requests func(ctx context.Context) (RequestsReply, error)
	Ledger   func(ctx context.Context) (Ledger, error)
}

// Route is one route of the control API.
type Route struct {
	Method string
	Path   string
	// Help says in a few words what it does.
	Help string

	handler http.HandlerFunc
}

// Routes lists the routes, in the order in which a reader wants them.
func Routes() []Route { return routes(World{}) }

// Paths of the routes.
const (
	pathWorld    = "/v1/world"
	pathUsers    = "/v1/users"
	pathGroups   = "/v1/groups"
	pathGroup    = "/v1/groups/change"
	pathTopics   = "/v1/topics"
	pathMembers  = "/v1/members"
	pathPair     = "/v1/accounts/pair"
	pathPost     = "/v1/messages"
	pathEdit     = "/v1/messages/edit"
	pathDelete   = "/v1/messages/delete"
	pathReact    = "/v1/messages/react"
	pathVote     = "/v1/messages/vote"
	pathPin      = "/v1/messages/pin"
	pathSee      = "/v1/see"
	pathFaults   = "/v1/faults"
	pathClear    = "/v1/faults/clear"
	pathAdvance  = "/v1/clock/advance"
	pathInject   = "/v1/inject"
	pathCounters = "/v1/counters"
	pathRequests = "/v1/requests"
	pathLedger   = "/v1/ledger"
)

func routes(w World) []Route {
	return []Route{
		{"GET", pathWorld, "accounts, users, chats and kinds of fault", get(w.Snapshot)},
		{"POST", pathUsers, "create a user", ask(w.CreateUser)},
		{"POST", pathGroups, "create a group", ask(w.CreateGroup)},
		{"POST", pathGroup, "rename, delete or migrate a group", ask(w.ChangeGroup)},
		{"POST", pathTopics, "create, close, reopen or delete a topic", ask(w.ChangeTopic)},
		{"POST", pathMembers, "join, leave, kick, promote, restrict, block", tell(w.ChangeMember)},
		{"POST", pathPair, "let an account's phone scan a QR code or take a code", tell(w.Pair)},
		{"POST", pathPost, "post as a user", ask(w.Post)},
		{"POST", pathEdit, "edit a user's message", tell(w.Edit)},
		{"POST", pathDelete, "delete a message", tell(w.Delete)},
		{"POST", pathReact, "react as a user", tell(w.React)},
		{"POST", pathVote, "vote in a poll as a user", tell(w.Vote)},
		{"POST", pathPin, "pin or unpin a message as a user", tell(w.Pin)},
		{"GET", pathSee, "what a user sees: chat, user, since, at_least, wait_ms", see(w.See)},
		{"POST", pathFaults, "set a fault", ask(w.SetFault)},
		{"POST", pathClear, "clear one fault or all", tell(w.ClearFault)},
		{"POST", pathAdvance, "move the clock forward", tell(w.Advance)},
		{"POST", pathInject, "hand an account a raw event", tell(w.Inject)},
		{"GET", pathCounters, "faults that struck, requests, breaches", get(w.Counters)},
		{"GET", pathRequests, "the last requests", get(w.Requests)},
		{"GET", pathLedger, "posted, sent, lost by the network", get(w.Ledger)},
	}
}

// Handler serves the control API of w. It reads at most 64 MiB of a request.
func Handler(w World) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes(w) {
		mux.HandleFunc(r.Method+" "+r.Path, r.handler)
	}
	return mux
}

const (
	maxRequest = 64 << 20 // larger files are generated: see Media
	// MaxWait is the longest time that See waits.
	MaxWait = time.Minute
)

type empty struct{}

func get[Out any](f func(context.Context) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f == nil {
			reply(w, empty{}, ErrNotSupported)
			return
		}
		out, err := f(r.Context())
		reply(w, out, err)
	}
}

func ask[In, Out any](f func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f == nil {
			reply(w, empty{}, ErrNotSupported)
			return
		}
		var in In
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			reply(w, empty{}, Because(ErrWrongUse, "decode request: %v", err))
			return
		}
		out, err := f(r.Context(), in)
		reply(w, out, err)
	}
}

func tell[In any](f func(context.Context, In) error) http.HandlerFunc {
	if f == nil {
		return ask[In, empty](nil)
	}
	return ask(func(ctx context.Context, in In) (empty, error) { return empty{}, f(ctx, in) })
}

func see(f func(context.Context, See) (View, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f == nil {
			reply(w, empty{}, ErrNotSupported)
			return
		}
		in, err := parseSee(r.URL.Query())
		if err != nil {
			reply(w, empty{}, err)
			return
		}
		out, err := f(r.Context(), in)
		reply(w, out, err)
	}
}

func parseSee(q url.Values) (See, error) {
	var bad error
	number := func(key string) uint64 {
		if q.Get(key) == "" {
			return 0
		}
		n, err := strconv.ParseUint(q.Get(key), 10, 63)
		if err != nil {
			bad = Because(ErrWrongUse, "%s: %v", key, err)
		}
		return n
	}
	in := See{
		Chat: ChatID(q.Get("chat")), User: UserID(q.Get("user")),
		Since: Cursor(number("since")), AtLeast: int(min(number("at_least"), 1<<31)),
		Wait: time.Duration(min(number("wait_ms"), uint64(MaxWait/time.Millisecond))) * time.Millisecond,
	}
	return in, bad
}

func (s See) query() string {
	q := url.Values{"chat": {string(s.Chat)}, "user": {string(s.User)}}
	q.Set("since", strconv.FormatUint(uint64(s.Since), 10))
	q.Set("at_least", strconv.Itoa(max(s.AtLeast, 0)))
	q.Set("wait_ms", strconv.FormatInt(max(s.Wait, 0).Milliseconds(), 10))
	return q.Encode()
}

func reply(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		e := &Error{Code: "internal", Sentence: err.Error()}
		errors.As(err, &e)
		w.WriteHeader(statusOf(e))
		out = struct {
			Error *Error `json:"error"`
		}{e}
	}
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(out)
}
