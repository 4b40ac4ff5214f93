// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestKindsThatAGroupBarsAreTold sends what the group does not allow: the router hears what is left, the text that comes
// instead goes out, and with new rights all is as before.
func TestKindsThatAGroupBarsAreTold(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	l.on("sendSticker", refusalOf(400, "Bad Request: not enough rights to send stickers to the chat"))
	post := chat.Post{Chat: "-1001/42", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.Sticker, MIME: "image/webp"}, "a")}}
	if diff := cmp.Diff(chat.RetryAfter(barredPause, chat.ScopeChat, whyBarred), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []chat.RemoteChat{"-1001", "-1001/42"} {
		caps := l.capsOf(c)
		if _, still := caps.Media[chat.Sticker]; still || !caps.Media[chat.Photo].Level.Native() {
			t.Errorf("%s shows %+v", c, caps.Media)
		}
	}
	if diff := cmp.Diff(chat.RefusedFor(whyBarred), l.deliver(post)); diff != "" {
		t.Errorf("a post that cannot be rendered anew: %s", diff)
	}
	if got := l.deliver(posts[chat.ActSend]); got.Kind != chat.Delivered {
		t.Errorf("a text: %+v", got)
	}
	l.push(`{"update_id":10,"my_chat_member":{"chat":{"id":-1001,"type":"supergroup"},"date":1,"from":{"id":5},"new_chat_member":{"status":"administrator"}}}`)
	full := capabilities(maxUpload)
	l.until(t, "all capabilities again", func() bool { return l.caps["-1001/42"].Hash() == full.Hash() && l.caps["-1001"].Hash() == full.Hash() })
}

// TestBarsAreForgottenByTheNextLife: rights that were given while we were away are told by no update.
func TestBarsAreForgottenByTheNextLife(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(l *lab) {
		l.saved[itemGroups] = []byte(`{"-1001":{"kind":"supergroup","role":"member","barred":["stickers","holograms"]}}`)
	})
	full := capabilities(maxUpload)
	l.until(t, "all capabilities", func() bool { return l.caps["-1001"].Hash() == full.Hash() })
}

func TestBarredKindsAreKnown(t *testing.T) {
	for word := range barring {
		caps := capabilities(maxUpload)
		barring[word](&caps)
		if caps.Hash() == capabilities(maxUpload).Hash() {
			t.Errorf("without %s a chat shows the same", word)
		}
		if got := barredKind("Bad Request: not enough rights to send " + word + " to the chat"); got != word {
			t.Errorf("%q is read as %q", word, got)
		}
	}
	for _, text := range []string{"Bad Request: not enough rights to send text messages to the chat", "Bad Request: not enough rights", ""} {
		if got := barredKind(text); got != "" {
			t.Errorf("%q bars %q", text, got)
		}
	}
}

func TestPrivateChatsBarNothingForLong(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	l.on("sendSticker", refusalOf(400, "Bad Request: not enough rights to send stickers to the chat"))
	post := chat.Post{Chat: "5", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.Sticker}, "a")}}
	if diff := cmp.Diff(chat.RefusedFor(whyBarred), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
}

// TestReactionsThatAGroupBarsAreTold reacts with what the group does not allow: the router hears what it does allow.
func TestReactionsThatAGroupBarsAreTold(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("setMessageReaction", refusalOf(400, "Bad Request: REACTION_INVALID"))
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001,"available_reactions":[{"type":"emoji","emoji":"❤"},{"type":"custom_emoji","custom_emoji_id":"1"}]}}`))
	invalid := refused("REACTION_INVALID")
	if diff := cmp.Diff(chat.RetryAfter(barredPause, chat.ScopeChat, invalid), l.deliver(posts[chat.ActReact])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"❤", "❤\ufe0f"}, l.capsOf("-1001").React.Allowed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(chat.RefusedFor(invalid), l.deliver(posts[chat.ActReact])); diff != "" {
		t.Errorf("a reaction that is not chosen anew: %s", diff)
	}
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001,"available_reactions":[]}}`))
	l.deliver(posts[chat.ActReact])
	if r := l.capsOf("-1001").React; r.Level.Native() || len(r.Allowed) > 0 {
		t.Errorf("a group without reactions takes %+v", r)
	}
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001}}`))
	if diff := cmp.Diff(chat.RefusedFor(invalid), l.deliver(posts[chat.ActReact])); diff != "" {
		t.Errorf("a group that allows all: %s", diff)
	}
}
