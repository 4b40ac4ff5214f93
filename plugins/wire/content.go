// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

func packContent(c chat.Content) *pb.Content {
	out := &pb.Content{
		Text: packText(c.Text), Media: each(c.Media, packMedia), Album: id(c.Album),
		Placeholder: words(c.Placeholder), ExpiresAfter: packDuration(c.ExpiresAfter),
		Place: packPlace(c.Place), Contacts: each(c.Contacts, packContact), Poll: packPoll(c.Poll), Notice: packNotice(c.Notice),
	}
	if r := c.ReplyTo; r != nil {
		out.ReplyTo = &pb.Reply{Id: id(r.ID), Author: id(r.Author), Excerpt: words(r.Excerpt), Quote: words(r.Quote)}
	}
	out.Preview = packPreview(c.Preview)
	if f := c.Forward; f != nil {
		out.Forward = &pb.Forward{From: words(f.From)}
	}
	return out
}

func unpackContent(c *pb.Content) chat.Content {
	out := chat.Content{
		Text: unpackText(c.GetText()), Media: each(c.GetMedia(), unpackMedia), Album: chat.AlbumKey(c.GetAlbum()),
		Placeholder: c.GetPlaceholder(), ExpiresAfter: unpackDuration(c.GetExpiresAfter()),
		Place: unpackPlace(c.GetPlace()), Contacts: each(c.GetContacts(), unpackContact), Poll: unpackPoll(c.GetPoll()),
		Notice: unpackNotice(c.GetNotice()),
	}
	if r := c.GetReplyTo(); r != nil {
		out.ReplyTo = &chat.ReplyRef{
			ID: chat.RemoteMessage(r.GetId()), Author: chat.RemoteUser(r.GetAuthor()),
			Excerpt: r.GetExcerpt(), Quote: r.GetQuote(),
		}
	}
	out.Preview = unpackPreview(c.GetPreview())
	if f := c.GetForward(); f != nil {
		out.Forward = &chat.Forward{From: f.GetFrom()}
	}
	return out
}

func packPreview(p *chat.Preview) *pb.Preview {
	if p == nil {
		return nil
	}
	return &pb.Preview{Url: words(p.URL), Title: words(p.Title), Description: words(p.Description)}
}

func unpackPreview(p *pb.Preview) *chat.Preview {
	if p == nil {
		return nil
	}
	return &chat.Preview{URL: p.GetUrl(), Title: p.GetTitle(), Description: p.GetDescription()}
}

func packMedia(m chat.Media) *pb.Media {
	return &pb.Media{
		Kind: id(m.Kind), Ref: id(m.Ref), Hash: id(m.Hash), Mime: words(m.MIME), Name: words(m.Name),
		SizeBytes: m.Size, Width: int64(m.Width), Height: int64(m.Height), Duration: packDuration(m.Duration),
		Spoiler: m.Spoiler, Emoji: words(m.Emoji), Waveform: m.Waveform, Link: words(m.Link),
	}
}

// unpackMedia reads a kind that is new to it as a file, which every network can carry.
func unpackMedia(m *pb.Media) chat.Media {
	kind := chat.MediaKind(m.GetKind())
	if !slices.Contains(chat.MediaKinds(), kind) {
		kind = chat.File
	}
	return chat.Media{
		Kind: kind, Ref: m.GetRef(), Hash: m.GetHash(), MIME: m.GetMime(), Name: m.GetName(), Size: m.GetSizeBytes(),
		Width: int(m.GetWidth()), Height: int(m.GetHeight()), Duration: unpackDuration(m.GetDuration()),
		Spoiler: m.GetSpoiler(), Emoji: m.GetEmoji(), Waveform: bytesOrNil(m.GetWaveform()),
		Link: m.GetLink(),
	}
}

func bytesOrNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func packReason(r chat.Reason) *pb.Reason {
	if r == (chat.Reason{}) {
		return nil
	}
	return &pb.Reason{Code: id(r.Code), Sentence: words(r.Sentence), Action: words(r.Action)}
}

func unpackReason(r *pb.Reason) chat.Reason {
	return chat.Reason{Code: r.GetCode(), Sentence: r.GetSentence(), Action: r.GetAction()}
}

// PackCapabilities writes capabilities as their canonical JSON.
func PackCapabilities(c chat.Capabilities) *pb.Capabilities {
	b, err := json.Marshal(c)
	if err != nil {
		panic("wire: capabilities do not marshal: " + err.Error()) // cannot happen: plain data
	}
	return &pb.Capabilities{Json: b, Hash: c.Hash()}
}

// UnpackCapabilities reads capabilities. Keys that are new to it are skipped; an error means that the data is not
// capabilities at all.
func UnpackCapabilities(c *pb.Capabilities) (chat.Capabilities, error) {
	var out chat.Capabilities
	if err := json.Unmarshal(c.GetJson(), &out); err != nil {
		return chat.Capabilities{}, fmt.Errorf("read capabilities: %w", err)
	}
	return out, nil
}

// PackState writes an account's state.
func PackState(s chat.State) *pb.AccountState {
	return &pb.AccountState{State: id(s.State), Why: packReason(s.Why), Since: packTime(s.Since)}
}

// UnpackState reads an account's state. A word that is new to it means degraded: the account is there, and something
// about it is worth a look.
func UnpackState(s *pb.AccountState) chat.State {
	out := chat.State{State: chat.AccountState(s.GetState()), Why: unpackReason(s.GetWhy()), Since: unpackTime(s.GetSince())}
	switch out.State {
	case chat.Starting, chat.Pairing, chat.Connected, chat.Degraded, chat.Down,
		chat.BadCredentials, chat.LoggedOut, chat.Outdated:
	default:
		out.State = chat.Degraded
	}
	return out
}
