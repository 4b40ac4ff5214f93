// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

func packPlace(p *chat.Place) *pb.Place {
	if p == nil {
		return nil
	}
	return &pb.Place{Lat: p.Lat, Lon: p.Lon, Accuracy: p.Accuracy, Title: words(p.Title), Address: words(p.Address), Live: packDuration(p.Live)}
}

func unpackPlace(p *pb.Place) *chat.Place {
	if p == nil {
		return nil
	}
	return &chat.Place{Lat: p.GetLat(), Lon: p.GetLon(), Accuracy: p.GetAccuracy(), Title: p.GetTitle(), Address: p.GetAddress(),
		Live: unpackDuration(p.GetLive())}
}

func packContact(c chat.Contact) *pb.Contact {
	return &pb.Contact{Name: words(c.Name), Phones: each(c.Phones, words), Vcard: words(c.VCard)}
}

func unpackContact(c *pb.Contact) chat.Contact {
	return chat.Contact{Name: c.GetName(), Phones: unpackIDs[string](c.GetPhones()), VCard: c.GetVcard()}
}

func packPoll(p *chat.Poll) *pb.Poll {
	if p == nil {
		return nil
	}
	return &pb.Poll{Question: words(p.Question), Multiple: p.Multiple, Closed: p.Closed,
		Options: each(p.Options, func(o chat.PollOption) *pb.PollOption {
			return &pb.PollOption{Text: words(o.Text), Votes: int64(o.Votes)}
		})}
}

func unpackPoll(p *pb.Poll) *chat.Poll {
	if p == nil {
		return nil
	}
	return &chat.Poll{Question: p.GetQuestion(), Multiple: p.GetMultiple(), Closed: p.GetClosed(),
		Options: each(p.GetOptions(), func(o *pb.PollOption) chat.PollOption {
			return chat.PollOption{Text: o.GetText(), Votes: int(o.GetVotes())}
		})}
}

func packNotice(n *chat.Notice) *pb.Notice {
	if n == nil {
		return nil
	}
	return &pb.Notice{Kind: id(n.Kind), Who: each(n.Who, words), Value: words(n.Value)}
}

func unpackNotice(n *pb.Notice) *chat.Notice {
	if n == nil {
		return nil
	}
	return &chat.Notice{Kind: chat.NoticeKind(n.GetKind()), Who: unpackIDs[string](n.GetWho()), Value: n.GetValue()}
}

func numbers[To, From int | int64](list []From) []To {
	return each(list, func(n From) To { return To(n) })
}

// packNewsBody packs the bodies that tell of polls and of the chat itself.
func packNewsBody(out *pb.Event, body chat.Body) bool {
	switch b := body.(type) {
	case chat.Vote:
		out.Body = &pb.Event_Vote{Vote: &pb.Vote{Id: id(b.ID), Options: numbers[int64](b.Options)}}
	case chat.PollState:
		out.Body = &pb.Event_PollState{PollState: &pb.PollState{Id: id(b.ID), Votes: numbers[int64](b.Votes), Closed: b.Closed}}
	case chat.Change:
		out.Body = &pb.Event_Change{Change: &pb.Change{Kind: id(b.Kind), Title: words(b.Title), Id: id(b.ID)}}
	default:
		return false
	}
	return true
}

// unpackNewsBody reads what packNewsBody wrote; nil for another body.
func unpackNewsBody(e *pb.Event) chat.Body {
	switch b := e.GetBody().(type) {
	case *pb.Event_Vote:
		return chat.Vote{ID: chat.RemoteMessage(b.Vote.GetId()), Options: numbers[int](b.Vote.GetOptions())}
	case *pb.Event_PollState:
		return chat.PollState{ID: chat.RemoteMessage(b.PollState.GetId()), Votes: numbers[int](b.PollState.GetVotes()), Closed: b.PollState.GetClosed()}
	case *pb.Event_Change:
		return chat.Change{Kind: chat.NoticeKind(b.Change.GetKind()), Title: b.Change.GetTitle(), ID: chat.RemoteMessage(b.Change.GetId())}
	}
	return nil
}
