// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"sync"
	"testing"

	telegram "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// library is the real client library of the bridge, against this server.
func library(r *rig, options ...telegram.Option) *telegram.Bot {
	r.Helper()
	b, err := telegram.New(DefaultToken, append([]telegram.Option{telegram.WithServerURL(r.server.URL())}, options...)...)
	r.must(err)
	return b
}

func TestTheRealLibraryReadsWhatTheServerSays(t *testing.T) {
	w := newTown(t, Options{})
	b := library(w.rig)
	me, err := b.GetMe(t.Context())
	w.must(err)
	if me.ID != 7000000001 || me.Username != "causeway_7000000001_bot" || me.CanReadAllGroupMessages {
		t.Errorf("getMe: %+v", me)
	}
	chat, err := b.GetChat(t.Context(), &telegram.GetChatParams{ChatID: string(w.forum)})
	w.must(err)
	if !chat.IsForum || chat.Title != "Forum" || chat.Type != models.ChatTypeSupergroup || !chat.Permissions.CanSendMessages {
		t.Errorf("getChat: %+v", chat)
	}
	for action, want := range map[control.MemberAction]models.ChatMemberType{
		control.Promote: models.ChatMemberTypeAdministrator, control.Demote: models.ChatMemberTypeMember,
		control.Restrict: models.ChatMemberTypeRestricted,
	} {
		w.member(w.super, action)
		m, err := b.GetChatMember(t.Context(), &telegram.GetChatMemberParams{ChatID: string(w.super), UserID: me.ID})
		w.must(err)
		if m.Type != want {
			t.Errorf("after %s: %s", action, m.Type)
		}
		if a := m.Administrator; a != nil && (!a.CanManageTopics || !a.CanPinMessages || !a.CanDeleteMessages) {
			t.Errorf("an admin's rights: %+v", a)
		}
	}
}

func TestTheRealLibrarySendsEditsReactsAndDeletes(t *testing.T) {
	w := newTown(t, Options{})
	b := library(w.rig, telegram.WithSkipGetMe())
	chat := string(w.super)
	sent, err := b.SendMessage(t.Context(), &telegram.SendMessageParams{
		ChatID: chat, Text: "Ana: 😀 yes ", Entities: []models.MessageEntity{{Type: models.MessageEntityTypeBold, Offset: 0, Length: 4}},
		ReplyParameters:    &models.ReplyParameters{MessageID: 2, Quote: "bridge", AllowSendingWithoutReply: true},
		LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: telegram.True()},
	})
	w.must(err)
	if sent.Text != "Ana: 😀 yes" || sent.ReplyToMessage.Text != "Is the bridge open?" || sent.Quote.Position != 7 {
		t.Errorf("sent %+v", sent)
	}
	edited, err := b.EditMessageText(t.Context(), &telegram.EditMessageTextParams{ChatID: chat, MessageID: sent.ID, Text: "no"})
	w.must(err)
	if edited.Text != "no" || edited.EditDate == 0 {
		t.Errorf("edited %+v", edited)
	}
	_, err = b.SetMessageReaction(t.Context(), &telegram.SetMessageReactionParams{ChatID: chat, MessageID: 2, Reaction: []models.ReactionType{
		{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: &models.ReactionTypeEmoji{Emoji: "❤️"}},
	}})
	w.must(err)
	second, err := b.SendMessage(t.Context(), &telegram.SendMessageParams{ChatID: chat, Text: "too much"})
	w.must(err)
	_, err = b.DeleteMessages(t.Context(), &telegram.DeleteMessagesParams{ChatID: chat, MessageIDs: []int{second.ID, 999}})
	w.must(err)
	if diff := cmp.Diff([]string{"Is the bridge open?", "no"}, w.texts(w.super)); diff != "" {
		t.Errorf("people see (-want +got):\n%s", diff)
	}
	if c := w.counters(); len(c.Breaches) != 0 {
		t.Errorf("breaches %v", c.Breaches)
	}
}

func TestTheRealLibraryKnowsTheServersErrors(t *testing.T) {
	w := newTown(t, Options{})
	b := library(w.rig, telegram.WithSkipGetMe())
	send := func(chat control.ChatID) error {
		_, err := b.SendMessage(t.Context(), &telegram.SendMessageParams{ChatID: string(chat), Text: "x"})
		return err
	}
	to := w.change(w.group, control.Migrate, true)
	var moved *telegram.MigrateError
	if err := send(w.group); !errors.As(err, &moved) || string(w.chatID(int64(moved.MigrateToChatID))) != string(to) {
		t.Errorf("migration: %v", err)
	}
	w.member(w.super, control.Kick)
	if err := send(w.super); !errors.Is(err, telegram.ErrorForbidden) {
		t.Errorf("kicked: %v", err)
	}
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.RateLimited, RetryAfterS: 7, Count: 1})
	w.must(err)
	var slow *telegram.TooManyRequestsError
	if err := send(w.forum); !errors.As(err, &slow) || slow.RetryAfter != 7 {
		t.Errorf("rate limit: %v", err)
	}
	_, err = w.client.SetFault(t.Context(), control.Fault{Kind: control.LoggedOut})
	w.must(err)
	if err := send(w.forum); !errors.Is(err, telegram.ErrorUnauthorized) {
		t.Errorf("logged out: %v", err)
	}
}

func (r *rig) chatID(id int64) control.ChatID { return control.ChatID(messageID(id)) }

func TestTheRealLibraryPollsUpdatesInOrder(t *testing.T) {
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	w.settle()
	var mu sync.Mutex
	var got []string
	heard := make(chan struct{}, 100)
	b := library(w.rig, telegram.WithSkipGetMe(), telegram.WithNotAsyncHandlers(), telegram.WithWorkers(1),
		telegram.WithDefaultHandler(func(_ context.Context, _ *telegram.Bot, u *models.Update) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, u.Message.Text)
			heard <- struct{}{}
		}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Start(ctx) }()
	want := texts("m", 30)
	for _, text := range want {
		w.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Text: text}})
	}
	for range want {
		<-heard
	}
	cancel()
	<-done
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := w.counters().Breaches["two_polls"]; n != 0 {
		t.Errorf("%d breaches", n)
	}
}

func TestAPoisonUpdateStopsTheRealLibrary(t *testing.T) {
	r := newRig(t, Options{})
	poison := `{"message_reaction":{"chat":{"id":1,"type":"private"},"message_id":1,"date":1,"old_reaction":[],"new_reaction":[{"type":"hologram"}]}}`
	r.must(r.client.Inject(t.Context(), control.Inject{Raw: []byte(poison)}))
	failed := make(chan error, 100)
	b := library(r, telegram.WithSkipGetMe(), telegram.WithErrorsHandler(func(err error) {
		select {
		case failed <- err:
		default:
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Start(ctx) }()
	if err := <-failed; err == nil {
		t.Error("no error")
	}
	cancel()
	<-done
	if list := r.updates(-1); len(list) != 1 {
		t.Errorf("%d updates wait, want the poison still there", len(list))
	}
}
