// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// Generators of every noun that crosses the wire. What is empty is nil, as after reading.

func word[T ~string]() *rapid.Generator[T] {
	return rapid.Map(rapid.String(), func(s string) T { return T(s) })
}

func list[T any](g *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.Map(rapid.SliceOfN(g, 0, 3), func(s []T) []T {
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

func maybe[T any](g *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Custom(func(t *rapid.T) *T {
		if !rapid.Bool().Draw(t, "there") {
			return nil
		}
		v := g.Draw(t, "value")
		return &v
	})
}

var (
	moments = rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-1e9, 1e11).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
	})
	durations = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "d"))
	})
	counts   = rapid.IntRange(0, 1<<40)
	rawBytes = rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), bytesOrNil)
	reasons  = rapid.Custom(func(t *rapid.T) chat.Reason {
		return chat.Reason{Code: rapid.String().Draw(t, "code"), Sentence: rapid.String().Draw(t, "s"), Action: rapid.String().Draw(t, "a")}
	})
	texts = rapid.Custom(func(t *rapid.T) chat.Text {
		out := chat.Text{Body: rapid.String().Draw(t, "body")}
		n := utf8.RuneCountInString(out.Body)
		for range rapid.IntRange(0, min(n, 3)).Draw(t, "spans") {
			start := rapid.IntRange(0, n-1).Draw(t, "start")
			out.Spans = append(out.Spans, chat.Span{
				Start: start, End: rapid.IntRange(start+1, n).Draw(t, "end"), Kind: word[chat.SpanKind]().Draw(t, "kind"),
				Value: rapid.String().Draw(t, "value"), User: word[chat.RemoteUser]().Draw(t, "user"),
			})
		}
		return out
	})
	medias = rapid.Custom(func(t *rapid.T) chat.Media {
		m := rapid.Make[chat.Media]().Draw(t, "media")
		m.Kind = rapid.SampledFrom(chat.MediaKinds()).Draw(t, "kind")
		m.Duration, m.Waveform = durations.Draw(t, "duration"), bytesOrNil(m.Waveform)
		return m
	})
	places = rapid.Custom(func(t *rapid.T) chat.Place {
		p := rapid.Make[chat.Place]().Draw(t, "place")
		p.Lat, p.Lon, p.Accuracy = degrees.Draw(t, "lat"), degrees.Draw(t, "lon"), degrees.Draw(t, "accuracy")
		p.Live = durations.Draw(t, "live")
		return p
	})
	degrees  = rapid.Float64Range(-180, 180)
	contacts = rapid.Custom(func(t *rapid.T) chat.Contact {
		return chat.Contact{Name: rapid.String().Draw(t, "name"), Phones: list(rapid.String()).Draw(t, "phones"), VCard: rapid.String().Draw(t, "vcard")}
	})
	polls = rapid.Custom(func(t *rapid.T) chat.Poll {
		p := rapid.Make[chat.Poll]().Draw(t, "poll")
		p.Options = list(rapid.Make[chat.PollOption]()).Draw(t, "options")
		return p
	})
	notices = rapid.Custom(func(t *rapid.T) chat.Notice {
		return chat.Notice{Kind: word[chat.NoticeKind]().Draw(t, "kind"), Who: list(rapid.String()).Draw(t, "who"), Value: rapid.String().Draw(t, "value")}
	})
	contents = rapid.Custom(func(t *rapid.T) chat.Content {
		return chat.Content{
			Place: maybe(places).Draw(t, "place"), Contacts: list(contacts).Draw(t, "contacts"), Poll: maybe(polls).Draw(t, "poll"),
			Notice: maybe(notices).Draw(t, "notice"), Preview: maybe(rapid.Make[chat.Preview]()).Draw(t, "preview"),
			Text: texts.Draw(t, "text"), Media: list(medias).Draw(t, "media"), ReplyTo: maybe(rapid.Make[chat.ReplyRef]()).Draw(t, "reply"),
			Forward: maybe(rapid.Make[chat.Forward]()).Draw(t, "forward"), Album: word[chat.AlbumKey]().Draw(t, "album"),
			Placeholder: rapid.String().Draw(t, "placeholder"), ExpiresAfter: durations.Draw(t, "expires"),
		}
	})
	senders = rapid.Custom(func(t *rapid.T) chat.Sender {
		s := rapid.Make[chat.Sender]().Draw(t, "sender")
		s.Aliases = list(rapid.Make[chat.Alias]()).Draw(t, "aliases")
		return s
	})
	capabilities = rapid.Custom(func(t *rapid.T) chat.Capabilities {
		c := rapid.Make[chat.Capabilities]().Draw(t, "caps")
		c.Spans, c.Media = nil, nil
		if rapid.Bool().Draw(t, "maps") {
			c.Spans = map[chat.SpanKind]chat.Level{chat.Bold: chat.Full, word[chat.SpanKind]().Draw(t, "kind"): chat.Dropped}
			c.Media = map[chat.MediaKind]chat.MediaLimit{chat.Photo: {Level: chat.Full, MIME: list(rapid.String()).Draw(t, "mime")}}
		}
		c.React.Allowed = list(rapid.String()).Draw(t, "emoji")
		c.Hears = list(rapid.String()).Draw(t, "hears")
		c.Lacks = list(rapid.Make[chat.Lack]()).Draw(t, "lacks")
		c.Album.Sets = list(rapid.Just([]chat.MediaKind{chat.Photo, chat.Video})).Draw(t, "sets")
		rate := rapid.Make[chat.Rate]()
		c.Pace = chat.Pace{PerChat: list(rate).Draw(t, "chat"), PerAccount: list(rate).Draw(t, "account")}
		return c
	})
)

