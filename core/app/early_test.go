// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// square is a network whose groups have several of our accounts as members. Everybody in a group hears at once what is said
// there, long before whoever said it is told that it was accepted.
type square struct {
	t       *testing.T
	latency time.Duration // of the answer to a post
	polls   bool          // the network has polls, but for the account "words"

	mu    sync.Mutex
	homes map[chat.Account]*neighbour
	said  map[chat.RemoteChat][]string // by our accounts
	// onPost hears of a post before it is answered.
	onPost func(by chat.Account, p chat.Post, id chat.RemoteMessage)
	ids    int
	engine *engine
}

// neighbour is one account there.
type neighbour struct {
	*square
	account chat.Account
	in      host.Intake
	watch   host.Watcher
	inbox   []chat.Event
	done    []chat.Post
}

// newSquare runs a router with these accounts and rooms until the test ends.
func newSquare(t *testing.T, accounts []string, rooms map[string][]string) *square {
	t.Helper()
	s := &square{t: t, polls: slices.Contains(accounts, "words"), latency: 50 * time.Millisecond, homes: map[chat.Account]*neighbour{}, said: map[chat.RemoteChat][]string{}}
	cfg := &config.Config{DataDir: t.TempDir(), Accounts: map[string]*config.Account{}, Rooms: map[string]*config.Room{}}
	for _, name := range accounts {
		cfg.Accounts[name] = &config.Account{Network: "square"}
	}
	for name, chats := range rooms {
		cfg.Rooms[name] = &config.Room{}
		for _, c := range chats {
			at, err := chat.ParseAddress(c)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Rooms[name].Chats = append(cfg.Rooms[name].Chats, config.Link{Chat: config.Chat{Account: string(at.Account), Remote: string(at.Chat)}})
		}
	}
	s.run(cfg)
	return s
}

func (s *square) run(cfg *config.Config) {
	s.t.Helper()
	st, err := store.Open(s.t.Context(), cfg.DataDir, store.Options{ReserveBytes: -1})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := st.ApplyConfigRooms(s.t.Context(), configRooms(cfg)); err != nil {
		s.t.Fatal(err)
	}
	connect := func(spec host.Spec, in host.Intake, watch host.Watcher, _ host.Options) (Bridge, error) {
		n := &neighbour{square: s, account: spec.Account, in: in, watch: watch}
		s.homes[spec.Account] = n
		return n, nil
	}
	if s.engine, err = newEngine(cfg, st, admin.NewMetrics(), slog.New(slog.DiscardHandler), connect); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.engine.run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

// Run tells who the account is, and hands up what it hears.
func (n *neighbour) Run(ctx context.Context) error {
	opening, err := n.in.Open(ctx, n.account)
	if err != nil {
		return err
	}
	n.watch.Self(n.account, []chat.RemoteUser{chat.RemoteUser(n.account)})
	caps := lab.WhatsApp().Caps
	if n.polls {
		caps.Poll = chat.PollSupport{Level: chat.Full, Question: caps.Text, Options: 12, Option: caps.Text, SeesVotes: true, Closes: true}
	}
	if n.account == "words" {
		caps.Poll = chat.PollSupport{}
	}
	n.watch.Capabilities(n.account, "", caps)
	n.watch.State(n.account, chat.State{State: chat.Connected, Since: time.Now()})
	for seq := opening.LastSeq; ctx.Err() == nil; pause(ctx, 2*time.Millisecond) {
		n.mu.Lock()
		batch := slices.Clone(n.inbox)
		n.inbox = nil
		n.mu.Unlock()
		for i := range batch {
			batch[i].Seq = seq + uint64(i) + 1
		}
		if len(batch) == 0 {
			continue
		}
		if err := n.in.Store(ctx, n.account, opening.Epoch, batch, nil); err != nil && ctx.Err() == nil {
			n.t.Error(err)
		}
		seq += uint64(len(batch))
	}
	return nil
}

// Deliver lets the others hear, and answers late.
func (n *neighbour) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	n.mu.Lock()
	n.done = append(n.done, p)
	id, onPost := n.mint(), n.onPost
	if p.Action == chat.ActSend {
		n.said[p.Chat] = append(n.said[p.Chat], p.Text.Body)
	}
	n.mu.Unlock()
	if p.Action == chat.ActSend {
		n.hear(p.Chat, id, chat.Sender{User: chat.RemoteUser(n.account), Kind: chat.SenderUser, Name: "Bridge"}, chat.MessageNew{ID: id, Content: chat.Content{Text: p.Text}}, n.account)
	}
	if onPost != nil {
		onPost(n.account, p, id)
	}
	pause(ctx, n.latency)
	return chat.DeliveredAs(id)
}

