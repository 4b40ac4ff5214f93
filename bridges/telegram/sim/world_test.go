// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// heard lists what a bot is given from now on: the kind of each update and what tells it apart.
func (r *rig) heard(token string) []string {
	r.Helper()
	var list []map[string]json.RawMessage
	r.callAs(token, "getUpdates", params{
		"allowed_updates": `["message","edited_message","channel_post","edited_channel_post","my_chat_member","chat_member",` +
			`"message_reaction","message_reaction_count"]`,
	}).into(r, &list)
	var out []string
	var last int64
	for _, u := range list {
		r.must(json.Unmarshal(u["update_id"], &last))
		out = append(out, r.describe(u))
	}
	r.callAs(token, "getUpdates", params{"offset": last + 1})
	return out
}

func (r *rig) describe(u map[string]json.RawMessage) string {
	r.Helper()
	delete(u, "update_id")
	for kind, raw := range u {
		switch {
		case strings.Contains(kind, "message_reaction"):
			return kind
		case strings.HasSuffix(kind, "chat_member"):
			var m struct {
				Old struct{ Status string } `json:"old_chat_member"`
				New struct {
					Status string
					User   models.User
				} `json:"new_chat_member"`
			}
			r.must(json.Unmarshal(raw, &m))
			return kind + " " + m.New.User.FirstName + " " + m.Old.Status + " to " + m.New.Status
		}
		return kind + " " + r.content(raw)
	}
	return "nothing"
}

// content is the text of a message, or what tells of a service message.
func (r *rig) content(raw json.RawMessage) string {
	r.Helper()
	var fields map[string]json.RawMessage
	r.must(json.Unmarshal(raw, &fields))
	for _, name := range []string{
		"text", "caption", "new_chat_members", "left_chat_member", "new_chat_title", "migrate_to_chat_id", "migrate_from_chat_id",
		"forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
	} {
		if name == "text" && fields[name] != nil {
			var text string
			r.must(json.Unmarshal(fields[name], &text))
			return text
		}
		if fields[name] != nil {
			return name + " " + string(fields[name])
		}
	}
	return string(raw)
}

// duo is two bots in one supergroup: the first an admin, the second a member in privacy mode.
type duo struct {
	*rig
	ana, ben control.UserID
	group    control.ChatID
	second   string
}

func newDuo(t *testing.T) *duo {
	second := BotOptions{Token: tokenOf(1), Username: "second_bot", Name: "Second"}
	r := newRig(t, Options{Bots: []BotOptions{{Token: DefaultToken}, second}})
	d := &duo{rig: r, ana: r.user("Ana"), ben: r.user("Ben"), second: second.Token}
	d.group = r.group(control.NewGroup{
		Kind: control.Supergroup, Members: []control.UserID{d.ana, d.ben}, Accounts: []control.AccountID{"7000000001", "7000000002"},
	})
	r.must(r.client.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, Action: control.Promote}))
	d.hear()
	return d
}

// hear is what both bots are given from now on.
func (d *duo) hear() [2][]string {
	d.Helper()
	return [2][]string{d.heard(DefaultToken), d.heard(d.second)}
}

func TestPrivacyModeHidesWhatIsNotForTheBot(t *testing.T) {
	d := newDuo(t)
	asked := d.say(d.second, "ask me")
	d.hear()
	for text, hears := range map[string]bool{
		"hello": false, "/help": true, "/help@second_bot now": true, "/help@SECOND_BOT": true, "/help@other_bot": false,
		"see /help": false,
	} {
		d.post(control.Post{Chat: d.group, User: d.ben, Content: control.Content{Text: text}})
		got := d.hear()
		if diff := cmp.Diff([]string{"message " + text}, got[0]); diff != "" {
			t.Errorf("the admin, %q (-want +got):\n%s", text, diff)
		}
		if (len(got[1]) == 1) != hears {
			t.Errorf("%q: the bot in privacy mode was given %q, want it to hear: %t", text, got[1], hears)
		}
	}
	d.post(control.Post{Chat: d.group, User: d.ben, Content: control.Content{Text: "answer", ReplyTo: asked}})
	if got := d.hear(); len(got[1]) != 1 {
		t.Errorf("a reply to the bot: it was given %q", got[1])
	}
	d.post(control.Post{Chat: "5000000001@7000000002", Content: control.Content{Text: "psst"}})
	if got := d.hear(); len(got[1]) != 1 || len(got[0]) != 0 {
		t.Errorf("a private message: the bots were given %q", got)
	}
}