// bodies draws from every body; the sum of them all is checked against the contract by TestEveryBodyIsDrawn.
var bodies = []*rapid.Generator[chat.Body]{
	body(func(t *rapid.T) chat.Body {
		return chat.MessageNew{ID: word[chat.RemoteMessage]().Draw(t, "id"), Content: contents.Draw(t, "content")}
	}),
	body(func(t *rapid.T) chat.Body {
		id := word[chat.RemoteMessage]()
		return chat.MessageEdit{ID: id.Draw(t, "id"), NewID: id.Draw(t, "new"), Content: contents.Draw(t, "content")}
	}),
	body(func(t *rapid.T) chat.Body { return rapid.Make[chat.MessageDelete]().Draw(t, "delete") }),
	body(func(t *rapid.T) chat.Body {
		return chat.Reaction{ID: word[chat.RemoteMessage]().Draw(t, "id"), Emoji: list(rapid.String()).Draw(t, "emoji")}
	}),
	body(func(t *rapid.T) chat.Body {
		c := chat.ReactionCounts{ID: word[chat.RemoteMessage]().Draw(t, "id")}
		if m := rapid.MapOfN(rapid.String(), counts, 0, 3).Draw(t, "counts"); len(m) > 0 {
			c.Counts = m
		}
		return c
	}),
	body(func(t *rapid.T) chat.Body {
		kinds := []chat.MembershipKind{chat.Joined, chat.Left, chat.Removed, chat.Promoted, chat.Demoted}
		return chat.Membership{User: senders.Draw(t, "user"), Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	}),
	body(func(t *rapid.T) chat.Body {
		return chat.ChatInfo{
			Title: rapid.String().Draw(t, "title"), Parent: word[chat.RemoteChat]().Draw(t, "parent"),
			MovedTo: word[chat.RemoteChat]().Draw(t, "moved"), MovedGroup: word[chat.RemoteGroup]().Draw(t, "group"),
			Access: maybe(rapid.Make[chat.Access]()).Draw(t, "access"), Members: counts.Draw(t, "members"),
			Capabilities: maybe(capabilities).Draw(t, "caps"), Timer: maybe(durations).Draw(t, "timer"),
		}
	}),
	body(func(t *rapid.T) chat.Body {
		return chat.Unknown{ID: "m", Kind: rapid.String().Draw(t, "kind"), Text: rapid.String().Draw(t, "text"), Raw: rawBytes.Draw(t, "raw")}
	}),
	body(func(t *rapid.T) chat.Body {
		return chat.Gap{From: moments.Draw(t, "from"), To: moments.Draw(t, "to"), Why: reasons.Draw(t, "why")}
	}),
	body(func(t *rapid.T) chat.Body { return rapid.Make[chat.Typing]().Draw(t, "typing") }),
	body(func(t *rapid.T) chat.Body {
		return chat.Receipt{IDs: list(word[chat.RemoteMessage]()).Draw(t, "ids"), Read: rapid.Bool().Draw(t, "read")}
	}),
	body(func(t *rapid.T) chat.Body { return rapid.Make[chat.Call]().Draw(t, "call") }),
	body(func(t *rapid.T) chat.Body {
		return chat.Vote{ID: word[chat.RemoteMessage]().Draw(t, "id"), Options: list(counts).Draw(t, "options")}
	}),
	body(func(t *rapid.T) chat.Body {
		return chat.PollState{ID: word[chat.RemoteMessage]().Draw(t, "id"), Votes: list(counts).Draw(t, "votes"), Closed: rapid.Bool().Draw(t, "closed")}
	}),
	body(func(t *rapid.T) chat.Body { return rapid.Make[chat.Change]().Draw(t, "change") }),
}

func body(f func(*rapid.T) chat.Body) *rapid.Generator[chat.Body] { return rapid.Custom(f) }

var events = rapid.Custom(func(t *rapid.T) chat.Event {
	return chat.Event{
		Seq: rapid.Uint64().Draw(t, "seq"), Key: word[chat.EventKey]().Draw(t, "key"), At: moments.Draw(t, "at"),
		Chat: word[chat.RemoteChat]().Draw(t, "chat"), Group: word[chat.RemoteGroup]().Draw(t, "group"),
		Sender: senders.Draw(t, "sender"), EchoOf: word[chat.PostKey]().Draw(t, "echo"),
		Backfilled: rapid.Bool().Draw(t, "backfilled"), Body: rapid.OneOf(bodies...).Draw(t, "body"),
	}
})

var posts = rapid.Custom(func(t *rapid.T) chat.Post {
	return chat.Post{
		ID: chat.PostID(rapid.Int64().Draw(t, "id")), Key: word[chat.PostKey]().Draw(t, "key"), Chat: word[chat.RemoteChat]().Draw(t, "chat"),
		Action: word[chat.Action]().Draw(t, "action"), Attempt: counts.Draw(t, "attempt"), Text: texts.Draw(t, "text"),
		Media: list(medias).Draw(t, "media"), Reply: maybe(replies).Draw(t, "reply"), Target: list(word[chat.RemoteMessage]()).Draw(t, "target"),
		Emoji: list(rapid.String()).Draw(t, "emoji"), ExpiresAfter: durations.Draw(t, "expires"),
		KeepUntil: moments.Draw(t, "keep"), NoPreview: rapid.Bool().Draw(t, "preview"), TextAt: counts.Draw(t, "text at"),
		Place: maybe(places).Draw(t, "place"), Contact: maybe(contacts).Draw(t, "contact"), Poll: maybe(polls).Draw(t, "poll"),
	}
})

var replies = rapid.Custom(func(t *rapid.T) chat.ReplyTarget {
	return chat.ReplyTarget{
		ID: word[chat.RemoteMessage]().Draw(t, "id"), Author: word[chat.RemoteUser]().Draw(t, "author"),
		Excerpt: rapid.String().Draw(t, "excerpt"), Quote: rapid.String().Draw(t, "quote"), At: moments.Draw(t, "at"),
	}
})

var outcomes = rapid.Custom(func(t *rapid.T) chat.Outcome {
	kinds := []chat.OutcomeKind{chat.Delivered, chat.Retry, chat.Refused, chat.Uncertain}
	return chat.Outcome{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), IDs: list(word[chat.RemoteMessage]()).Draw(t, "ids"), At: moments.Draw(t, "at"),
		After: durations.Draw(t, "after"), UntilResumed: rapid.Bool().Draw(t, "hold"), Scope: word[chat.Scope]().Draw(t, "scope"),
		Why: reasons.Draw(t, "why"), MovedTo: word[chat.RemoteChat]().Draw(t, "moved"), Dropped: list(rapid.String()).Draw(t, "dropped"),
	}
})

