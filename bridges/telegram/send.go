// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/causeway-chat/causeway/core/chat"
)

// outgoing is a post on its way out, with what every kind of call needs.
type outgoing struct {
	api    *bot.Bot
	client *client
	t      target
	text   chat.Text
	reply  *models.ReplyParameters
	media  []chat.Media
	files  []attachment // one for each of media
	post   chat.Post
}

// send makes the call that the post's content asks for.
func (a *account) send(ctx context.Context, p chat.Post, t target) ruling {
	o := outgoing{api: a.api, client: a.client, t: t, text: p.Text, reply: replyTo(p.Reply), media: p.Media, post: p}
	switch {
	case p.Place != nil:
		return a.quoting(ctx, o, o.place)
	case p.Contact != nil:
		return a.quoting(ctx, o, o.contact)
	case p.Poll != nil:
		return a.sendPoll(ctx, o)
	case len(p.Media) > 0:
		return a.sendMedia(ctx, o)
	}
	return a.quoting(ctx, o, o.message)
}

// quoting makes the call, and once more without the quote should that not be an exact piece of the message any more. The
// refusal proves that nothing was sent.
func (a *account) quoting(ctx context.Context, o outgoing, call func(context.Context) error) ruling {
	r, x := a.try(ctx, chat.ActSend, o.files, call)
	if o.reply == nil || o.reply.Quote == "" || !bytes.Contains(x.body, []byte("QUOTE_TEXT_INVALID")) {
		return r
	}
	o.reply.Quote = ""
	r, _ = a.try(ctx, chat.ActSend, o.files, call)
	r.outcome.Dropped = append(r.outcome.Dropped, "quote")
	return r
}

// message sends a text. It is most of what there is to send, and as JSON it costs a fraction of the library's form.
func (o outgoing) message(ctx context.Context) error {
	x := recordedIn(ctx)
	o.client.send(ctx, x, "sendMessage", &bot.SendMessageParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Text: o.text.Body, Entities: entities(o.text),
		LinkPreviewOptions: preview(o.post), ReplyParameters: o.reply,
	})
	return x.err
}

// sendMedia sends files: as what they are, else, if it is one alone, as a mere file. That Telegram does not take a picture for
// one proves that nothing was sent. Of an album the router takes out what is no picture.
func (a *account) sendMedia(ctx context.Context, o outgoing) ruling {
	if why := judgeMedia(o.media, o.text); why.Code != "" {
		return ruling{outcome: chat.RefusedFor(why)}
	}
	r := a.sendFiles(ctx, o)
	if code := r.outcome.Why.Code; len(o.media) > 1 || code != whyBadPicture.Code && code != whyNoVoice.Code {
		return r
	}
	o.media = slices.Clone(o.media)
	o.media[0].Kind = chat.File
	r = a.sendFiles(ctx, o)
	r.outcome.Dropped = append(r.outcome.Dropped, "media_kind")
	return r
}

// judgeMedia says why no one call carries the media. The router keeps to the same limits.
func judgeMedia(media []chat.Media, text chat.Text) chat.Reason {
	limits := mediaLimits(maxOwnUpload)
	for _, m := range media {
		if _, known := senders[m.Kind]; !known || text.Body != "" && !limits[m.Kind].Caption {
			return whyMediaKind
		}
	}
	together := func(set []chat.MediaKind) bool {
		return !slices.ContainsFunc(media, func(m chat.Media) bool { return !slices.Contains(set, m.Kind) })
	}
	if len(media) > 1 && (len(media) > maxAlbum || !slices.ContainsFunc(albumSets, together)) {
		return whyMediaKind
	}
	return chat.Reason{}
}

func (a *account) sendFiles(ctx context.Context, o outgoing) ruling {
	files, why := a.openMedia(o.media)
	if why.Code != "" {
		return ruling{outcome: chat.RefusedFor(why)}
	}
	defer closeMedia(files)
	o.files = files
	if len(o.media) > 1 {
		return a.quoting(ctx, o, o.album)
	}
	return a.quoting(ctx, o, func(ctx context.Context) error { return senders[o.media[0].Kind](o, ctx) })
}

// senders are the calls by which one file goes.
var senders = map[chat.MediaKind]func(outgoing, context.Context) error{
	chat.Photo: outgoing.photo, chat.Video: outgoing.video, chat.Animation: outgoing.animation, chat.Audio: outgoing.audio,
	chat.Voice: outgoing.voice, chat.VideoNote: outgoing.videoNote, chat.File: outgoing.document, chat.Sticker: outgoing.sticker,
}

// file stands in the call for the one file.
func (o outgoing) file() models.InputFile { return &models.InputFileString{Data: o.files[0].ref()} }

func (o outgoing) photo(ctx context.Context) error {
	_, err := o.api.SendPhoto(ctx, &bot.SendPhotoParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Photo: o.file(), HasSpoiler: o.media[0].Spoiler,
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) video(ctx context.Context) error {
	m := o.media[0]
	_, err := o.api.SendVideo(ctx, &bot.SendVideoParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Video: o.file(), HasSpoiler: m.Spoiler,
		Width: m.Width, Height: m.Height, Duration: wholeSeconds(m.Duration), SupportsStreaming: true,
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) animation(ctx context.Context) error {
	m := o.media[0]
	_, err := o.api.SendAnimation(ctx, &bot.SendAnimationParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Animation: o.file(), HasSpoiler: m.Spoiler,
		Width: m.Width, Height: m.Height, Duration: wholeSeconds(m.Duration),
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) audio(ctx context.Context) error {
	_, err := o.api.SendAudio(ctx, &bot.SendAudioParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Audio: o.file(), Duration: wholeSeconds(o.media[0].Duration),
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) voice(ctx context.Context) error {
	_, err := o.api.SendVoice(ctx, &bot.SendVoiceParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Voice: o.file(), Duration: wholeSeconds(o.media[0].Duration),
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) videoNote(ctx context.Context) error {
	m := o.media[0]
	params := &bot.SendVideoNoteParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), VideoNote: o.file(), Duration: wholeSeconds(m.Duration), ReplyParameters: o.reply,
	}
	if m.Width == m.Height {
		params.Length = m.Width
	}
	_, err := o.api.SendVideoNote(ctx, params)
	return err
}

func (o outgoing) document(ctx context.Context) error {
	_, err := o.api.SendDocument(ctx, &bot.SendDocumentParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Document: o.file(), DisableContentTypeDetection: true,
		Caption: o.text.Body, CaptionEntities: entities(o.text), ReplyParameters: o.reply,
	})
	return err
}

func (o outgoing) sticker(ctx context.Context) error {
	_, err := o.api.SendSticker(ctx, &bot.SendStickerParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Sticker: o.file(), Emoji: o.media[0].Emoji, ReplyParameters: o.reply,
	})
	return err
}

// wholeSeconds is a duration as Telegram counts it. What is there lasts at least one.
func wholeSeconds(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return max(int(d.Round(time.Second)/time.Second), 1)
}