func (s *square) mint() chat.RemoteMessage {
	s.ids++
	return chat.RemoteMessage(strconv.Itoa(s.ids))
}

// hear lets all accounts but one hear of something.
func (s *square) hear(c chat.RemoteChat, about chat.RemoteMessage, by chat.Sender, b chat.Body, but chat.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	for name, n := range s.homes {
		if name != but {
			n.inbox = append(n.inbox, chat.Event{Key: chat.EventKey(fmt.Sprintf("%s/%d", about, s.ids)), At: time.Now(), Chat: c, Sender: by, Body: b})
		}
	}
}

// says lets a person say something in a group.
func (s *square) says(c chat.RemoteChat, by chat.Sender, text string) chat.RemoteMessage {
	s.mu.Lock()
	id := s.mint()
	s.mu.Unlock()
	s.hear(c, id, by, chat.MessageNew{ID: id, Content: chat.Content{Text: chat.Text{Body: text}}}, "")
	return id
}

// Lookup, PairInput and FetchMedia have nothing to say here.
func (n *neighbour) Lookup(context.Context, chat.PostKey) chat.Found {
	return chat.Found{Kind: chat.FoundUnknown}
}
func (n *neighbour) PairInput(string, string) error { return nil }
func (n *neighbour) FetchMedia(context.Context, string, string, int64) (string, int64, error) {
	return "", 0, host.ErrNoMedia
}

// posts lists what an account was given to do of one kind.
func (s *square) posts(a chat.Account, act chat.Action) (out []chat.Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.homes[a].done {
		if p.Action == act {
			out = append(out, p)
		}
	}
	return out
}

var ana = chat.Sender{User: "ana", Kind: chat.SenderUser, Name: "Ana"}

// TestReactionToACopyThatIsNotRecordedYetArrives lets people answer a copy and react to it before the bridge has said that
// it was accepted.
func TestReactionToACopyThatIsNotRecordedYetArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSquare(t, []string{"a", "b"}, map[string][]string{"room": {"a:1", "b:2"}})
		ben := chat.Sender{User: "ben", Kind: chat.SenderUser, Name: "Ben"}
		s.onPost = func(by chat.Account, p chat.Post, id chat.RemoteMessage) {
			if by == "b" && p.Action == chat.ActSend {
				s.hear("2", id, ben, chat.Reaction{ID: id, Emoji: []string{"👍"}}, "a")
				s.hear("2", id+"r", ben, chat.MessageNew{ID: id + "r", Content: chat.Content{Text: chat.Text{Body: "yes"}, ReplyTo: &chat.ReplyRef{ID: id}}}, "a")
			}
		}
		asked := s.says("1", ana, "may I?")
		time.Sleep(10 * time.Second)
		reactions, answers := s.posts("a", chat.ActReact), s.posts("a", chat.ActSend)
		if len(reactions) != 1 || !slices.Equal(reactions[0].Target, []chat.RemoteMessage{asked}) {
			t.Errorf("reactions to what Ana said: %+v", reactions)
		}
		if len(answers) != 1 || answers[0].Reply == nil || answers[0].Reply.ID != asked {
			t.Errorf("answers to what Ana said: %+v", answers)
		}
	})
}

