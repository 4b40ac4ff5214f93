// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/causeway-chat/causeway/core/chat"
)

// album sends several files as one album. The text stands with one of them.
func (o outgoing) album(ctx context.Context) error {
	at := o.post.TextAt
	if at < 0 || at >= len(o.media) {
		at = 0
	}
	var items []models.InputMedia
	for i, m := range o.media {
		caption := chat.Text{}
		if i == at {
			caption = o.text
		}
		items = append(items, attached{albumItem(m, o.files[i].ref(), caption)})
	}
	_, err := o.api.SendMediaGroup(ctx, &bot.SendMediaGroupParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Media: items, ReplyParameters: o.reply,
	})
	return err
}

// attached is an item whose file the client adds: the library would name the part and the file alike.
type attached struct{ models.InputMedia }

// GetMedia hides the attachment from the library.
func (attached) GetMedia() string { return "" }

func albumItem(m chat.Media, ref string, caption chat.Text) models.InputMedia {
	switch m.Kind {
	case chat.Photo:
		return &models.InputMediaPhoto{Media: ref, Caption: caption.Body, CaptionEntities: entities(caption), HasSpoiler: m.Spoiler}
	case chat.Video:
		return &models.InputMediaVideo{
			Media: ref, Caption: caption.Body, CaptionEntities: entities(caption), HasSpoiler: m.Spoiler,
			Width: m.Width, Height: m.Height, Duration: wholeSeconds(m.Duration), SupportsStreaming: true,
		}
	case chat.Audio:
		return &models.InputMediaAudio{Media: ref, Caption: caption.Body, CaptionEntities: entities(caption), Duration: wholeSeconds(m.Duration)}
	}
	return &models.InputMediaDocument{Media: ref, Caption: caption.Body, CaptionEntities: entities(caption), DisableContentTypeDetection: true}
}
