// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// compose makes the message that a phone sends for a post.
func (s *Server) compose(ctx context.Context, sp speaker, in control.Post) (*waE2E.Message, error) {
	text, mentioned, err := s.typed(sp, in.Text, in.Spans)
	if err != nil {
		return nil, err
	}
	about, err := s.about(sp, in, mentioned)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Channel != "" || in.Quote != "":
		return nil, control.Because(control.ErrNotSupported, "here are neither channels nor pieces of quotations")
	case len(in.Media) > 1:
		return nil, control.Because(control.ErrWrongUse, "a message has one file; an album is several messages")
	case len(in.Media) == 1:
		return s.composeFile(ctx, sp, in, text, about)
	case in.Kind != "":
		return s.composeOther(sp, in, about)
	case in.Text == "":
		return nil, control.Because(control.ErrWrongUse, "a message needs a text or a file")
	}
	m := textMessage(text, about)
	if p := in.Preview; p != nil {
		m.Conversation, m.ExtendedTextMessage = nil, &waE2E.ExtendedTextMessage{
			Text: &text, ContextInfo: about, MatchedText: &p.URL, Title: &p.Title, Description: &p.Description,
		}
	}
	return m, nil
}

func textMessage(text string, about *waE2E.ContextInfo) *waE2E.Message {
	if about == nil {
		return &waE2E.Message{Conversation: &text}
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: &text, ContextInfo: about}}
}

// typed is the text with marks, and addresses in the place of names of those who are mentioned.
func (s *Server) typed(sp speaker, text string, spans []control.Span) (raw string, mentioned []string, err error) {
	s.mu.Lock()
	mode := s.modeIn(sp.to)
	s.mu.Unlock()
	runes := []rune(text)
	for _, m := range slices.Backward(outerFirst(spans)) {
		if m.Kind != "mention" || m.Start < 0 || m.End > len(runes) || m.Start >= m.End {
			continue
		}
		p, err := s.userByID(m.User)
		if err != nil {
			return "", nil, err
		}
		address := []rune("@" + p.in(mode).User)
		runes = slices.Concat(runes[:m.Start], address, runes[m.End:])
		spans = moved(spans, m.Start, len(address)-(m.End-m.Start))
		mentioned = append(mentioned, p.in(mode).String())
	}
	raw, err = writeMarkup(string(runes), slices.DeleteFunc(slices.Clone(spans), func(m control.Span) bool { return m.Kind == "mention" }))
	return raw, mentioned, err
}

// modeIn is the address space of a chat. The caller holds s.mu.
func (s *Server) modeIn(chat types.JID) types.AddressingMode {
	if g := s.groups[chat]; g != nil {
		return g.mode
	}
	return types.AddressingModeLID
}

// about is the context of a message: what it answers, and whom it mentions; nil if there is nothing of the kind.
func (s *Server) about(sp speaker, in control.Post, mentioned []string) (*waE2E.ContextInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	timer := uint32(0)
	if g := s.groups[sp.to]; g != nil {
		timer = g.timer
	}
	if in.ReplyTo == "" && len(mentioned) == 0 && timer == 0 && in.ForwardedFrom == nil {
		return nil, nil
	}
	out := &waE2E.ContextInfo{MentionedJID: mentioned}
	if in.ForwardedFrom != nil { // from whom is not told
		out.IsForwarded, out.ForwardingScore = proto.Bool(true), proto.Uint32(1)
	}
	if timer > 0 {
		out.Expiration = &timer
	}
	if in.ReplyTo == "" {
		return out, nil
	}
	target := sp.ph.screen(sp.to).find(in.ReplyTo)
	if target == nil || target.author == nil {
		return nil, control.Because(control.ErrNotFound, "no message %q on the screen", in.ReplyTo)
	}
	out.StanzaID, out.QuotedMessage = proto.String(target.stanza), cloned(target.raw)
	out.Participant = proto.String(target.author.in(s.modeIn(sp.to)).String())
	return out, nil
}

// mediaTypes say how a kind of file is encrypted, and with which media type it is sent if the post names none.
var mediaTypes = map[string]struct {
	keys whatsmeow.MediaType
	mime string
}{
	"photo": {whatsmeow.MediaImage, "image/jpeg"}, "sticker": {whatsmeow.MediaImage, "image/webp"},
	"video": {whatsmeow.MediaVideo, "video/mp4"}, "animation": {whatsmeow.MediaVideo, "video/mp4"}, "video_note": {whatsmeow.MediaVideo, "video/mp4"},
	"audio": {whatsmeow.MediaAudio, "audio/mpeg"}, "voice": {whatsmeow.MediaAudio, "audio/ogg; codecs=opus"},
	"file": {whatsmeow.MediaDocument, "application/octet-stream"},
}

