// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve runs a world and returns its client.
func serve(t *testing.T, w World) *Client {
	s := httptest.NewServer(Handler(w))
	c := NewClient(s.URL)
	t.Cleanup(func() { c.Close(); s.Close() })
	return c
}

func TestRequestsAndRepliesCrossTheWireWhole(t *testing.T) {
	post := Post{
		Chat: "-1/2", User: "u", As: AsChannel, Channel: "-3", ForwardedFrom: &Origin{Name: "Ben"},
		Content: Content{
			Text: "a\n😀", Spans: []Span{{0, 1, "link", "https://a.example", "v"}}, ReplyTo: "7", Quote: "q", Album: "b",
			Media: []Media{{Kind: "photo", Name: "x", Data: []byte{0, 1, 255}}},
			Place: &Place{Latitude: -1.5, Longitude: 180, Title: "Quay", LiveS: 60}, Contact: &Contact{Name: "Ana", Phone: "+44"},
			Poll: &Poll{Question: "?", Options: []PollOption{{Text: "yes", Votes: 2}}, Multiple: true},
		},
	}
	view := View{Messages: []Seen{{ID: "1", Content: Content{Text: "t"}, At: time.Unix(1, 0).UTC(), Reactions: []Reaction{{User: "u", Emoji: "👍"}}}}, Cursor: 9}
	see := See{Chat: "-1", User: "u", Since: 4, AtLeast: 2, Wait: 1500 * time.Millisecond}
	var gotPost Post
	var gotSee See
	c := serve(t, World{
		Post: func(_ context.Context, in Post) (MessageReply, error) { gotPost = in; return MessageReply{"8"}, nil },
		See:  func(_ context.Context, in See) (View, error) { gotSee = in; return view, nil },
	})
	id, err := c.Post(t.Context(), post)
	if err != nil || id != "8" {
		t.Errorf("posted %q, %v", id, err)
	}
	got, err := c.See(t.Context(), see)
	if err != nil {
		t.Error(err)
	}
	for _, pair := range [][2]any{{post, gotPost}, {see, gotSee}, {view, got}} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// What a message says stands beside its other fields, in a post and in a view.
func TestWhatAMessageSaysStandsInItsOwnObject(t *testing.T) {
	says := Content{
		Kind: "poll", Text: "t", Spans: []Span{{End: 1, Kind: "bold"}}, Media: []Media{{Kind: "photo"}}, Place: &Place{}, Contact: &Contact{},
		Poll: &Poll{}, Preview: &Preview{URL: "u"}, ReplyTo: "1", Quote: "q", Album: "a",
	}
	const said = `"kind":"poll","text":"t","spans":[{"start":0,"end":1,"kind":"bold"}],"media":[{"kind":"photo"}],` +
		`"place":{"latitude":0,"longitude":0},"contact":{"name":"","phone":""},"poll":{"question":"","options":null},` +
		`"preview":{"url":"u"},"reply_to":"1","quote":"q","album":"a"`
	for want, v := range map[string]any{
		`{"chat":"c","user":"u",` + said + `,"forwarded_from":{"name":"n"},"as":"channel","channel":"d","account":"e"}`: Post{
			Chat: "c", User: "u", Content: says, ForwardedFrom: &Origin{Name: "n"}, As: AsChannel, Channel: "d", Account: "e",
		},
		`{"id":"i","author":"u","name":"n","account":"e",` + said + `,"pinned":true,"service":"s","edits":1,"deleted":true,"at":"0001-01-01T00:00:00Z"}`: Seen{
			ID: "i", Author: "u", Name: "n", Account: "e", Content: says, Pinned: true, Service: "s", Edits: 1, Deleted: true,
		},
	} {
		got, err := json.Marshal(v)
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func TestWhatANetworkLacksIsRefusedByItsCode(t *testing.T) {
	c := serve(t, World{})
	_, snapshot := c.Snapshot(t.Context())
	_, view := c.See(t.Context(), See{Chat: "x"})
	for name, err := range map[string]error{"get": snapshot, "see": view, "tell": c.Edit(t.Context(), Edit{})} {
		if !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusalsKeepTheirSentence(t *testing.T) {
	c := serve(t, World{Edit: func(context.Context, Edit) error { return Because(ErrRefused, "no message %d", 7) }})
	err := c.Edit(t.Context(), Edit{})
	if !errors.Is(err, ErrRefused) || err.Error() != "no message 7" || errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestRequestsThatMakeNoSenseAreWrongUse(t *testing.T) {
	s := httptest.NewServer(Handler(World{
		Edit: func(context.Context, Edit) error { return nil },
		See:  func(context.Context, See) (View, error) { return View{}, nil },
	}))
	defer s.Close()
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{pathEdit, `{"chat":"1"}`, 200}, {pathEdit, `{"chat":1}`, 400}, {pathEdit, `{"chta":"1"}`, 400}, {pathEdit, ``, 400},
		{pathSee + "?chat=1&since=3", "", 200}, {pathSee + "?chat=1&since=-3", "", 400}, {"/v1/nothing", "", 404},
	} {
		method := "POST"
		if strings.HasPrefix(c.path, pathSee) {
			method = "GET"
		}
		req := httptest.NewRequest(method, s.URL+c.path, strings.NewReader(c.body))
		req.RequestURI = ""
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s %s answered %d, want %d", c.path, c.body, resp.StatusCode, c.want)
		}
	}
}

func TestWaitUntilMergesWhatChanged(t *testing.T) {
	steps := []View{
		{Messages: []Seen{{ID: "1", Content: Content{Text: "a"}}, {ID: "2", Content: Content{Text: "b"}}}, Cursor: 2},
		{Messages: []Seen{{ID: "1", Content: Content{Text: "A"}}, {ID: "3", Content: Content{Text: "c"}}}, Cursor: 4},
		{Messages: []Seen{{ID: "2", Deleted: true}}, Cursor: 5},
	}
	var since []Cursor
	c := serve(t, World{See: func(_ context.Context, in See) (View, error) {
		since = append(since, in.Since)
		return steps[len(since)-1], nil
	}})
	got, err := c.WaitUntil(t.Context(), See{Chat: "x"}, func(v View) bool { return len(v.Texts()) == 2 && v.Texts()[1] == "c" })
	if err != nil {
		t.Fatal(err)
	}
	want := View{Messages: []Seen{{ID: "1", Content: Content{Text: "A"}}, {ID: "2", Deleted: true}, {ID: "3", Content: Content{Text: "c"}}}, Cursor: 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Cursor{0, 2, 4}, since); diff != "" {
		t.Errorf("cursors (-want +got):\n%s", diff)
	}
}

func TestTheReadyLineIsReadBack(t *testing.T) {
	want := Ready{Network: "telegram", API: "http://127.0.0.1:1", Control: "http://127.0.0.1:2", Config: map[string]string{"token": "1:a"}}
	var out bytes.Buffer
	if err := WriteReady(&out, want); err != nil {
		t.Fatal(err)
	}
	out.WriteString("more\n")
	got, rest, err := ReadReady(&out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if more, _ := io.ReadAll(rest); string(more) != "more\n" {
		t.Errorf("what follows: %q", more)
	}
	if _, _, err := ReadReady(strings.NewReader("panic: no\n")); err == nil {
		t.Error("what is no ready line was read as one")
	}
}

func TestEveryRouteIsNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Routes() {
		if seen[r.Path] || r.Help == "" || !strings.HasPrefix(r.Path, "/v1/") {
			t.Errorf("route %+v", r)
		}
		seen[r.Path] = true
	}
}
