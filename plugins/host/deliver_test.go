// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

func TestPostAndLookupAreAnswered(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	if diff := cmp.Diff(chat.DeliveredAs("sent:k"), l.say("hello")); diff != "" {
		t.Error(diff)
	}
	want := chat.Found{Kind: chat.FoundSent, IDs: []chat.RemoteMessage{"sent:x"}}
	if diff := cmp.Diff(want, l.Lookup(context.Background(), "x")); diff != "" {
		t.Error(diff)
	}
	if got := l.Lookup(context.Background(), "panic"); got.Kind != chat.FoundUnknown || got.AskAfter == 0 {
		t.Errorf("look-up that panics: %+v", got)
	}
	l.stop()
	if got := l.Lookup(context.Background(), "x"); got.Kind != chat.FoundUnknown || got.AskAfter == 0 {
		t.Errorf("look-up without a bridge: %+v", got)
	}
	if got := l.say("hello"); got.Kind != chat.Retry || got.Why.Code != chat.CodeNotConnected {
		t.Errorf("post after the end: %+v", got)
	}
	if err := l.PairInput("a", "b"); !errors.Is(err, ErrNotConnected) {
		t.Errorf("input after the end: %v", err)
	}
}

func TestPanicInDeliverIsUncertainAndTheBridgeLivesOn(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	if got := l.say("panic"); got.Kind != chat.Uncertain || got.Why.Code != "bridge_panic" {
		t.Errorf("got %+v", got)
	}
	if got := l.say("hello"); got.Kind != chat.Delivered || l.Lives() != 1 {
		t.Errorf("after the panic: %+v in life %d", got, l.Lives())
	}
	eventually(t, "the panic in the log", func() bool { return strings.Contains(l.logs.String(), "panic in the bridge") })
}

func TestDeadlineOfAPost(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.CallDeadline = time.Second
	l := newLab(t, setup{opt: opt})
	l.connected(t)
	t.Run("the bridge answers before it", func(t *testing.T) {
		var got chat.Outcome
		// The bridge ends a little early, which a busy machine may use up: then it is given more.
		for deadline := 2 * time.Second; got.Why.Code != "bridge_waited"; deadline *= 2 {
			if deadline > patience {
				t.Fatalf("got %+v", got)
			}
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			got = l.Deliver(ctx, chat.Post{Text: chat.Text{Body: "wait"}})
			cancel()
		}
	})
	t.Run("without one there is a default", func(t *testing.T) {
		if got := l.Deliver(context.Background(), chat.Post{Text: chat.Text{Body: "wait"}}); got.Kind != chat.Uncertain {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the router gives up", func(t *testing.T) {
		eventually(t, "an idle bridge", func() bool { return l.current.Load().inFlight.Load() == 0 })
		ctx, cancel := context.WithCancel(context.Background())
		answer := make(chan chat.Outcome)
		go func() { answer <- l.Deliver(ctx, chat.Post{Text: chat.Text{Body: "wait"}}) }()
		l.untilInFlight(t)
		cancel()
		if got := <-answer; got.Kind != chat.Uncertain || got.Why.Code != chat.CodeRouterDied {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPostsAndAnswersOverTheCap(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	if got := l.say(strings.Repeat("x", wire.MaxMessage)); got.Kind != chat.Refused || got.Why.Code != CodePostTooLarge {
		t.Errorf("post over the cap: %+v", got.Why)
	}
	if got := l.say(strings.Repeat("x", wire.MaxMessage-1000)); got.Kind != chat.Delivered {
		t.Errorf("post below the cap: %+v", got.Why)
	}
	if got := l.say("size 20000000"); got.Kind != chat.Uncertain || got.Why.Code != CodeBadAnswer {
		t.Errorf("answer over the cap: %+v", got.Why)
	}
	if got := l.say("size 15000000"); got.Kind != chat.Delivered || l.Lives() != 1 {
		t.Errorf("answer below the cap: %+v in life %d", got.Why, l.Lives())
	}
}

func TestDrainFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	answer := make(chan chat.Outcome)
	go func() { answer <- l.say("sleep 300ms") }()
	l.untilInFlight(t)
	pid := l.Pid()
	l.stop()
	select {
	case got := <-answer:
		if got.Kind != chat.Delivered {
			t.Errorf("post in flight at the drain: %+v", got)
		}
	case <-time.After(patience):
		t.Error("no answer")
	}
	if alive(pid) {
		t.Error("the bridge outlives its supervisor")
	}
}

func TestDrainThatTakesTooLongIsCut(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.DrainGrace = 200 * time.Millisecond
	l := newLab(t, setup{opt: opt, script: script{Do: "slow-drain"}})
	l.connected(t)
	pid := l.Pid()
	l.stop()
	if alive(pid) {
		t.Error("the bridge outlives its supervisor")
	}
}

func TestMediaGoesIntoTheSpool(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	ctx := context.Background()
	const blocks, size = 40, 40 << 16
	hash, n, err := l.FetchMedia(ctx, "40", "f", size)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	bytes, err := os.ReadFile(filepath.Join(l.spec.SpoolDir, "f"))
	if sum := sha256.Sum256(bytes); err != nil || len(bytes) != size || hex.EncodeToString(sum[:]) != hash {
		t.Errorf("%d bytes on disk, %v, hash %s", len(bytes), err, hash)
	}
	for _, tt := range []struct {
		ref, name string
		max       int64
		want      error
	}{
		{"40", "g", size - 1, ErrMediaTooLarge},
		{"gone", "g", size, ErrMediaGone},
		{"1", "../g", size, nil},
		{"1", "", size, nil},
		{"not a number", "g", size, nil},
	} {
		_, _, err := l.FetchMedia(ctx, tt.ref, tt.name, tt.max)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(l.spec.SpoolDir, "g")); !os.IsNotExist(err) {
		t.Error("an unfinished file was left")
	}
	l.stop()
	if _, _, err := l.FetchMedia(ctx, "1", "h", size); !errors.Is(err, ErrNotConnected) {
		t.Errorf("fetch without a bridge: %v", err)
	}
}

func TestMediaFollowsNoLinkOutOfTheSpool(t *testing.T) {
	t.Parallel()
	outside := writeFile(filepath.Join(t.TempDir(), "outside"), 0o600, "precious")
	l := newLab(t, setup{opt: quickOptions(), spec: func(s *Spec) {
		if err := errors.Join(os.MkdirAll(s.SpoolDir, 0o700), os.Symlink(outside, filepath.Join(s.SpoolDir, "f"))); err != nil {
			t.Fatal(err)
		}
	}})
	l.connected(t)
	if _, _, err := l.FetchMedia(context.Background(), "1", "f", 1<<20); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(outside); string(b) != "precious" {
		t.Error("a link was followed")
	}
}
