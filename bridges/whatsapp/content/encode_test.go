// SPDX-License-Identifier: GPL-3.0-or-later

package content_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

func outgoing() content.Outgoing {
	return content.Outgoing{
		Chat: group, Own: types.NewJID("1", types.HiddenUserServer),
		Address: func(u chat.RemoteUser) types.JID { return content.ParseUser(u) },
	}
}

func uploaded(n int) (out []whatsmeow.UploadResponse) {
	for i := range n {
		out = append(out, whatsmeow.UploadResponse{
			URL: "https://x/v/1.enc", DirectPath: "/v/1.enc?x=1", MediaKey: bytes.Repeat([]byte{byte(i)}, 32),
			FileEncSHA256: make([]byte, 32), FileSHA256: make([]byte, 32), FileLength: 1234,
		})
	}
	return out
}

// encode writes a post that makes one message.
func encode(t *testing.T, p chat.Post) *waE2E.Message {
	t.Helper()
	out := outgoing()
	out.Files = uploaded(len(p.Media))
	m, err := content.Encode(p, out)
	if err != nil || len(m) != 1 {
		t.Fatalf("%d messages, %v", len(m), err)
	}
	return m[0]
}

// TestPostsReadAsTheyWereWritten: what one account writes is what another reads.
func TestPostsReadAsTheyWereWritten(t *testing.T) {
	media := func(k chat.MediaKind, mime string) []chat.Media {
		return []chat.Media{{Kind: k, MIME: mime, Size: 1234, Name: "a", Width: 30, Height: 20, Duration: 3 * time.Second, Emoji: "😀", Waveform: []byte{1, 2}}}
	}
	for name, c := range map[string]struct {
		post chat.Post
		want chat.Content
	}{
		"text":     {chat.Post{Text: chat.Text{Body: "a b", Spans: spans("bold 0 1")}}, chat.Content{Text: chat.Text{Body: "a b", Spans: spans("bold 0 1")}}},
		"mention":  {chat.Post{Text: chat.Text{Body: "@Ada", Spans: []chat.Span{{End: 4, Kind: chat.Mention, User: "1001@lid"}}}}, chat.Content{Text: chat.Text{Body: "@Ada", Spans: []chat.Span{{End: 4, Kind: chat.Mention, User: "1001@lid"}}}}},
		"preview":  {chat.Post{Text: chat.Text{Body: "see https://example.com/tea"}, Preview: &chat.Preview{URL: "https://example.com/tea", Title: "Tea", Description: "d"}}, chat.Content{Text: chat.Text{Body: "see https://example.com/tea"}, Preview: &chat.Preview{URL: "https://example.com/tea", Title: "Tea", Description: "d"}}},
		"no link":  {chat.Post{Text: chat.Text{Body: "see"}, Preview: &chat.Preview{URL: "https://example.com/tea", Title: "Tea"}}, chat.Content{Text: chat.Text{Body: "see"}}},
		"reply":    {chat.Post{Text: chat.Text{Body: "a"}, Reply: &chat.ReplyTarget{ID: "1001/3EB0FF", Author: "1001@lid", Excerpt: "2*3*4 *x*"}}, chat.Content{Text: chat.Text{Body: "a"}, ReplyTo: &chat.ReplyRef{ID: "1001/3EB0FF", Author: "1001@lid", Excerpt: "2*3*4 *x*"}}},
		"own":      {chat.Post{Text: chat.Text{Body: "a"}, Reply: &chat.ReplyTarget{ID: "1/3EB0FF"}}, chat.Content{Text: chat.Text{Body: "a"}, ReplyTo: &chat.ReplyRef{ID: "1/3EB0FF", Author: "1@lid"}}},
		"timer":    {chat.Post{Text: chat.Text{Body: "a"}, ExpiresAfter: 24 * time.Hour}, chat.Content{Text: chat.Text{Body: "a"}, ExpiresAfter: 24 * time.Hour}},
		"place":    {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2, Accuracy: 3, Title: "t", Address: "a"}}, chat.Content{Place: &chat.Place{Lat: 1, Lon: 2, Accuracy: 3, Title: "t", Address: "a"}}},
		"contact":  {chat.Post{Contact: &chat.Contact{Name: "Bo, the one", Phones: []string{"+44 77"}}}, chat.Content{Contacts: []chat.Contact{{Name: "Bo, the one", Phones: []string{"+44 77"}}}}},
		"poll":     {chat.Post{Poll: &chat.Poll{Question: "q", Options: []chat.PollOption{{Text: "a"}, {Text: "b"}}, Multiple: true}}, chat.Content{Poll: &chat.Poll{Question: "q", Options: []chat.PollOption{{Text: "a"}, {Text: "b"}}, Multiple: true}}},
		"photo":    {chat.Post{Text: chat.Text{Body: "c"}, Media: media(chat.Photo, "image/jpeg")}, chat.Content{Text: chat.Text{Body: "c"}, Media: []chat.Media{{Kind: chat.Photo, MIME: "image/jpeg", Size: 1234, Width: 30, Height: 20}}}},
		"video":    {chat.Post{Text: chat.Text{Body: "c"}, Media: media(chat.Video, "video/mp4")}, chat.Content{Text: chat.Text{Body: "c"}, Media: []chat.Media{{Kind: chat.Video, MIME: "video/mp4", Size: 1234, Width: 30, Height: 20, Duration: 3 * time.Second}}}},
		"gif":      {chat.Post{Media: media(chat.Animation, "video/mp4")}, chat.Content{Media: []chat.Media{{Kind: chat.Animation, MIME: "video/mp4", Size: 1234, Width: 30, Height: 20, Duration: 3 * time.Second}}}},
		"note":     {chat.Post{Media: media(chat.VideoNote, "video/mp4")}, chat.Content{Media: []chat.Media{{Kind: chat.VideoNote, MIME: "video/mp4", Size: 1234, Width: 30, Height: 20, Duration: 3 * time.Second}}}},
		"voice":    {chat.Post{Media: media(chat.Voice, "audio/ogg")}, chat.Content{Media: []chat.Media{{Kind: chat.Voice, MIME: "audio/ogg", Size: 1234, Duration: 3 * time.Second, Waveform: append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)...)}}}},
		"audio":    {chat.Post{Media: media(chat.Audio, "audio/mpeg")}, chat.Content{Media: []chat.Media{{Kind: chat.Audio, MIME: "audio/mpeg", Size: 1234, Duration: 3 * time.Second}}}},
		"file":     {chat.Post{Text: chat.Text{Body: "c"}, Media: media(chat.File, "application/pdf")}, chat.Content{Text: chat.Text{Body: "c"}, Media: []chat.Media{{Kind: chat.File, MIME: "application/pdf", Name: "a", Size: 1234}}}},
		"sticker":  {chat.Post{Media: media(chat.Sticker, "image/webp")}, chat.Content{Media: []chat.Media{{Kind: chat.Sticker, MIME: "image/webp", Size: 1234, Width: 30, Height: 20, Emoji: "😀"}}}},
		"spoiler":  {chat.Post{Media: []chat.Media{{Kind: chat.Photo, MIME: "image/jpeg", Spoiler: true}}}, chat.Content{Media: []chat.Media{{Kind: chat.Photo, MIME: "image/jpeg", Size: 1234, Spoiler: true}}}},
		"in a day": {chat.Post{Media: media(chat.Sticker, "image/webp"), ExpiresAfter: time.Hour}, chat.Content{ExpiresAfter: time.Hour, Media: []chat.Media{{Kind: chat.Sticker, MIME: "image/webp", Size: 1234, Width: 30, Height: 20, Emoji: "😀"}}}},
	} {
		got, r := content.Decode(encode(t, c.post), incoming())
		opts := cmp.Options{cmpopts.IgnoreFields(chat.Media{}, "Ref"), cmpopts.IgnoreFields(chat.Contact{}, "VCard")}
		if diff := cmp.Diff(c.want, got, opts); diff != "" || r != content.Said {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSeveralMediaAreOneAlbum(t *testing.T) {
	p := chat.Post{Text: chat.Text{Body: "both"}, TextAt: 1, Reply: &chat.ReplyTarget{ID: "1001/1"}, Media: []chat.Media{{Kind: chat.Photo}, {Kind: chat.Video}}}
	out := outgoing()
	out.Files, out.Head = uploaded(2), "3EB0HEAD"
	if h := content.AlbumHead(p, out).GetAlbumMessage(); h.GetExpectedImageCount() != 1 || h.GetExpectedVideoCount() != 1 {
		t.Errorf("the head is %v", h)
	}
	m, err := content.Encode(p, out)
	if err != nil || len(m) != 2 {
		t.Fatal(m, err)
	}
	in := incoming()
	in.Sender = out.Own
	for i, one := range m {
		c, _ := content.Decode(one, in)
		if c.Album != "1/3EB0HEAD" || (c.ReplyTo != nil) != (i == 0) || (c.Text.Body == "both") != (i == 1) {
			t.Errorf("item %d: %+v", i, c)
		}
	}
	if content.IsAlbum(chat.Post{Media: []chat.Media{{Kind: chat.Photo}, {Kind: chat.File}}}) || content.IsAlbum(chat.Post{Media: p.Media[:1]}) {
		t.Error("files, or one photo, are an album")
	}
}

func TestCaptionsAreChangedInTheWholeMessage(t *testing.T) {
	for _, m := range []chat.Media{{Kind: chat.Photo}, {Kind: chat.Video}, {Kind: chat.File}} {
		for _, before := range []string{"", "before"} {
			sent := encode(t, chat.Post{Text: chat.Text{Body: before}, Media: []chat.Media{m}, ExpiresAfter: time.Hour})
			now, ok := content.Caption(sent, chat.Post{Text: chat.Text{Body: "after *all*"}}, outgoing())
			c, _ := content.Decode(now, incoming())
			if !ok || c.Text.Body != "after *all*" || len(c.Media) != 1 || c.Media[0].Kind != m.Kind || c.ExpiresAfter != time.Hour {
				t.Errorf("%s: %+v", m.Kind, c)
			}
			if c, _ := content.Decode(sent, incoming()); c.Text.Body != before {
				t.Errorf("what was sent has changed to %q", c.Text.Body)
			}
		}
	}
	for _, k := range []chat.MediaKind{chat.Voice, chat.Sticker} {
		if _, ok := content.Caption(encode(t, chat.Post{Media: []chat.Media{{Kind: k}}}), chat.Post{}, outgoing()); ok {
			t.Errorf("a %s has a caption", k)
		}
	}
}

func TestFilesShowTheirTrueNames(t *testing.T) {
	for name, want := range map[string]string{"a.pdf": "a.pdf", "../invoice\u202efdp.exe": "invoicefdp.exe", "": ""} {
		doc := encode(t, chat.Post{Media: []chat.Media{{Kind: chat.File, Name: name}}}).GetDocumentMessage()
		if doc.GetFileName() != want || doc.GetTitle() != want {
			t.Errorf("%q is sent as %q, %q", name, doc.GetFileName(), doc.GetTitle())
		}
	}
}

func TestPostsThatCannotBeWritten(t *testing.T) {
	for want, p := range map[error]chat.Post{
		content.ErrNothing: {}, content.ErrTooLong: {Text: chat.Text{Body: strings.Repeat("a", content.MaxText+1)}},
		content.ErrFiles: {Media: []chat.Media{{Kind: chat.Photo}}},
	} {
		if _, err := content.Encode(p, outgoing()); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestStrangersAreNotMentioned(t *testing.T) {
	p := chat.Post{Text: chat.Text{Body: "@Ada", Spans: []chat.Span{{End: 4, Kind: chat.Mention, User: "77@lid"}}}}
	out := outgoing()
	out.Address = func(chat.RemoteUser) types.JID { return types.EmptyJID }
	m, err := content.Encode(p, out)
	if err != nil || m[0].GetConversation() != "@Ada" {
		t.Errorf("%v, %v", m, err)
	}
}