// say lets a bot write in the group.
func (d *duo) say(token, text string) control.MessageID {
	d.Helper()
	var m apiMessage
	d.callAs(token, "sendMessage", params{"chat_id": d.group, "text": text}).into(d.rig, &m)
	return messageID(m.MessageID)
}

func TestBotsHearNeitherBotsNorThemselvesNorDeletions(t *testing.T) {
	d := newDuo(t)
	d.say(d.second, "from a bot")
	other, err := d.client.CreateUser(t.Context(), control.NewUser{Name: "Other", Bot: true})
	d.must(err)
	d.must(d.client.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, User: other.User, Action: control.Join}))
	d.hear()
	d.post(control.Post{Chat: d.group, User: other.User, Content: control.Content{Text: "from another bot"}})
	id := d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Text: "from a person"}})
	d.must(d.client.Delete(t.Context(), control.Delete{Chat: d.group, Message: id}))
	want := [2][]string{{"message from a person"}, nil}
	if diff := cmp.Diff(want, d.hear()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v, err := d.client.See(t.Context(), control.See{Chat: d.group})
	d.must(err)
	last := v.Messages[len(v.Messages)-1]
	if !last.Deleted || last.Text != "" {
		t.Errorf("the deleted message is seen as %+v", last)
	}
}

func TestReactionsReachAdminsThatAskedForThem(t *testing.T) {
	d := newDuo(t)
	id := d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Text: "x"}})
	d.hear()
	d.must(d.client.React(t.Context(), control.React{Chat: d.group, Message: id, User: d.ben, Emoji: []string{"❤️"}}))
	if diff := cmp.Diff([2][]string{{"message_reaction"}, nil}, d.hear()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err := d.client.React(t.Context(), control.React{Chat: d.group, Message: id, User: d.ben, Emoji: []string{"🥫"}})
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("an emoji that is no reaction: %v", err)
	}
	d.callAs(d.second, "setMessageReaction", params{"chat_id": d.group, "message_id": id, "reaction": `[{"type":"emoji","emoji":"🔥"}]`})
	if diff := cmp.Diff([2][]string{}, d.hear()); diff != "" {
		t.Errorf("a bot's reaction was told (-want +got):\n%s", diff)
	}
	v, err := d.client.See(t.Context(), control.See{Chat: d.group})
	d.must(err)
	want := []control.Reaction{{User: d.ben, Emoji: "❤"}, {User: "7000000002", Emoji: "🔥", Account: "7000000002"}}
	if diff := cmp.Diff(want, v.Messages[len(v.Messages)-1].Reactions); diff != "" {
		t.Errorf("people see (-want +got):\n%s", diff)
	}
}

