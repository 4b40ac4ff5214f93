// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// Pieces of updates in places that links lead to.
const (
	inPrivateGroup = `"message_id":7,"date":1700000000,"chat":{"id":-1001234567890,"type":"supergroup","title":"Friends"}`
	inPublicTopic  = `"message_id":7,"date":1700000000,"message_thread_id":42,"is_topic_message":true,"chat":{"id":-1001234567890,"type":"supergroup","title":"F","username":"friends"}`
)

// contentOf reads the one message that an update brings.
func contentOf(t *testing.T, where, body string) chat.Content {
	t.Helper()
	v := readOne(t, newConverter(), 10, "message", "{"+where+","+ana+","+body+"}")
	if len(v.bad) > 0 {
		t.Errorf("%s: not understood: %q", body, v.bad)
	}
	events := withoutIntroductions(v.events)
	m, ok := events[0].Body.(chat.MessageNew)
	if len(events) != 1 || !ok {
		t.Fatalf("%+v", events)
	}
	return m.Content
}

func TestMediaComesUp(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want chat.Media
	}{
		"photo, the largest": {`"photo":[{"file_id":"s","file_unique_id":"us","width":90,"height":60,"file_size":1},{"file_id":"l","file_unique_id":"ul","width":1280,"height":853,"file_size":90000},{"file_id":"m","width":320,"height":213}]`,
			chat.Media{Kind: chat.Photo, Ref: "ul:l", MIME: "image/jpeg", Size: 90000, Width: 1280, Height: 853}},
		"photo under a spoiler": {`"photo":[{"file_id":"x"}],"has_media_spoiler":true`, chat.Media{Kind: chat.Photo, Ref: ":x", MIME: "image/jpeg", Spoiler: true}},
		"video": {`"video":{"file_id":"x","file_unique_id":"u","width":640,"height":480,"duration":12,"file_name":"a.mp4","mime_type":"video/mp4","file_size":7}`,
			chat.Media{Kind: chat.Video, Ref: "u:x", MIME: "video/mp4", Name: "a.mp4", Size: 7, Width: 640, Height: 480, Duration: 12 * time.Second}},
		"video of another type": {`"video":{"file_id":"x","mime_type":"video/quicktime"}`, chat.Media{Kind: chat.Video, Ref: ":x", MIME: "video/quicktime"}},
		"animation, not its document": {`"animation":{"file_id":"x","mime_type":"video/mp4","duration":2,"width":3,"height":4},"document":{"file_id":"y"}`,
			chat.Media{Kind: chat.Animation, Ref: ":x", MIME: "video/mp4", Width: 3, Height: 4, Duration: 2 * time.Second}},
		"audio": {`"audio":{"file_id":"x","file_name":"a.mp3","performer":"P","title":"T","mime_type":"audio/mpeg","duration":200}`,
			chat.Media{Kind: chat.Audio, Ref: ":x", MIME: "audio/mpeg", Name: "a.mp3", Duration: 200 * time.Second}},
		"audio named by its title": {`"audio":{"file_id":"x","performer":"P","title":"T","mime_type":"audio/mpeg"}`, chat.Media{Kind: chat.Audio, Ref: ":x", MIME: "audio/mpeg", Name: "P – T.mp3"}},
		"voice":                    {`"voice":{"file_id":"x","duration":3,"mime_type":"audio/ogg"}`, chat.Media{Kind: chat.Voice, Ref: ":x", MIME: "audio/ogg", Duration: 3 * time.Second}},
		"video note":               {`"video_note":{"file_id":"x","length":240,"duration":3}`, chat.Media{Kind: chat.VideoNote, Ref: ":x", MIME: "video/mp4", Width: 240, Height: 240, Duration: 3 * time.Second}},
		"file":                     {`"document":{"file_id":"x","file_name":"a.pdf","mime_type":"application/pdf","file_size":30000000000}`, chat.Media{Kind: chat.File, Ref: ":x", MIME: "application/pdf", Name: "a.pdf", Size: 30_000_000_000}},
		"file of no type":          {`"document":{"file_id":"x"}`, chat.Media{Kind: chat.File, Ref: ":x"}},
		"sticker":                  {`"sticker":{"file_id":"x","emoji":"🦆","width":512,"height":400}`, chat.Media{Kind: chat.Sticker, Ref: ":x", MIME: "image/webp", Emoji: "🦆", Width: 512, Height: 400}},
		"sticker that is drawn":    {`"sticker":{"file_id":"x","is_animated":true}`, chat.Media{Kind: chat.Sticker, Ref: ":x", MIME: "application/x-tgsticker"}},
		"sticker that is a film":   {`"sticker":{"file_id":"x","is_video":true}`, chat.Media{Kind: chat.Sticker, Ref: ":x", MIME: "video/webm"}},
		"numbers that lie":         {`"video":{"file_id":"x","file_size":-1,"width":-2,"height":99999999999,"duration":-9}`, chat.Media{Kind: chat.Video, Ref: ":x", MIME: "video/mp4", Height: maxSide}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(chat.Content{Media: []chat.Media{c.want}}, contentOf(t, inGroup, c.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCaptionsAndAlbumsComeUp(t *testing.T) {
	got := contentOf(t, inGroup, `"photo":[{"file_id":"x"}],"caption":"😀 hi","caption_entities":[{"type":"bold","offset":3,"length":2}],"media_group_id":"99","show_caption_above_media":true`)
	want := chat.Content{
		Text: chat.Text{Body: "😀 hi", Spans: []chat.Span{{Start: 2, End: 4, Kind: chat.Bold}}}, Album: "99",
		Media: []chat.Media{{Kind: chat.Photo, Ref: ":x", MIME: "image/jpeg"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMediaTellsWhereItCanBeSeen(t *testing.T) {
	for want, where := range map[string]string{
		"":                               inGroup,
		"https://t.me/c/1234567890/7":    inPrivateGroup,
		"https://t.me/c/1234567890/42/7": strings.Replace(inPublicTopic, `,"username":"friends"`, "", 1),
		"https://t.me/friends/42/7":      inPublicTopic,
		"https://t.me/friends/7":         strings.Replace(inPublicTopic, `"is_topic_message":true,`, "", 1),
	} {
		if got := contentOf(t, where, `"video":{"file_id":"x"}`).Media[0].Link; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	private := contentOf(t, `"message_id":7,"date":1,"chat":{"id":5,"type":"private","username":"ana_b"}`, `"video":{"file_id":"x"}`)
	if private.Media[0].Link != "" {
		t.Errorf("a private chat is open to others: %q", private.Media[0].Link)
	}
}

func TestPlacesContactsAndPollsComeUp(t *testing.T) {
	option := func(text string, votes int) chat.PollOption { return chat.PollOption{Text: text, Votes: votes} }
	for name, c := range map[string]struct {
		body string
		want chat.Content
	}{
		"place":      {`"location":{"latitude":52.5,"longitude":-13.25,"horizontal_accuracy":12.5}`, chat.Content{Place: &chat.Place{Lat: 52.5, Lon: -13.25, Accuracy: 12.5}}},
		"live place": {`"location":{"latitude":0,"longitude":0,"live_period":3600,"heading":90}`, chat.Content{Place: &chat.Place{Live: time.Hour}}},
		"live for ever": {`"location":{"latitude":1,"longitude":2,"live_period":2147483647}`,
			chat.Content{Place: &chat.Place{Lat: 1, Lon: 2, Live: 2147483647 * time.Second}}},
		"venue": {`"venue":{"title":"T","address":"A","location":{"latitude":1.5,"longitude":-2}},"location":{"latitude":1.5,"longitude":-2}`,
			chat.Content{Place: &chat.Place{Lat: 1.5, Lon: -2, Title: "T", Address: "A"}}},
		"contact": {`"contact":{"first_name":"C","last_name":"D","phone_number":"+1","vcard":"BEGIN:VCARD"}`,
			chat.Content{Contacts: []chat.Contact{{Name: "C D", Phones: []string{"+1"}, VCard: "BEGIN:VCARD"}}}},
		"poll": {`"poll":{"id":"9","question":"Q?","options":[{"text":"a","voter_count":0},{"text":"b","voter_count":0}],"allows_multiple_answers":true}`,
			chat.Content{Poll: &chat.Poll{Question: "Q?", Options: []chat.PollOption{option("a", -1), option("b", -1)}, Multiple: true}}},
		"closed poll": {`"poll":{"id":"9","question":"Q?","options":[{"text":"a","voter_count":3},{"text":"b"}],"is_closed":true}`,
			chat.Content{Poll: &chat.Poll{Question: "Q?", Options: []chat.PollOption{option("a", 3), option("b", 0)}, Closed: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, contentOf(t, inGroup, c.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRepliesSayWhatTheyAnswer(t *testing.T) {
	for body, want := range map[string]string{
		`"photo":[{"file_id":"x"}],"caption":"look"`:                      "look",
		`"sticker":{"file_id":"x","emoji":"🦆"}`:                           "🦆",
		`"document":{"file_id":"x","file_name":"a.pdf"}`:                  "a.pdf",
		`"poll":{"question":"Q?","options":[{"text":"a"}]}`:               "Q?\n• a",
		`"location":{"latitude":1,"longitude":2}`:                         "location",
		`"venue":{"title":"T","address":"A","location":{}},"location":{}`: "T\nA",
		`"dice":{"emoji":"🎲","value":4}`:                                  "🎲 4",
		`"contact":{"first_name":"C","phone_number":"+1"}`:                "C\n+1",
		`"hologram":{}`:           "",
		`"voice":{"file_id":"x"}`: "voice message",
		`"text":"` + strings.Repeat("x", 300) + `","from":{"id":6}`:        strings.Repeat("x", 200) + "…",
		`"checklist":{"title":"T","tasks":[{"text":"a"}]},"from":{"id":6}`: "T\n• a",
	} {
		got := contentOf(t, inGroup, `"text":"hi","reply_to_message":{"message_id":3,`+body+`}`)
		if got.ReplyTo == nil || got.ReplyTo.Excerpt != want {
			t.Errorf("%s: %+v", body, got.ReplyTo)
		}
	}
}

func TestEditsOfOtherKindsAreTold(t *testing.T) {
	c := newConverter()
	edit := func(body string) []chat.Event {
		return readOne(t, c, 11, "edited_message", "{"+inGroup+","+ana+`,"edit_date":1700000009,`+body+"}").events
	}
	readOne(t, c, 10, "message", "{"+inGroup+","+ana+`,"location":{"latitude":1,"longitude":2,"live_period":60}}`)
	for _, step := range []struct {
		body string
		want *chat.Content
	}{
		{`"location":{"latitude":1,"longitude":3,"live_period":60}`, &chat.Content{Place: &chat.Place{Lat: 1, Lon: 3, Live: time.Minute}}},
		{`"location":{"latitude":1,"longitude":3,"live_period":60}`, nil},
		{`"location":{"latitude":1,"longitude":3}`, &chat.Content{Place: &chat.Place{Lat: 1, Lon: 3}}},
		{`"photo":[{"file_id":"x","file_unique_id":"u"}],"caption":"a"`, &chat.Content{Text: chat.Text{Body: "a"}, Media: []chat.Media{{Kind: chat.Photo, Ref: "u:x", MIME: "image/jpeg"}}}},
		{`"photo":[{"file_id":"other","file_unique_id":"u"}],"caption":"a"`, nil}, // the same photo under another id
		{`"photo":[{"file_id":"x","file_unique_id":"v"}],"caption":"a"`, &chat.Content{Text: chat.Text{Body: "a"}, Media: []chat.Media{{Kind: chat.Photo, Ref: "v:x", MIME: "image/jpeg"}}}},
	} {
		events := edit(step.body)
		if (step.want != nil) != (len(events) == 1) {
			t.Fatalf("%s: %+v", step.body, events)
		}
		if step.want == nil {
			continue
		}
		if diff := cmp.Diff(chat.MessageEdit{ID: "7", Content: *step.want}, events[0].Body); diff != "" {
			t.Errorf("%s: %s", step.body, diff)
		}
	}
}