// across sends a message through its bytes.
func across[M proto.Message](t *rapid.T, m, into M) M {
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	if err := proto.Unmarshal(b, into); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	return into
}

func same(t *rapid.T, want, got any) {
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestEverythingComesBackAsItWent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := events.Draw(t, "event")
		same(t, e, UnpackEvent(across(t, PackEvent(e), &pb.Event{})))
		p := posts.Draw(t, "post")
		same(t, p, UnpackPost(across(t, PackPost(p), &pb.Post{})))
		o := outcomes.Draw(t, "outcome")
		same(t, o, UnpackOutcome(across(t, PackOutcome(o), &pb.Outcome{})))
	})
	rapid.Check(t, func(t *rapid.T) {
		c := capabilities.Draw(t, "capabilities")
		got, err := UnpackCapabilities(across(t, PackCapabilities(c), &pb.Capabilities{}))
		same(t, c, got)
		if err != nil || got.Hash() != PackCapabilities(c).Hash {
			t.Fatalf("hash differs, or %v", err)
		}
		st := chat.State{State: chat.LoggedOut, Why: reasons.Draw(t, "why"), Since: moments.Draw(t, "since")}
		same(t, st, UnpackState(across(t, PackState(st), &pb.AccountState{})))
		kinds := []chat.FoundKind{chat.FoundSent, chat.FoundNotSent, chat.FoundUnknown}
		f := chat.Found{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), IDs: list(word[chat.RemoteMessage]()).Draw(t, "ids"), AskAfter: durations.Draw(t, "ask")}
		same(t, f, UnpackFound(across(t, PackFound(f), &pb.Found{})))
		s := rapid.Make[chat.PairStep]().Draw(t, "step")
		same(t, s, UnpackPairStep(across(t, PackPairStep(s), &pb.PairStep{})))
		d := Description{Network: "n", Version: rapid.String().Draw(t, "version"), Capabilities: c, ConfigSchema: rawBytes.Draw(t, "schema")}
		back, _ := UnpackDescription(across(t, PackDescription(d), &pb.DescribeResponse{}))
		same(t, d, back)
		items := []chat.StateItem{{Key: rapid.String().Draw(t, "key"), Value: rawBytes.Draw(t, "value")}}
		same(t, items, UnpackStateItems(across(t, &pb.Put{State: PackStateItems(items)}, &pb.Put{}).State))
	})
}