func TestMembershipsAreToldToWhomTheyConcern(t *testing.T) {
	d := newDuo(t)
	for _, c := range []struct {
		change control.MemberChange
		want   [2][]string
	}{
		{control.MemberChange{User: d.ben, Action: control.Leave}, [2][]string{
			{"chat_member Ben member to left", `message left_chat_member {"id":5000000002,"is_bot":false,"first_name":"Ben"}`},
			{`message left_chat_member {"id":5000000002,"is_bot":false,"first_name":"Ben"}`}}},
		{control.MemberChange{User: d.ben, Action: control.Join}, [2][]string{
			{"chat_member Ben left to member", `message new_chat_members [{"id":5000000002,"is_bot":false,"first_name":"Ben"}]`},
			{`message new_chat_members [{"id":5000000002,"is_bot":false,"first_name":"Ben"}]`}}},
		{control.MemberChange{Account: "7000000002", Action: control.Restrict}, [2][]string{
			{"chat_member Second member to restricted"}, {"my_chat_member Second member to restricted"}}},
		{control.MemberChange{Account: "7000000002", Action: control.Unmute}, [2][]string{
			{"chat_member Second restricted to member"}, {"my_chat_member Second restricted to member"}}},
		{control.MemberChange{Account: "7000000002", Action: control.Kick}, [2][]string{
			{"chat_member Second member to kicked",
				`message left_chat_member {"id":7000000002,"is_bot":true,"first_name":"Second","username":"second_bot"}`},
			{"my_chat_member Second member to kicked"}}},
		{control.MemberChange{Account: "7000000002", Action: control.Join, Silent: true}, [2][]string{}},
	} {
		c.change.Chat = d.group
		d.must(d.client.ChangeMember(t.Context(), c.change))
		if diff := cmp.Diff(c.want, d.hear()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.change, diff)
		}
	}
}

