// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// Kinds of chat.Unknown that conversion itself gives.
const (
	KindNewBody  = "new_body"  // a body that this side does not know yet; Raw is the whole event as it came
	KindNoBody   = "no_body"   // an event without a body
	KindTooLarge = "too_large" // an event beyond what one message may hold; Raw is empty
)

// PackEvent writes an event.
func PackEvent(e chat.Event) *pb.Event {
	out := &pb.Event{
		Seq: e.Seq, Key: id(e.Key), At: packTime(e.At), Chat: id(e.Chat), Group: id(e.Group),
		Sender: packSender(e.Sender), EchoOf: id(e.EchoOf), Backfilled: e.Backfilled,
	}
	packBody(out, e.Body)
	return out
}

// UnpackEvent reads an event.
func UnpackEvent(e *pb.Event) chat.Event {
	return chat.Event{
		Seq: e.GetSeq(), Key: chat.EventKey(e.GetKey()), At: unpackTime(e.GetAt()), Chat: chat.RemoteChat(e.GetChat()),
		Group: chat.RemoteGroup(e.GetGroup()), Sender: unpackSender(e.GetSender()),
		EchoOf: chat.PostKey(e.GetEchoOf()), Backfilled: e.GetBackfilled(), Body: unpackBody(e),
	}
}

func packSender(s chat.Sender) *pb.Sender {
	return &pb.Sender{
		User: id(s.User), Kind: id(s.Kind), Name: words(s.Name), Self: s.Self, OwnHuman: s.OwnHuman,
		Aliases: each(s.Aliases, func(a chat.Alias) *pb.Alias { return &pb.Alias{Kind: id(a.Kind), Value: id(a.Value)} }),
	}
}

func unpackSender(s *pb.Sender) chat.Sender {
	return chat.Sender{
		User: chat.RemoteUser(s.GetUser()), Kind: chat.SenderKind(s.GetKind()), Name: s.GetName(),
		Self: s.GetSelf(), OwnHuman: s.GetOwnHuman(),
		Aliases: each(s.GetAliases(), func(a *pb.Alias) chat.Alias { return chat.Alias{Kind: a.GetKind(), Value: a.GetValue()} }),
	}
}

func packBody(out *pb.Event, body chat.Body) {
	switch b := body.(type) {
	case chat.MessageNew:
		out.Body = &pb.Event_Message{Message: &pb.MessageNew{Id: id(b.ID), Content: packContent(b.Content)}}
	case chat.MessageEdit:
		out.Body = &pb.Event_Edit{Edit: &pb.MessageEdit{Id: id(b.ID), NewId: id(b.NewID), Content: packContent(b.Content)}}
	case chat.MessageDelete:
		out.Body = &pb.Event_Delete{Delete: &pb.MessageDelete{Id: id(b.ID)}}
	case chat.Reaction:
		out.Body = &pb.Event_Reaction{Reaction: &pb.Reaction{Id: id(b.ID), Emoji: each(b.Emoji, words)}}
	case chat.ReactionCounts:
		out.Body = &pb.Event_ReactionCounts{ReactionCounts: packCounts(b)}
	case chat.Membership:
		out.Body = &pb.Event_Membership{Membership: &pb.Membership{User: packSender(b.User), Kind: id(b.Kind)}}
	default:
		packRareBody(out, body)
	}
}

func packRareBody(out *pb.Event, body chat.Body) {
	if packNewsBody(out, body) {
		return
	}
	switch b := body.(type) {
	case chat.ChatInfo:
		out.Body = &pb.Event_ChatInfo{ChatInfo: packChatInfo(b)}
	case chat.Unknown:
		out.Body = &pb.Event_Unknown{Unknown: &pb.Unknown{Id: id(b.ID), Kind: id(b.Kind), Text: words(b.Text), Raw: b.Raw}}
	case chat.Gap:
		out.Body = &pb.Event_Gap{Gap: &pb.Gap{From: packTime(b.From), To: packTime(b.To), Why: packReason(b.Why)}}
	case chat.Typing:
		out.Body = &pb.Event_Typing{Typing: &pb.Typing{Active: b.Active}}
	case chat.Receipt:
		out.Body = &pb.Event_Receipt{Receipt: &pb.Receipt{Ids: ids(b.IDs), Read: b.Read}}
	case chat.Call:
		out.Body = &pb.Event_Call{Call: &pb.Call{Kind: id(b.Kind), Ended: b.Ended, Join: words(b.Join)}}
	case nil:
		out.Body = &pb.Event_Unknown{Unknown: &pb.Unknown{Kind: KindNoBody}}
	default: // a pointer, or a body that was added to chat and not here; the property test finds the latter
		out.Body = &pb.Event_Unknown{Unknown: &pb.Unknown{Kind: fmt.Sprintf("%T", body)}}
	}
}

func unpackBody(e *pb.Event) chat.Body {
	switch b := e.GetBody().(type) {
	case *pb.Event_Message:
		return chat.MessageNew{ID: chat.RemoteMessage(b.Message.GetId()), Content: unpackContent(b.Message.GetContent())}
	case *pb.Event_Edit:
		return chat.MessageEdit{
			ID: chat.RemoteMessage(b.Edit.GetId()), NewID: chat.RemoteMessage(b.Edit.GetNewId()),
			Content: unpackContent(b.Edit.GetContent()),
		}
	case *pb.Event_Delete:
		return chat.MessageDelete{ID: chat.RemoteMessage(b.Delete.GetId())}
	case *pb.Event_Reaction:
		return chat.Reaction{ID: chat.RemoteMessage(b.Reaction.GetId()), Emoji: unpackIDs[string](b.Reaction.GetEmoji())}
	case *pb.Event_ReactionCounts:
		return unpackCounts(b.ReactionCounts)
	case *pb.Event_Membership:
		return unpackMembership(e, b.Membership)
	default:
		return unpackRareBody(e)
	}
}