func TestEveryBodyIsDrawn(t *testing.T) {
	if want := (&pb.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields().Len(); len(bodies) != want {
		t.Errorf("the property test draws %d bodies, the contract has %d", len(bodies), want)
	}
}

func TestWordsOfTheFutureSurvive(t *testing.T) {
	// Field 99 of Event, a message that this version does not know.
	raw := append([]byte{0x08, 7, 0x12, 1, 'k'}, 0x9a, 0x06, 3, 'n', 'e', 'w')
	var e pb.Event
	if err := proto.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	got := UnpackEvent(&e)
	u, ok := got.Body.(chat.Unknown)
	var again pb.Event
	if !ok || got.Seq != 7 || got.Key != "k" || u.Kind != KindNewBody || proto.Unmarshal(u.Raw, &again) != nil || !proto.Equal(&e, &again) {
		t.Errorf("new body: %+v", got)
	}
	if got := UnpackOutcome(&pb.Outcome{Kind: "postponed"}); got.Kind != chat.Uncertain || got.Why.Code != CodeUnknownOutcome {
		t.Errorf("new outcome: %+v", got)
	}
	if got := UnpackFound(&pb.Found{Kind: "perhaps"}); got.Kind != chat.FoundUnknown {
		t.Errorf("new verdict: %+v", got)
	}
	if got := UnpackState(&pb.AccountState{State: "limited"}); got.State != chat.Degraded {
		t.Errorf("new state: %+v", got)
	}
	if got := unpackMedia(&pb.Media{Kind: "hologram"}); got.Kind != chat.File {
		t.Errorf("new media: %+v", got)
	}
	member := UnpackEvent(&pb.Event{Body: &pb.Event_Membership{Membership: &pb.Membership{Kind: "knighted"}}})
	if u, ok := member.Body.(chat.Unknown); !ok || u.Kind != "membership:knighted" {
		t.Errorf("new membership: %+v", member)
	}
}

func TestMissingBodiesAreUnknown(t *testing.T) {
	for name, b := range map[string]chat.Body{"none": nil, "a pointer": &chat.Typing{}} {
		if _, ok := UnpackEvent(PackEvent(chat.Event{Body: b})).Body.(chat.Unknown); !ok {
			t.Errorf("%s is not unknown", name)
		}
	}
	if u := UnpackEvent(nil).Body.(chat.Unknown); u.Kind != KindNoBody {
		t.Errorf("nil event: %+v", u)
	}
	UnpackPost(nil)
	UnpackOutcome(nil)
	UnpackState(nil)
}

func TestBadUTF8NeverStallsTheWire(t *testing.T) {
	e := chat.Event{Key: "k\xff", Chat: "c", Sender: chat.Sender{Name: "n\xfe"}, Body: chat.MessageNew{
		ID: "m", Content: chat.Content{Text: chat.Text{Body: "a\xff\xffb", Spans: []chat.Span{{Start: 3, End: 4, Kind: chat.Bold}}}},
	}}
	b, err := proto.Marshal(PackEvent(e))
	if err != nil {
		t.Fatal(err)
	}
	var m pb.Event
	if err := proto.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	got := UnpackEvent(&m)
	text := got.Body.(chat.MessageNew).Content.Text
	if got.Key != `k\xff` || text.Body != "a\uFFFD\uFFFDb" || len(text.Spans) != 1 {
		t.Errorf("got %+v", got)
	}
	other := PackEvent(chat.Event{Key: "k\xfe"})
	if other.Key == m.Key {
		t.Error("two keys became one")
	}
}

func TestSpansOutsideTheTextAreLeftOut(t *testing.T) {
	in := &pb.Text{Body: "äb", Spans: []*pb.Span{
		{Start: -1, End: 1}, {Start: 0, End: 3}, {Start: 1, End: 1}, {Start: 2, End: 1}, {Start: 0, End: 2, Kind: "bold"}, nil,
	}}
	want := chat.Text{Body: "äb", Spans: []chat.Span{{Start: 0, End: 2, Kind: chat.Bold}}}
	if diff := cmp.Diff(want, unpackText(in)); diff != "" {
		t.Error(diff)
	}
}

func TestCapabilitiesThatAreNoneAreNotTold(t *testing.T) {
	in := &pb.ChatInfo{Title: "t", Capabilities: &pb.Capabilities{Json: []byte("[")}}
	if got := unpackChatInfo(in); got.Capabilities != nil || got.Title != "t" {
		t.Errorf("got %+v", got)
	}
}

// FuzzUp reads whatever a bridge may send; what can be read must be readable again after writing.
func FuzzUp(f *testing.F) {
	seed, _ := proto.Marshal(&pb.SessionUp{Frame: &pb.SessionUp_Put{Put: &pb.Put{
		Id: 1, Events: []*pb.Event{PackEvent(chat.Event{Key: "k", At: time.Unix(1, 2), Body: chat.MessageNew{Content: chat.Content{
			Text: chat.Text{Body: "x", Spans: []chat.Span{{End: 1}}}, Media: []chat.Media{{Kind: chat.Photo}}}}})},
		State: []*pb.StateItem{{Key: "c", Value: []byte("1")}},
	}}})
	f.Add(seed)
	f.Fuzz(func(t *testing.T, in []byte) {
		var frame pb.SessionUp
		if proto.Unmarshal(in, &frame) != nil {
			return
		}
		for _, e := range frame.GetPut().GetEvents() {
			if _, err := proto.Marshal(PackEvent(UnpackEvent(e))); err != nil {
				t.Error(err)
			}
		}
		UnpackStateItems(frame.GetPut().GetState())
		UnpackState(frame.GetState())
		UnpackOutcome(frame.GetSettled().GetOutcome())
		UnpackPairStep(frame.GetPairStep())
		UnpackSelf(frame.GetSelf())
		_, _ = UnpackCapabilities(frame.GetCapabilities().GetCapabilities())
	})
}