func TestGuisesAreShownAsTelegramShowsThem(t *testing.T) {
	d := newDuo(t)
	for i, c := range []struct {
		post control.Post
		from models.User
		chat string
	}{
		{control.Post{As: control.AsAnonymousAdmin, User: d.ana}, models.User{ID: 1087968824, IsBot: true, FirstName: "Group", Username: "GroupAnonymousBot"}, "Group"},
		{control.Post{As: control.AsChannel, User: d.ben}, models.User{ID: 136817688, IsBot: true, FirstName: "Channel", Username: "Channel_Bot"}, "Ben's channel"},
	} {
		c.post.Chat, c.post.Text = d.group, "x"
		d.post(c.post)
		list := d.updates(int64(-1 - i)) // another offset each time, or the server brakes
		var m models.Message
		d.must(json.Unmarshal(list[len(list)-1]["message"], &m))
		if m.SenderChat == nil || m.SenderChat.Title != c.chat || *m.From != c.from {
			t.Errorf("%s: from %+v, sender_chat %+v", c.post.As, m.From, m.SenderChat)
		}
	}
	for _, bad := range []control.Post{{As: control.AsAnonymousAdmin, User: d.ben}, {As: control.AsChannel, User: d.ben, Channel: d.group}} {
		bad.Chat, bad.Text = d.group, "x"
		if _, err := d.client.Post(t.Context(), bad); !errors.Is(err, control.ErrRefused) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := d.client.Post(t.Context(), control.Post{Chat: d.group, Content: control.Content{Text: "x"}, As: control.AsAccount}); !errors.Is(err, control.ErrNotSupported) {
		t.Errorf("as a bot's human: %v", err)
	}
}

func TestAChannelsPostsAreForwardedIntoItsDiscussion(t *testing.T) {
	r := newRig(t, Options{})
	ana := r.user("Ana")
	channel := r.group(control.NewGroup{Title: "News", Kind: control.Channel, Members: []control.UserID{ana}, Role: control.RoleNone})
	r.group(control.NewGroup{Title: "Talk", Kind: control.Supergroup, Members: []control.UserID{ana}, Role: control.RoleAdmin, LinkedTo: channel})
	r.settle()
	post := r.post(control.Post{Chat: channel, Content: control.Content{Text: "extra, extra"}})
	list := r.updates(0)
	var m models.Message
	r.must(json.Unmarshal(list[len(list)-1]["message"], &m))
	if m.From.ID != 777000 || !m.IsAutomaticForward || m.SenderChat.Title != "News" || m.Text != "extra, extra" ||
		messageID(int64(m.ForwardOrigin.MessageOriginChannel.MessageID)) != post {
		t.Errorf("forwarded as %+v", m)
	}
}

func TestTopicsAreChatsOfTheirOwn(t *testing.T) {
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	w.settle()
	general := w.post(control.Post{Chat: w.forum, User: w.ben, Content: control.Content{Text: "in General"}})
	w.post(control.Post{Chat: w.topic, User: w.ben, Content: control.Content{Text: "in Boats"}})
	var got []models.Message
	for _, u := range w.updates(0) {
		var m models.Message
		w.must(json.Unmarshal(u["message"], &m))
		got = append(got, m)
	}
	if m := got[0]; m.MessageThreadID != 0 || m.IsTopicMessage || m.ReplyToMessage != nil {
		t.Errorf("General: %+v", m)
	}
	if m := got[1]; !m.IsTopicMessage || m.ReplyToMessage == nil || m.ReplyToMessage.ForumTopicCreated == nil {
		t.Errorf("a topic's message answers %+v", m.ReplyToMessage)
	}
	w.call("sendMessage", w.inThread(w.thread()))
	w.call("sendMessage", params{"chat_id": w.forum, "text": "answer", "reply_parameters": params{"message_id": general}})
	if diff := cmp.Diff([]string{"in Boats", "x"}, w.texts(w.topic)); diff != "" {
		t.Errorf("Boats (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"in General", "answer"}, w.texts(w.forum)); diff != "" {
		t.Errorf("General (-want +got):\n%s", diff)
	}
}

func TestClosedTopicsAreToldUnlessSilentAndOpenForAdmins(t *testing.T) {
	w := newTown(t, Options{})
	w.settle()
	w.topicNow(control.CloseTopic, false)
	if diff := cmp.Diff([]string{"message forum_topic_closed {}"}, w.heard(DefaultToken)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := w.client.Post(t.Context(), control.Post{Chat: w.topic, User: w.ben, Content: control.Content{Text: "x"}}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("a member in a closed topic: %v", err)
	}
	w.member(w.forum, control.Promote)
	if a := w.call("sendMessage", w.inThread(w.thread())); !a.OK {
		t.Errorf("an admin: %s", a.Raw)
	}
	w.heard(DefaultToken)
	w.topicNow(control.ReopenTopic, true)
	if got := w.heard(DefaultToken); len(got) != 0 {
		t.Errorf("silently reopened, but told %q", got)
	}
	var made apiTopic
	w.call("createForumTopic", params{"chat_id": w.forum, "name": "Trains"}).into(w.rig, &made)
	want := []string{`message forum_topic_created {"name":"Trains","icon_color":7322096}`}
	if diff := cmp.Diff(want, w.heard(DefaultToken)); diff != "" {
		t.Errorf("a bot's own service messages (-want +got):\n%s", diff)
	}
	w.changeTopic(control.TopicChange{Chat: w.topic, Action: control.DeleteTopic})
	if got := w.heard(DefaultToken); len(got) != 0 {
		t.Errorf("a deleted topic was told as %q", got)
	}
}

func TestAMigrationIsToldInBothGroups(t *testing.T) {
	w := newTown(t, Options{})
	w.settle()
	to := w.change(w.group, control.Migrate, false)
	want := []string{
		"message migrate_to_chat_id " + string(to), "message migrate_from_chat_id " + string(w.group),
	}
	if diff := cmp.Diff(want, w.heard(DefaultToken)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := w.client.Post(t.Context(), control.Post{Chat: w.group, User: w.ana, Content: control.Content{Text: "x"}}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("writing into the old group: %v", err)
	}
	if id := w.post(control.Post{Chat: to, User: w.ana, Content: control.Content{Text: "x"}}); id != "2" {
		t.Errorf("message ids go on with %s, want them to start anew", id)
	}
}

func TestInjectedUpdatesArriveAsTheyAre(t *testing.T) {
	r := newRig(t, Options{})
	poison := `{"message_reaction":{"new_reaction":[{"type":"hologram","id":7e5}]}, "odd":[1,{"a":null}] }`
	r.must(r.client.Inject(t.Context(), control.Inject{Raw: json.RawMessage(poison)}))
	a := r.call("getUpdates", nil)
	if !strings.Contains(a.Raw, `,"message_reaction":{"new_reaction":[{"type":"hologram","id":7e5}]},"odd":[1,{"a":null}]}]}`) {
		t.Errorf("given %s", a.Raw)
	}
	for _, bad := range []string{`{}`, `[]`, `7`, `{"update_id":1,"message":{}}`} {
		if err := r.client.Inject(t.Context(), control.Inject{Raw: json.RawMessage(bad)}); !errors.Is(err, control.ErrWrongUse) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAGroupMayAllowFewReactions(t *testing.T) {
	r := newRig(t, Options{})
	ana := r.user("Ana")
	g := r.group(control.NewGroup{Kind: control.Supergroup, Members: []control.UserID{ana}, Username: "harbour", Reactions: []string{"👍", "❤️"}})
	id := r.post(control.Post{Chat: g, User: ana, Content: control.Content{Text: "x"}})
	var full models.ChatFullInfo
	r.call("getChat", params{"chat_id": "@Harbour"}).into(r, &full)
	if len(full.AvailableReactions) != 2 || full.AvailableReactions[1].ReactionTypeEmoji.Emoji != "❤" {
		t.Errorf("available %+v", full.AvailableReactions)
	}
	for emoji, want := range map[string]string{"❤️": `{"ok":true,"result":true}`, "🔥": refusalText(400, "Bad Request: REACTION_INVALID")} {
		p := params{"chat_id": g, "message_id": id, "reaction": []models.ReactionType{
			{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: &models.ReactionTypeEmoji{Emoji: emoji}},
		}}
		if a := r.call("setMessageReaction", p); a.Raw != want {
			t.Errorf("%s: %s", emoji, a.Raw)
		}
	}
	if n := r.counters().Breaches["malformed"]; n != 0 {
		t.Errorf("%d breaches: the group alone forbids it", n)
	}
}

func TestAnEditToTheSameTextIsToldToo(t *testing.T) {
	w := newTown(t, Options{})
	w.member(w.super, control.Promote)
	w.heard(DefaultToken)
	w.must(w.client.Edit(t.Context(), control.Edit{Chat: w.super, Message: w.question, Text: "Is the bridge open?"}))
	if diff := cmp.Diff([]string{"edited_message Is the bridge open?"}, w.heard(DefaultToken)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInChannelsReactionsAreOnlyCounted(t *testing.T) {
	w := newTown(t, Options{})
	post := w.post(control.Post{Chat: w.channel, Content: control.Content{Text: "news"}})
	w.heard(DefaultToken)
	for _, u := range []control.UserID{w.ana, w.ben} {
		w.must(w.client.React(t.Context(), control.React{Chat: w.channel, Message: post, User: u, Emoji: []string{"👍"}}))
	}
	list := w.updates(0)
	var got models.MessageReactionCountUpdated
	w.must(json.Unmarshal(list[len(list)-1]["message_reaction_count"], &got))
	if len(got.Reactions) != 1 || got.Reactions[0].TotalCount != 2 || got.Reactions[0].Type.ReactionTypeEmoji.Emoji != "👍" {
		t.Errorf("%+v", got)
	}
}

func TestReactionsAreReplacedAndTakenBack(t *testing.T) {
	w := newTown(t, Options{})
	for _, emoji := range [][]string{{"👍"}, {"🔥"}, {}, {"👎"}} {
		w.must(w.client.React(t.Context(), control.React{Chat: w.super, Message: w.question, User: w.ben, Emoji: emoji}))
		v, err := w.client.See(t.Context(), control.See{Chat: w.super})
		w.must(err)
		var got []string
		for _, r := range v.Messages[1].Reactions {
			got = append(got, r.Emoji)
		}
		if strings.Join(got, "") != strings.Join(emoji, "") {
			t.Errorf("people see %v, want %v", got, emoji)
		}
	}
}

func TestEveryKindOfFileArrivesAsItself(t *testing.T) {
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	w.settle()
	for i, kind := range mediaKinds {
		w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Album: "a", Media: []control.Media{{Kind: kind, Name: "n", Data: []byte("x")}}}})
		list := w.updates(int64(-1 - i))
		var m models.Message
		w.must(json.Unmarshal(list[len(list)-1]["message"], &m))
		got := map[string]bool{
			kindPhoto: m.Photo != nil, kindVideo: m.Video != nil, kindAnimation: m.Animation != nil, kindAudio: m.Audio != nil,
			kindVoice: m.Voice != nil, kindVideoNote: m.VideoNote != nil, kindFile: m.Document != nil && m.Animation == nil, kindSticker: m.Sticker != nil,
		}
		for other, has := range got {
			if has != (other == kind) {
				t.Errorf("a %s has the fields of a %s: %t", kind, other, has)
			}
		}
		if m.MediaGroupID == "" {
			t.Errorf("a %s lost its album", kind)
		}
	}
}

func TestAdministratorsAreListedWithoutOtherBots(t *testing.T) {
	d := newDuo(t)
	d.must(d.client.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, Account: "7000000002", Action: control.Promote}))
	var got []models.ChatMember
	d.call("getChatAdministrators", params{"chat_id": d.group}).into(d.rig, &got)
	if len(got) != 2 || got[0].Owner == nil || got[0].Owner.User.FirstName != "Ana" || got[1].Administrator.User.ID != 7000000001 {
		t.Errorf("%+v", got)
	}
}

func TestCaptionsAreEdited(t *testing.T) {
	w := newTown(t, Options{})
	w.upload("sendPhoto", parts{"chat_id": string(w.super), "@photo": picture(4, 3), "caption": "old"})
	if a := w.call("editMessageCaption", params{"chat_id": w.super, "message_id": 3, "caption": "new"}); !a.OK || !strings.Contains(a.Raw, `"caption":"new"`) {
		t.Errorf("%s", a.Raw)
	}
	if diff := cmp.Diff([]string{"Is the bridge open?", "new"}, w.texts(w.super)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRenamedAndDeletedGroupsAreTold(t *testing.T) {
	w := newTown(t, Options{})
	w.heard(DefaultToken)
	_, err := w.client.ChangeGroup(t.Context(), control.GroupChange{Chat: w.super, Action: control.Rename, Title: "Harbour"})
	w.must(err)
	w.change(w.group, control.DeleteGroup, false)
	want := []string{`message new_chat_title "Harbour"`, "my_chat_member Causeway member to left"}
	if diff := cmp.Diff(want, w.heard(DefaultToken)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, err := range map[string]error{
		"a deleted group":      w.client.ChangeMember(t.Context(), control.MemberChange{Chat: w.group, Action: control.Join}),
		"blocking in a group":  w.client.ChangeMember(t.Context(), control.MemberChange{Chat: w.super, Action: control.Block}),
		"migrating no group":   second(w.client.ChangeGroup(t.Context(), control.GroupChange{Chat: w.super, Action: control.Migrate})),
		"a topic in no forum":  second(w.client.ChangeTopic(t.Context(), control.TopicChange{Chat: w.super, Action: control.CreateTopic})),
		"General for ever":     second(w.client.ChangeTopic(t.Context(), control.TopicChange{Chat: w.forum, Action: control.DeleteTopic})),
		"deleting one's robot": w.client.ChangeMember(t.Context(), control.MemberChange{Chat: w.super, User: "7000000001", Action: control.Deactivate}),
	} {
		if !errors.Is(err, control.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ control.ChatID, err error) error { return err }
