// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// newSpooling makes a lab whose account takes posts and has a spool.
func newSpooling(t *testing.T, change ...func(*lab)) *lab {
	t.Helper()
	spool := t.TempDir()
	return newLab(t, append(change, func(l *lab) { l.spool = spool })...).connected(t)
}

// spooled puts bytes into the spool and returns the media that name them.
func (l *lab) spooled(t testing.TB, m chat.Media, data string) chat.Media {
	t.Helper()
	sum := sha256.Sum256([]byte(data))
	m.Hash, m.Size = hex.EncodeToString(sum[:]), int64(len(data))
	path := filepath.Join(l.spool, filepath.FromSlash(chat.SpoolPath(m.Hash)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFilesBecomeCalls(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	for name, c := range map[string]struct {
		media  chat.Media
		method string
		field  string
		want   map[string]any // besides the chat, the file and the caption
		file   sentFile
	}{
		"photo": {chat.Media{Kind: chat.Photo, MIME: "image/jpeg", Width: 3, Height: 4, Spoiler: true}, "sendPhoto", "photo",
			map[string]any{"has_spoiler": true}, sentFile{"photo.jpg", "image/jpeg", "bytes"}},
		"video": {chat.Media{Kind: chat.Video, MIME: "video/mp4", Name: "a.mp4", Width: 3, Height: 4, Duration: 1600 * time.Millisecond}, "sendVideo", "video",
			map[string]any{"width": 3.0, "height": 4.0, "duration": 2.0, "supports_streaming": true}, sentFile{"a.mp4", "video/mp4", "bytes"}},
		"animation": {chat.Media{Kind: chat.Animation, MIME: "image/gif", Name: "a", Width: 3, Height: 4, Duration: time.Millisecond, Spoiler: true}, "sendAnimation", "animation",
			map[string]any{"width": 3.0, "height": 4.0, "duration": 1.0, "has_spoiler": true}, sentFile{"a.gif", "image/gif", "bytes"}},
		"audio": {chat.Media{Kind: chat.Audio, MIME: "audio/mpeg", Name: "نغمة.mp3", Duration: time.Minute}, "sendAudio", "audio",
			map[string]any{"duration": 60.0}, sentFile{"نغمة.mp3", "audio/mpeg", "bytes"}},
		"voice": {chat.Media{Kind: chat.Voice, MIME: "audio/ogg; codecs=opus", Name: "a.oga", Duration: 3 * time.Second}, "sendVoice", "voice",
			map[string]any{"duration": 3.0}, sentFile{"a.ogg", "audio/ogg", "bytes"}},
		"file": {chat.Media{Kind: chat.File, MIME: "application/x-unheard", Name: `C:\tmp\a "b".dat`}, "sendDocument", "document",
			map[string]any{"disable_content_type_detection": true}, sentFile{`a "b".dat`, "application/x-unheard", "bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			post := chat.Post{
				Chat: "-1001/42", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, c.media, "bytes")}, Reply: &chat.ReplyTarget{ID: "5"},
				Text: chat.Text{Body: "😀 hi", Spans: []chat.Span{{Start: 2, End: 4, Kind: chat.Bold}}},
			}
			if got := l.deliver(post); got.Kind != chat.Delivered || got.IDs[0] != "77" {
				t.Fatalf("%+v", got)
			}
			call := l.last(t, c.method)
			c.want["chat_id"], c.want["message_thread_id"], c.want["caption"], c.want[c.field] = -1001.0, 42.0, "😀 hi", "attach://file0"
			c.want["caption_entities"] = []any{map[string]any{"type": "bold", "offset": 3.0, "length": 2.0}}
			c.want["reply_parameters"] = map[string]any{"message_id": 5.0, "allow_sending_without_reply": true}
			if diff := cmp.Diff(c.want, argsOf(call)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]sentFile{"file0": c.file}, call.files); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilesWithoutCaptionsBecomeCalls(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	for name, c := range map[string]struct {
		media  chat.Media
		method string
		want   map[string]any
		file   sentFile
	}{
		"sticker":            {chat.Media{Kind: chat.Sticker, MIME: "image/webp", Emoji: "🦆"}, "sendSticker", map[string]any{"emoji": "🦆", "sticker": "attach://file0"}, sentFile{"sticker.webp", "image/webp", "bytes"}},
		"sticker of lines":   {chat.Media{Kind: chat.Sticker, MIME: "application/x-tgsticker"}, "sendSticker", map[string]any{"sticker": "attach://file0"}, sentFile{"sticker.tgs", "application/x-tgsticker", "bytes"}},
		"sticker that moves": {chat.Media{Kind: chat.Sticker, MIME: "video/webm"}, "sendSticker", map[string]any{"sticker": "attach://file0"}, sentFile{"sticker.webm", "video/webm", "bytes"}},
		"video note": {chat.Media{Kind: chat.VideoNote, MIME: "video/mp4", Width: 240, Height: 240, Duration: time.Second}, "sendVideoNote",
			map[string]any{"video_note": "attach://file0", "length": 240.0, "duration": 1.0}, sentFile{"video_note.mp4", "video/mp4", "bytes"}},
		"video note that is no square": {chat.Media{Kind: chat.VideoNote, MIME: "video/mp4", Width: 240, Height: 100}, "sendVideoNote", map[string]any{"video_note": "attach://file0"}, sentFile{"video_note.mp4", "video/mp4", "bytes"}},
		"photo without a caption":      {chat.Media{Kind: chat.Photo, MIME: "image/png"}, "sendPhoto", map[string]any{"photo": "attach://file0"}, sentFile{"photo.png", "image/png", "bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, c.media, "bytes")}}); got.Kind != chat.Delivered {
				t.Fatalf("%+v", got)
			}
			call := l.last(t, c.method)
			c.want["chat_id"] = -1001.0
			if diff := cmp.Diff(c.want, argsOf(call)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.file, call.files["file0"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAlbumIsOneCall sends two files of one name, whose text stands with the second.
func TestAlbumIsOneCall(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	post := chat.Post{
		Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "hi", Spans: []chat.Span{{Start: 0, End: 2, Kind: chat.Italic}}}, TextAt: 1, Reply: &chat.ReplyTarget{ID: "5"},
		Media: []chat.Media{
			l.spooled(t, chat.Media{Kind: chat.Photo, MIME: "image/jpeg", Name: "same.jpg", Spoiler: true}, "first"),
			l.spooled(t, chat.Media{Kind: chat.Video, MIME: "video/mp4", Name: "same.jpg", Width: 3, Height: 4, Duration: time.Second}, "second"),
		},
	}
	want := chat.DeliveredAs("77", "78")
	want.At = whenSent
	if diff := cmp.Diff(want, l.deliver(post)); diff != "" {
		t.Fatal(diff)
	}
	call := l.last(t, "sendMediaGroup")
	args := map[string]any{
		"chat_id": -1001.0, "reply_parameters": map[string]any{"message_id": 5.0, "allow_sending_without_reply": true},
		"media": []any{
			map[string]any{"type": "photo", "media": "attach://file0", "has_spoiler": true},
			map[string]any{"type": "video", "media": "attach://file1", "width": 3.0, "height": 4.0, "duration": 1.0, "supports_streaming": true, "caption": "hi",
				"caption_entities": []any{map[string]any{"type": "italic", "offset": 0.0, "length": 2.0}}},
		},
	}
	if diff := cmp.Diff(args, argsOf(call)); diff != "" {
		t.Error(diff)
	}
	files := map[string]sentFile{"file0": {"same.jpg", "image/jpeg", "first"}, "file1": {"same.mp4", "video/mp4", "second"}}
	if diff := cmp.Diff(files, call.files); diff != "" {
		t.Error(diff)
	}
	for _, k := range []chat.MediaKind{chat.Audio, chat.File} {
		post.Media = []chat.Media{l.spooled(t, chat.Media{Kind: k}, "a"), l.spooled(t, chat.Media{Kind: k}, "b")}
		post.TextAt = 9
		if got := l.deliver(post); got.Kind != chat.Delivered || len(got.IDs) != 2 {
			t.Errorf("%s: %+v", k, got)
		}
	}
	if media := fmt.Sprint(argsOf(l.last(t, "sendMediaGroup"))["media"]); strings.Count(media, "caption:hi") != 1 {
		t.Errorf("a text that stands nowhere: %s", media)
	}
}

func TestPlacesContactsAndPollsBecomeCalls(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	for name, c := range map[string]struct {
		post   chat.Post
		method string
		want   map[string]any
	}{
		"place": {chat.Post{Place: &chat.Place{Lat: 52.516267, Lon: -13.5, Accuracy: 9999}}, "sendLocation",
			map[string]any{"latitude": 52.516267, "longitude": -13.5, "horizontal_accuracy": 1500.0}},
		"live place":       {chat.Post{Place: &chat.Place{Lat: 1, Live: time.Hour}}, "sendLocation", map[string]any{"latitude": 1.0, "longitude": 0.0, "live_period": 3600.0}},
		"live for seconds": {chat.Post{Place: &chat.Place{Lat: 1, Live: time.Second}}, "sendLocation", map[string]any{"latitude": 1.0, "longitude": 0.0, "live_period": 60.0}},
		"live for ever":    {chat.Post{Place: &chat.Place{Lat: 1, Live: 1 << 62}}, "sendLocation", map[string]any{"latitude": 1.0, "longitude": 0.0, "live_period": 86400.0}},
		"venue":            {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2, Title: "T", Address: "A"}}, "sendVenue", map[string]any{"latitude": 1.0, "longitude": 2.0, "title": "T", "address": "A"}},
		"venue somewhere":  {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2, Title: "T"}}, "sendVenue", map[string]any{"latitude": 1.0, "longitude": 2.0, "title": "T", "address": "T"}},
		"contact":          {chat.Post{Contact: &chat.Contact{Name: "C D", Phones: []string{"+44 1"}, VCard: "BEGIN:VCARD"}}, "sendContact", map[string]any{"phone_number": "+44 1", "first_name": "C D", "vcard": "BEGIN:VCARD"}},
		"contact with two numbers": {chat.Post{Contact: &chat.Contact{Name: "C; D", Phones: []string{"+1", "+2"}}}, "sendContact",
			map[string]any{"phone_number": "+1", "first_name": "C; D", "vcard": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:C\\; D\r\nTEL:+1\r\nTEL:+2\r\nEND:VCARD\r\n"}},
		"contact of nobody":  {chat.Post{Contact: &chat.Contact{Phones: []string{"+1"}, VCard: strings.Repeat("x", 2049)}}, "sendContact", map[string]any{"phone_number": "+1", "first_name": "+1"}},
		"contact, no number": {chat.Post{Contact: &chat.Contact{Name: "C"}}, "sendMessage", map[string]any{"text": "C", "link_preview_options": map[string]any{"is_disabled": true}}},
		"poll": {chat.Post{Poll: &chat.Poll{Question: "Q?", Options: []chat.PollOption{{Text: "a", Votes: 1}, {Text: "b"}}}}, "sendPoll",
			map[string]any{"question": "Q?", "is_anonymous": true, "correct_option_id": 0.0, "options": []any{map[string]any{"text": "a"}, map[string]any{"text": "b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.post.Chat, c.post.Action, c.post.Reply = "-1001/42", chat.ActSend, &chat.ReplyTarget{ID: "5"}
			if got := l.deliver(c.post); got.Kind != chat.Delivered {
				t.Fatalf("%+v", got)
			}
			c.want["chat_id"], c.want["message_thread_id"] = -1001.0, 42.0
			c.want["reply_parameters"] = map[string]any{"message_id": 5.0, "allow_sending_without_reply": true}
			if diff := cmp.Diff(c.want, argsOf(l.last(t, c.method))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatIsNoPictureGoesAsAFile: the refusal proves that nothing was sent.
func TestWhatIsNoPictureGoesAsAFile(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	for method, post := range map[string]chat.Post{
		"sendPhoto": {Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.Photo, MIME: "image/png", Name: "long.png"}, "a")}},
		"sendVoice": {Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.Voice, MIME: "audio/ogg", Name: "long.png"}, "a")}},
	} {
		text := "Bad Request: PHOTO_INVALID_DIMENSIONS"
		if method == "sendVoice" {
			text = "Bad Request: VOICE_MESSAGES_FORBIDDEN"
		}
		l.on(method, refusalOf(400, text))
		post.Chat, post.Action, post.Text = "-1001", chat.ActSend, chat.Text{Body: "hi"}
		got := l.deliver(post)
		call := l.last(t, "sendDocument")
		if got.Kind != chat.Delivered || cmp.Diff([]string{"media_kind"}, got.Dropped) != "" || call.files["file0"].Name != "long.png" || call.text("caption") != "hi" {
			t.Errorf("%s: %+v, %+v", method, got, call)
		}
	}
	one := l.spooled(t, chat.Media{Kind: chat.Photo, MIME: "image/png"}, "a")
	l.on("sendDocument", refusalOf(400, "Bad Request: IMAGE_PROCESS_FAILED"))
	got := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{one}})
	if got.Kind != chat.Refused || got.Why != whyBadPicture {
		t.Errorf("what is no file either: %+v", got)
	}
}

// TestAlbumSaysWhichItemIsTheReason in the real server's words; of what is not about a file it says nothing.
func TestAlbumSaysWhichItemIsTheReason(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	one := l.spooled(t, chat.Media{Kind: chat.Photo, MIME: "image/png"}, "a")
	for text, want := range map[string]chat.Outcome{
		`failed to send message #2 with the error message "IMAGE_PROCESS_FAILED"`:                        {Kind: chat.Refused, Why: whyBadPicture, Item: 2},
		`failed to send message #1 with the error message "PHOTO_INVALID_DIMENSIONS"`:                    {Kind: chat.Refused, Why: whyBadPicture, Item: 1},
		`failed to send message #2 with the error message "Wrong file identifier/HTTP URL specified"`:    {Kind: chat.Refused, Why: whyBadFile, Item: 2},
		`failed to send message #1 with the error message "CHAT_WRITE_FORBIDDEN"`:                        chat.HoldChat(whyMuted),
		`failed to send message #1 with the error message "MEDIA_GROUPED_INVALID"`:                       {Kind: chat.Refused, Why: refused("Bad Request: MEDIA_GROUPED_INVALID")},
		`failed to send message #1 with the error message "Can't send messages of this kind to a robot"`: {Kind: chat.Refused, Why: refused("can't send messages of this kind to a robot")},
		"IMAGE_PROCESS_FAILED": {Kind: chat.Refused, Why: whyBadPicture},
		"group send failed":    {Kind: chat.Refused, Why: refused("group send failed")},
	} {
		l.on("sendMediaGroup", refusalOf(400, "Bad Request: "+text))
		before := l.count("sendMediaGroup")
		got := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{one, one}})
		if diff := cmp.Diff(want, got); diff != "" || l.count("sendMediaGroup") != before+1 {
			t.Errorf("%s: %d calls (-want +got)\n%s", text, l.count("sendMediaGroup")-before, diff)
		}
	}
}

// TestAnswersToFilesBecomeOutcomes holds what only posts with files are answered.
func TestAnswersToFilesBecomeOutcomes(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	album := func(ids ...chat.RemoteMessage) chat.Outcome { return chat.DeliveredAs(ids...) }
	one := l.spooled(t, chat.Media{Kind: chat.File, MIME: "text/plain"}, "a")
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		n      int // files of the post
		want   chat.Outcome
	}{
		"empty, as the server says":   {refusalOf(400, "Bad Request: file must be non-empty"), 1, chat.RefusedFor(whyEmptyFile)},
		"unreadable":                  {refusalOf(400, "Bad Request: wrong file identifier/HTTP URL specified"), 1, chat.RefusedFor(whyBadFile)},
		"too large":                   {refusalOf(413, "Request Entity Too Large"), 1, chat.RefusedFor(whyTooLarge)},
		"too large for a proxy":       {say(413, "<html><h1>413</h1>nginx"), 1, chat.RefusedFor(whyTooLarge)},
		"too large, in other words":   {refusalOf(400, "Bad Request: file is too big"), 1, chat.RefusedFor(whyTooLarge)},
		"slow mode":                   {refusalOf(400, "Bad Request: SLOWMODE_WAIT_17"), 1, chat.RetryAfter(17*time.Second, chat.ScopeChat, whyRateLimit)},
		"another 400":                 {refusalOf(400, "Bad Request: the moon is full"), 1, chat.RefusedFor(refused("the moon is full"))},
		"album":                       {say(200, `{"ok":true,"result":[{"message_id":1},{"message_id":2}]}`), 2, album("1", "2")},
		"album without an id":         {say(200, `{"ok":true,"result":[{"message_id":1},{}]}`), 2, chat.UncertainFor(whyGarbled)},
		"album of nothing":            {say(200, `{"ok":true,"result":[]}`), 2, chat.UncertainFor(whyGarbled)},
		"album, cut off":              {cutAfter(`{"ok":true,"result":[{"message_id":1,"chat":{"id":1,"title":"a]}"}},{"message_id":2,"da`), 2, album("1", "2")},
		"album, cut off early":        {cutAfter(`{"ok":true,"result":[{"message_id":1,"da`), 2, album("1")},
		"album, cut off in a number":  {cutAfter(`{"ok":true,"result":[{"message_id":1`), 2, chat.UncertainFor(whyCutOff)},
		"album, cut off before it":    {cutAfter(`{"ok":true,"result":[`), 2, chat.UncertainFor(whyCutOff)},
		"album, undecodable for some": {say(200, `{"ok":true,"result":[{"message_id":1,"chat":7},{"message_id":2,"poll":[]}]}`), 2, album("1", "2")},
	} {
		t.Run(name, func(t *testing.T) {
			l.on("sendDocument", c.answer)
			l.on("sendMediaGroup", c.answer)
			post := chat.Post{Chat: "-1001", Action: chat.ActSend}
			for range c.n {
				post.Media = append(post.Media, one)
			}
			if diff := cmp.Diff(c.want, l.deliver(post)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilesThatAreNotWhatThePostSaysAreRefused(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	good := l.spooled(t, chat.Media{Kind: chat.File}, "bytes")
	empty := l.spooled(t, chat.Media{Kind: chat.File}, "")
	gone, lying, folder := good, good, good
	gone.Hash = strings.Repeat("0", 64)
	lying.Size = 6
	folder.Hash = strings.Repeat("a", 64)
	if err := os.MkdirAll(filepath.Join(l.spool, filepath.FromSlash(chat.SpoolPath(folder.Hash))), 0o700); err != nil {
		t.Fatal(err)
	}
	link := good
	link.Hash = strings.Repeat("b", 64)
	if err := os.MkdirAll(filepath.Join(l.spool, "bb"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(l.spool, filepath.FromSlash(chat.SpoolPath(link.Hash)))); err != nil {
		t.Fatal(err)
	}
	link.Size = 0
	for name, c := range map[string]struct {
		media []chat.Media
		want  chat.Reason
	}{
		"gone": {[]chat.Media{gone}, whyNoFile}, "of another size": {[]chat.Media{lying}, whyNoFile}, "a folder": {[]chat.Media{folder}, whyNoFile},
		"a link": {[]chat.Media{link}, whyNoFile}, "empty": {[]chat.Media{empty}, whyEmptyFile}, "the second of two": {[]chat.Media{good, gone}, whyNoFile},
	} {
		if diff := cmp.Diff(chat.RefusedFor(c.want), l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Media: c.media})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if n := l.count("sendDocument") + l.count("sendMediaGroup"); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestFileNamesSayWhatAFileIs(t *testing.T) {
	for want, m := range map[string]chat.Media{
		"a.pdf":                                 {Kind: chat.File, Name: "a.pdf", MIME: "application/octet-stream"},
		"a.mp4":                                 {Kind: chat.File, Name: "a", MIME: "video/mp4"},
		"photo.jpg":                             {Kind: chat.Photo, MIME: "image/jpeg"},
		"a.jpg":                                 {Kind: chat.Photo, Name: "a.HEIC", MIME: "image/jpeg"},
		"file":                                  {Kind: chat.File, Name: "../..", MIME: "nonsense"},
		"passwd":                                {Kind: chat.File, Name: "../../etc/passwd"},
		"annexe.exe":                            {Kind: chat.File, Name: "ann\u202eexe.exe\r\n"},
		strings.Repeat("ب", 120) + ".pdf":       {Kind: chat.File, Name: strings.Repeat("ب", 400) + ".pdf"},
		"a." + strings.Repeat("x", 40):          {Kind: chat.File, Name: "a." + strings.Repeat("x", 40)},
		"a." + strings.Repeat("y", 20) + ".png": {Kind: chat.File, Name: "a." + strings.Repeat("y", 20), MIME: "image/png"},
	} {
		if got := fileName(m); got != want {
			t.Errorf("%q becomes %q, want %q", m.Name, got, want)
		}
	}
}

// TestQuoteOfAFileIsLeftOut checks that the file goes again whole when its quote was refused.
func TestQuoteOfAFileIsLeftOut(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	l.on("sendDocument", func(w http.ResponseWriter, r *http.Request) {
		var reply struct{ Quote string }
		_ = json.Unmarshal([]byte(r.FormValue("reply_parameters")), &reply)
		if reply.Quote != "" {
			refusalOf(400, "Bad Request: QUOTE_TEXT_INVALID")(w, r)
			return
		}
		say(200, `{"ok":true,"result":{"message_id":9}}`)(w, r)
	})
	post := chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.File}, "bytes")}, Reply: &chat.ReplyTarget{ID: "5", Quote: "q"}}
	got := l.deliver(post)
	if got.Kind != chat.Delivered || cmp.Diff([]string{"quote"}, got.Dropped) != "" || l.last(t, "sendDocument").files["file0"].Data != "bytes" {
		t.Errorf("%+v", got)
	}
}