// TestHangingPostHoldsEventsUpOnce lets a post hang while people react to messages that nobody knows.
func TestHangingPostHoldsEventsUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSquare(t, []string{"a", "b"}, map[string][]string{"room": {"a:1", "b:2"}})
		s.latency = 50 * time.Second
		s.says("1", ana, "hello")
		time.Sleep(time.Second)
		begun := time.Now()
		for i := range 5 {
			id := chat.RemoteMessage(fmt.Sprint("unknown", i))
			s.hear("2", id, ana, chat.Reaction{ID: id, Emoji: []string{"👍"}}, "a")
		}
		s.hear("2", "news", ana, chat.MessageNew{ID: "news", Content: chat.Content{Text: chat.Text{Body: "after them"}}}, "a")
		for len(s.posts("a", chat.ActSend)) == 0 && time.Since(begun) < time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(begun); took < earlyWait || took > earlyWait+time.Second {
			t.Errorf("events waited for %s", took)
		}
	})
}

// TestTwoAccountsInTheSameGroupsDoNotLoop joins two groups twice, by two accounts that hear each other.
func TestTwoAccountsInTheSameGroupsDoNotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSquare(t, []string{"a", "b"}, map[string][]string{"one": {"a:east", "a:west"}, "two": {"b:east", "b:west"}})
		s.says("east", ana, "hello")
		time.Sleep(time.Minute)
		synctest.Wait()
		want := map[chat.RemoteChat][]string{"west": {"Ana\nhello", "Ana\nhello"}} // as who joins two groups twice has asked for
		if diff := cmp.Diff(want, s.said); diff != "" {
			t.Fatal(diff)
		}
		// What the human of a types on the phone is a person's word to b, who cannot tell by the sender alone.
		id := s.mint()
		human := chat.Sender{User: "a", Kind: chat.SenderUser, Name: "Amir"}
		s.hear("west", id, human, chat.MessageNew{ID: id, Content: chat.Content{Text: chat.Text{Body: "by hand"}}}, "a")
		time.Sleep(time.Minute)
		synctest.Wait()
		want["east"] = []string{"Amir\nby hand"}
		if diff := cmp.Diff(want, s.said); diff != "" {
			t.Error(diff)
		}
	})
}

// TestVotesOfAllSidesAreShownWhereAPollIsWords counts what people choose in a poll and in its native copy: the chat that shows
// it in words sees the sums.
func TestVotesOfAllSidesAreShownWhereAPollIsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSquare(t, []string{"a", "b", "words"}, map[string][]string{"room": {"a:1", "b:2", "words:3"}})
		var copied chat.RemoteMessage
		s.onPost = func(by chat.Account, p chat.Post, id chat.RemoteMessage) {
			if by == "b" && p.Poll != nil {
				copied = id
			}
		}
		poll := &chat.Poll{Question: "Tea or coffee?", Options: []chat.PollOption{{Text: "Tea"}, {Text: "Coffee"}}}
		s.hear("1", "asked", ana, chat.MessageNew{ID: "asked", Content: chat.Content{Poll: poll}}, "")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if copied == "" {
			t.Fatal("the network that has polls got none")
		}
		s.hear("2", copied, chat.Sender{User: "ben", Kind: chat.SenderUser, Name: "Ben"}, chat.Vote{ID: copied, Options: []int{1}}, "")
		s.hear("1", "asked", ana, chat.Vote{ID: "asked", Options: []int{1}}, "")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.hear("1", "asked", ana, chat.Vote{ID: "asked", Options: []int{0}}, "")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		var shown []string
		for _, p := range append(s.posts("words", chat.ActSend), s.posts("words", chat.ActEdit)...) {
			shown = append(shown, strings.Join(strings.Split(p.Text.Body, "\n")[3:], " "))
		}
		if first, last := shown[0], shown[len(shown)-1]; first != "• Tea — 0 • Coffee — 0" || last != "• Tea — 1 • Coffee — 1" || len(shown) < 3 {
			t.Errorf("people see %q", shown)
		}
	})
}