func (s *Server) composeFile(ctx context.Context, sp speaker, in control.Post, text string, about *waE2E.ContextInfo) (*waE2E.Message, error) {
	med := in.Media[0]
	kind, ok := mediaTypes[med.Kind]
	switch {
	case !ok:
		return nil, control.Because(control.ErrWrongUse, "unknown kind of media %q", med.Kind)
	case text != "" && slices.Contains([]string{"sticker", "voice", "audio", "video_note"}, med.Kind):
		return nil, control.Because(control.ErrNotSupported, "a %s has no caption", med.Kind)
	}
	if med.MIME == "" || med.Kind == "voice" {
		med.MIME = kind.mime
	}
	up, err := sp.ph.client.Upload(ctx, med.Data, kind.keys)
	if err != nil {
		return nil, err
	}
	m := fileMessage(med, up, text, about)
	if in.Kind == viewOnce {
		return &waE2E.Message{ViewOnceMessageV2: &waE2E.FutureProofMessage{Message: m}}, nil
	}
	if in.Album != "" {
		if err := s.intoAlbum(ctx, sp, in.Album, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// uploaded is a file on the media hosts that a message is made of. What it measures is made up.
type uploaded struct {
	whatsmeow.UploadResponse
	file    control.Media
	caption string
	about   *waE2E.ContextInfo
}

// fileMessage is a message with a file of one kind.
func fileMessage(med control.Media, up whatsmeow.UploadResponse, caption string, about *waE2E.ContextInfo) *waE2E.Message {
	u := uploaded{up, med, caption, about}
	switch med.Kind {
	case "photo":
		return &waE2E.Message{ImageMessage: u.image()}
	case "video", "animation":
		return &waE2E.Message{VideoMessage: u.video(med.Kind == "animation")}
	case "video_note":
		return &waE2E.Message{PtvMessage: u.video(false)}
	case "audio", "voice":
		return &waE2E.Message{AudioMessage: u.audio(med.Kind == "voice")}
	case "sticker":
		return &waE2E.Message{StickerMessage: u.sticker()}
	}
	doc := &waE2E.Message{DocumentMessage: u.document()}
	if caption != "" {
		return &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: doc}}
	}
	return doc
}

func (u uploaded) image() *waE2E.ImageMessage {
	return &waE2E.ImageMessage{
		URL: &u.URL, DirectPath: &u.DirectPath, Mimetype: &u.file.MIME, FileLength: &u.FileLength,
		MediaKey: u.MediaKey, FileSHA256: u.FileSHA256, FileEncSHA256: u.FileEncSHA256,
		Caption: optional(u.caption), ContextInfo: u.about, Width: proto.Uint32(640), Height: proto.Uint32(480),
	}
}

func (u uploaded) video(gif bool) *waE2E.VideoMessage {
	return &waE2E.VideoMessage{
		URL: &u.URL, DirectPath: &u.DirectPath, Mimetype: &u.file.MIME, FileLength: &u.FileLength,
		MediaKey: u.MediaKey, FileSHA256: u.FileSHA256, FileEncSHA256: u.FileEncSHA256,
		Caption: optional(u.caption), GifPlayback: &gif, ContextInfo: u.about, Seconds: proto.Uint32(3), Width: proto.Uint32(640), Height: proto.Uint32(480),
	}
}

func (u uploaded) audio(voice bool) *waE2E.AudioMessage {
	a := &waE2E.AudioMessage{
		URL: &u.URL, DirectPath: &u.DirectPath, Mimetype: &u.file.MIME, FileLength: &u.FileLength,
		MediaKey: u.MediaKey, FileSHA256: u.FileSHA256, FileEncSHA256: u.FileEncSHA256,
		PTT: &voice, Seconds: proto.Uint32(3), ContextInfo: u.about,
	}
	if voice {
		a.Waveform = []byte(strings.Repeat("\x05\x32\x63\x19", 16))
	}
	return a
}

func (u uploaded) sticker() *waE2E.StickerMessage {
	return &waE2E.StickerMessage{
		URL: &u.URL, DirectPath: &u.DirectPath, Mimetype: &u.file.MIME, FileLength: &u.FileLength,
		MediaKey: u.MediaKey, FileSHA256: u.FileSHA256, FileEncSHA256: u.FileEncSHA256,
		ContextInfo: u.about, Width: proto.Uint32(512), Height: proto.Uint32(512),
	}
}

func (u uploaded) document() *waE2E.DocumentMessage {
	return &waE2E.DocumentMessage{
		URL: &u.URL, DirectPath: &u.DirectPath, Mimetype: &u.file.MIME, FileLength: &u.FileLength,
		MediaKey: u.MediaKey, FileSHA256: u.FileSHA256, FileEncSHA256: u.FileEncSHA256,
		Caption: optional(u.caption), ContextInfo: u.about, FileName: optional(u.file.Name), Title: optional(u.file.Name),
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// keptAlbums is how many albums a phone knows to which messages can be added.
const keptAlbums = 1000

// intoAlbum joins a message to an album; the first one sends the album's head before it.
func (s *Server) intoAlbum(ctx context.Context, sp speaker, album string, m *waE2E.Message) error {
	name := string(sp.chat) + " " + album
	s.mu.Lock()
	head := sp.ph.albums[name]
	s.mu.Unlock()
	if head == "" {
		resp, err := sp.send(ctx, s, &waE2E.Message{AlbumMessage: &waE2E.AlbumMessage{ExpectedImageCount: proto.Uint32(2), ExpectedVideoCount: proto.Uint32(0)}})
		if err != nil {
			return err
		}
		s.mu.Lock()
		head = resp.ID
		if len(sp.ph.albums) >= keptAlbums {
			clear(sp.ph.albums)
		}
		sp.ph.albums[name] = head
		s.mu.Unlock()
	}
	m.MessageContextInfo = &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
		AssociationType:  waE2E.MessageAssociation_MEDIA_ALBUM.Enum(),
		ParentMessageKey: &waCommon.MessageKey{RemoteJID: proto.String(sp.to.String()), ID: &head, FromMe: proto.Bool(true)},
	}}
	return nil
}
