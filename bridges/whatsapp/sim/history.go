// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"compress/zlib"
	"context"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types"
)

// historyPerChat is how many messages of each chat a phone gives to a new device.
const historyPerChat = 20

// sendHistory lets a phone tell a linked device, once it has all settings, what was said before it came.
func (s *Server) sendHistory(d *device) {
	if d.isPhone() || d.hasHistory || len(d.synced) < collections {
		return
	}
	d.hasHistory = true
	ph := d.owner.phone
	parts := []*waHistorySync.HistorySync{ph.chatHistory(), ph.nameHistory()}
	s.spawn(func() {
		for i, part := range parts {
			if err := ph.sendHistoryPart(s.life, d, uint32(i), part); err != nil {
				s.log.Debug("a phone could not tell its history", "err", err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		d.toldAll = true
	})
}

// chatHistory is what was said, and who has which number. The caller holds s.mu.
func (ph *phone) chatHistory() *waHistorySync.HistorySync {
	out := &waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_INITIAL_BOOTSTRAP.Enum(), Progress: proto.Uint32(100)}
	for _, p := range ph.s.people {
		out.PhoneNumberToLidMappings = append(out.PhoneNumberToLidMappings, &waHistorySync.PhoneNumberToLIDMapping{
			PnJID: proto.String(p.pn.String()), LidJID: proto.String(p.lid.String()),
		})
	}
	for chat, sc := range ph.p.chats {
		conv := &waHistorySync.Conversation{ID: proto.String(chat.String())}
		for _, m := range sc.All()[max(0, len(sc.All())-historyPerChat):] {
			if m.raw == nil {
				continue
			}
			participant := ""
			if g := ph.s.groups[chat]; g != nil {
				participant = m.author.in(g.mode).String()
			}
			conv.Messages = append(conv.Messages, &waHistorySync.HistorySyncMsg{Message: ph.asWebMessage(m, chat, participant)})
		}
		out.Conversations = append(out.Conversations, conv)
	}
	return out
}

// nameHistory is what people call themselves. The caller holds s.mu.
func (ph *phone) nameHistory() *waHistorySync.HistorySync {
	out := &waHistorySync.HistorySync{SyncType: waHistorySync.HistorySync_PUSH_NAME.Enum()}
	for _, p := range ph.s.people {
		for _, j := range []types.JID{p.pn, p.lid} {
			out.Pushnames = append(out.Pushnames, &waHistorySync.Pushname{ID: proto.String(j.String()), Pushname: proto.String(p.name)})
		}
	}
	return out
}

func (ph *phone) sendHistoryPart(ctx context.Context, d *device, order uint32, part *waHistorySync.HistorySync) error {
	raw, err := proto.Marshal(part)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	kind := waE2E.HistorySyncType(part.GetSyncType())
	return ph.tellDevice(ctx, d, &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_HISTORY_SYNC_NOTIFICATION.Enum(),
		HistorySyncNotification: &waE2E.HistorySyncNotification{
			SyncType: &kind, ChunkOrder: proto.Uint32(order + 1), Progress: proto.Uint32(100),
			FileLength: proto.Uint64(uint64(packed.Len())), InitialHistBootstrapInlinePayload: packed.Bytes(),
		},
	})
}