func unpackRareBody(e *pb.Event) chat.Body {
	switch b := e.GetBody().(type) {
	case *pb.Event_ChatInfo:
		return unpackChatInfo(b.ChatInfo)
	case *pb.Event_Unknown:
		u := b.Unknown
		return chat.Unknown{ID: chat.RemoteMessage(u.GetId()), Kind: u.GetKind(), Text: u.GetText(), Raw: bytesOrNil(u.GetRaw())}
	case *pb.Event_Gap:
		return chat.Gap{From: unpackTime(b.Gap.GetFrom()), To: unpackTime(b.Gap.GetTo()), Why: unpackReason(b.Gap.GetWhy())}
	case *pb.Event_Typing:
		return chat.Typing{Active: b.Typing.GetActive()}
	case *pb.Event_Receipt:
		return chat.Receipt{IDs: unpackIDs[chat.RemoteMessage](b.Receipt.GetIds()), Read: b.Receipt.GetRead()}
	case *pb.Event_Call:
		return chat.Call{Kind: b.Call.GetKind(), Ended: b.Call.GetEnded(), Join: b.Call.GetJoin()}
	}
	if b := unpackNewsBody(e); b != nil {
		return b
	}
	return unknownBody(e)
}

// unknownBody keeps an event whose body is new to this side, whole: the bytes are read again after an upgrade.
func unknownBody(e *pb.Event) chat.Body {
	if len(e.ProtoReflect().GetUnknown()) == 0 {
		return chat.Unknown{Kind: KindNoBody}
	}
	return chat.Unknown{Kind: KindNewBody, Raw: rawEvent(e)}
}

func rawEvent(e *pb.Event) []byte {
	raw, err := proto.Marshal(e)
	if err != nil {
		return nil // cannot happen with what was just read
	}
	return raw
}

func unpackMembership(e *pb.Event, m *pb.Membership) chat.Body {
	kind := chat.MembershipKind(m.GetKind())
	switch kind {
	case chat.Joined, chat.Left, chat.Removed, chat.Promoted, chat.Demoted:
		return chat.Membership{User: unpackSender(m.GetUser()), Kind: kind}
	}
	return chat.Unknown{Kind: "membership:" + m.GetKind(), Raw: rawEvent(e)}
}

func packCounts(b chat.ReactionCounts) *pb.ReactionCounts {
	out := &pb.ReactionCounts{Id: id(b.ID)}
	if len(b.Counts) > 0 {
		out.Counts = make(map[string]int64, len(b.Counts))
	}
	for emoji, n := range b.Counts {
		out.Counts[words(emoji)] = int64(n)
	}
	return out
}

func unpackCounts(b *pb.ReactionCounts) chat.ReactionCounts {
	out := chat.ReactionCounts{ID: chat.RemoteMessage(b.GetId())}
	if len(b.GetCounts()) > 0 {
		out.Counts = make(map[string]int, len(b.GetCounts()))
	}
	for emoji, n := range b.GetCounts() {
		out.Counts[emoji] = int(n)
	}
	return out
}

func packChatInfo(b chat.ChatInfo) *pb.ChatInfo {
	out := &pb.ChatInfo{
		Title: words(b.Title), Parent: id(b.Parent), MovedTo: id(b.MovedTo), MovedGroup: id(b.MovedGroup),
		Members: int64(b.Members),
	}
	if a := b.Access; a != nil {
		out.Access = &pb.Access{CanPost: a.CanPost, Gone: a.Gone, Why: packReason(a.Why)}
	}
	if b.Timer != nil {
		out.Timer = durationpb.New(*b.Timer)
	}
	if b.Capabilities != nil {
		out.Capabilities = PackCapabilities(*b.Capabilities)
	}
	return out
}

// unpackChatInfo treats capabilities that it cannot read as not told: the account's defaults go on.
func unpackChatInfo(b *pb.ChatInfo) chat.ChatInfo {
	out := chat.ChatInfo{
		Title: b.GetTitle(), Parent: chat.RemoteChat(b.GetParent()), MovedTo: chat.RemoteChat(b.GetMovedTo()),
		MovedGroup: chat.RemoteGroup(b.GetMovedGroup()), Members: int(b.GetMembers()),
	}
	if a := b.GetAccess(); a != nil {
		out.Access = &chat.Access{CanPost: a.GetCanPost(), Gone: a.GetGone(), Why: unpackReason(a.GetWhy())}
	}
	if d := b.GetTimer(); d != nil && d.CheckValid() == nil {
		timer := d.AsDuration()
		out.Timer = &timer
	}
	if b.GetCapabilities() == nil {
		return out
	}
	if c, err := UnpackCapabilities(b.GetCapabilities()); err == nil {
		out.Capabilities = &c
	}
	return out
}

// PackStateItems writes state items.
func PackStateItems(items []chat.StateItem) []*pb.StateItem {
	return each(items, func(s chat.StateItem) *pb.StateItem { return &pb.StateItem{Key: id(s.Key), Value: s.Value} })
}

// UnpackStateItems reads state items.
func UnpackStateItems(items []*pb.StateItem) []chat.StateItem {
	return each(items, func(s *pb.StateItem) chat.StateItem {
		return chat.StateItem{Key: s.GetKey(), Value: bytesOrNil(s.GetValue())}
	})
}
