// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// CodeUnknownOutcome is the code of an outcome that this side cannot read.
const CodeUnknownOutcome = "unknown_outcome"

// PackPost writes a post.
func PackPost(p chat.Post) *pb.Post {
	out := &pb.Post{
		Id: int64(p.ID), Key: id(p.Key), Chat: id(p.Chat), Action: id(p.Action), Attempt: int64(p.Attempt),
		Text: packText(p.Text), Media: each(p.Media, packMedia), Target: ids(p.Target), Emoji: each(p.Emoji, words),
		ExpiresAfter: packDuration(p.ExpiresAfter), KeepUntil: packTime(p.KeepUntil), NoPreview: p.NoPreview,
		Place: packPlace(p.Place), Poll: packPoll(p.Poll), TextAt: int64(p.TextAt),
		Preview: packPreview(p.Preview),
	}
	if p.Contact != nil {
		out.Contact = packContact(*p.Contact)
	}
	if r := p.Reply; r != nil {
		out.Reply = &pb.ReplyTarget{
			Id: id(r.ID), Author: id(r.Author), Excerpt: words(r.Excerpt), Quote: words(r.Quote), At: packTime(r.At),
		}
	}
	return out
}

// UnpackPost reads a post.
func UnpackPost(p *pb.Post) chat.Post {
	out := chat.Post{
		ID: chat.PostID(p.GetId()), Key: chat.PostKey(p.GetKey()), Chat: chat.RemoteChat(p.GetChat()),
		Action: chat.Action(p.GetAction()), Attempt: int(p.GetAttempt()), Text: unpackText(p.GetText()),
		Media: each(p.GetMedia(), unpackMedia), Target: unpackIDs[chat.RemoteMessage](p.GetTarget()),
		Emoji: unpackIDs[string](p.GetEmoji()), ExpiresAfter: unpackDuration(p.GetExpiresAfter()),
		KeepUntil: unpackTime(p.GetKeepUntil()), NoPreview: p.GetNoPreview(),
		Place: unpackPlace(p.GetPlace()), Poll: unpackPoll(p.GetPoll()), TextAt: int(p.GetTextAt()),
		Preview: unpackPreview(p.GetPreview()),
	}
	if p.GetContact() != nil {
		c := unpackContact(p.GetContact())
		out.Contact = &c
	}
	if r := p.GetReply(); r != nil {
		out.Reply = &chat.ReplyTarget{
			ID: chat.RemoteMessage(r.GetId()), Author: chat.RemoteUser(r.GetAuthor()),
			Excerpt: r.GetExcerpt(), Quote: r.GetQuote(), At: unpackTime(r.GetAt()),
		}
	}
	return out
}

// PackOutcome writes an outcome.
func PackOutcome(o chat.Outcome) *pb.Outcome {
	return &pb.Outcome{
		Kind: id(o.Kind), Ids: ids(o.IDs), At: packTime(o.At), After: packDuration(o.After),
		UntilResumed: o.UntilResumed, Scope: id(o.Scope), Why: packReason(o.Why), MovedTo: id(o.MovedTo),
		Dropped: each(o.Dropped, words), Item: int64(o.Item),
	}
}

// UnpackOutcome reads an outcome. A kind that is new to it means uncertain: nothing can be concluded from it.
func UnpackOutcome(o *pb.Outcome) chat.Outcome {
	out := chat.Outcome{
		Kind: chat.OutcomeKind(o.GetKind()), IDs: unpackIDs[chat.RemoteMessage](o.GetIds()), At: unpackTime(o.GetAt()),
		After: unpackDuration(o.GetAfter()), UntilResumed: o.GetUntilResumed(), Scope: chat.Scope(o.GetScope()),
		Why: unpackReason(o.GetWhy()), MovedTo: chat.RemoteChat(o.GetMovedTo()), Dropped: unpackIDs[string](o.GetDropped()),
		Item: int(o.GetItem()),
	}
	switch out.Kind {
	case chat.Delivered, chat.Retry, chat.Refused, chat.Uncertain:
		return out
	}
	return chat.UncertainFor(chat.Reason{
		Code: CodeUnknownOutcome, Sentence: "The bridge answered with a word that this version does not know.",
		Action: "Use a router and a bridge of the same release.",
	})
}

// PackFound writes the answer to a look-up.
func PackFound(f chat.Found) *pb.Found {
	return &pb.Found{Kind: id(f.Kind), Ids: ids(f.IDs), AskAfter: packDuration(f.AskAfter)}
}

// UnpackFound reads the answer to a look-up. A kind that is new to it means unknown.
func UnpackFound(f *pb.Found) chat.Found {
	out := chat.Found{
		Kind: chat.FoundKind(f.GetKind()), IDs: unpackIDs[chat.RemoteMessage](f.GetIds()), AskAfter: unpackDuration(f.GetAskAfter()),
	}
	switch out.Kind {
	case chat.FoundSent, chat.FoundNotSent:
	default:
		out.Kind = chat.FoundUnknown
	}
	return out
}

// PackPairStep writes a pairing step.
func PackPairStep(s chat.PairStep) *pb.PairStep {
	return &pb.PairStep{
		Step: id(s.Step), Text: words(s.Text), Qr: words(s.QR), Code: words(s.Code),
		SecondsLeft: int64(s.SecondsLeft), Attempt: int64(s.Attempt), Error: words(s.Error),
	}
}

// UnpackPairStep reads a pairing step.
func UnpackPairStep(s *pb.PairStep) chat.PairStep {
	return chat.PairStep{
		Step: s.GetStep(), Text: s.GetText(), QR: s.GetQr(), Code: s.GetCode(),
		SecondsLeft: int(s.GetSecondsLeft()), Attempt: int(s.GetAttempt()), Error: s.GetError(),
	}
}
