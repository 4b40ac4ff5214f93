// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// tellDevice sends something to one device of the same person.
func (ph *phone) tellDevice(ctx context.Context, d *device, m *waE2E.ProtocolMessage) error {
	plain, err := proto.Marshal(&waE2E.Message{ProtocolMessage: m})
	if err != nil {
		return err
	}
	lid, pn := d.in(types.AddressingModeLID), d.in(types.AddressingModePN)
	ph.mouth.Lock()
	defer ph.mouth.Unlock()
	//lint:ignore SA1019 the library has no other way to begin a session with one device
	inner := ph.client.DangerousInternals()
	has, err := ph.memory.HasSession(ctx, lid.SignalAddress().String())
	if err != nil {
		return err
	}
	var bundle *prekey.Bundle
	if !has {
		if bundle = inner.FetchPreKeysNoError(ctx, []types.JID{lid})[lid]; bundle == nil {
			return errors.New("the device has no keys")
		}
	}
	enc, _, err := inner.EncryptMessageForDevice(ctx, plain, lid, bundle, nil, nil)
	if err != nil {
		return err
	}
	return inner.SendNode(ctx, node{
		Tag: "message", Attrs: attrs{"id": ph.client.GenerateMessageID(), "type": "protocol", "category": "peer", "to": pn},
		Content: []node{{Tag: "meta", Attrs: attrs{"appdata": "default"}}, *enc},
	})
}

// answerPeer does what a linked device asks of its phone.
func (ph *phone) answerPeer(ev *events.Message) {
	p := ev.Message.GetProtocolMessage()
	ph.s.mu.Lock()
	d := ph.p.device(ev.Info.Sender.Device)
	away := d == nil || ph.s.event(PhoneAway, d, "")
	ph.s.mu.Unlock()
	if away {
		return
	}
	switch p.GetType() {
	case waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_REQUEST:
		ph.inTurn(func(ctx context.Context) error { return ph.shareKey(ctx, d) })
	case waE2E.ProtocolMessage_PEER_DATA_OPERATION_REQUEST_MESSAGE:
		ask := p.GetPeerDataOperationRequestMessage()
		if ask.GetPeerDataOperationRequestType() == waE2E.PeerDataOperationRequestType_PLACEHOLDER_MESSAGE_RESEND {
			ph.inTurn(func(ctx context.Context) error { return ph.resend(ctx, d, ev.Info.ID, ask) })
		}
	}
}

// inTurn does something that must not hold up what comes in.
func (ph *phone) inTurn(f func(context.Context) error) {
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	ph.s.spawn(func() {
		if err := f(ph.s.life); err != nil {
			ph.s.log.Debug("a phone could not answer its device", "err", err)
		}
	})
}

// resend gives a linked device the messages that it could not read and the phone could.
func (ph *phone) resend(ctx context.Context, d *device, request string, ask *waE2E.PeerDataOperationRequestMessage) error {
	reply := &waE2E.PeerDataOperationRequestResponseMessage{
		PeerDataOperationRequestType: waE2E.PeerDataOperationRequestType_PLACEHOLDER_MESSAGE_RESEND.Enum(), StanzaID: proto.String(request),
	}
	for _, r := range ask.GetPlaceholderMessageResendRequest() {
		info := ph.webMessage(r.GetMessageKey())
		if info == nil {
			continue
		}
		raw, err := proto.Marshal(info)
		if err != nil {
			return err
		}
		reply.PeerDataOperationResult = append(reply.PeerDataOperationResult, &waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult{
			PlaceholderMessageResendResponse: &waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult_PlaceholderMessageResendResponse{
				WebMessageInfoBytes: raw,
			},
		})
	}
	if len(reply.PeerDataOperationResult) == 0 {
		return nil
	}
	return ph.tellDevice(ctx, d, &waE2E.ProtocolMessage{
		Type:                                    waE2E.ProtocolMessage_PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE.Enum(),
		PeerDataOperationRequestResponseMessage: reply,
	})
}

// webMessage is a message on the phone's screen as phones keep it, nil if it is not there.
func (ph *phone) webMessage(key *waCommon.MessageKey) *waWeb.WebMessageInfo {
	chat, err := types.ParseJID(key.GetRemoteJID())
	if err != nil {
		return nil
	}
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	sc := ph.screen(chat)
	m := ph.target(sc, ph.p, key)
	if m == nil || m.raw == nil || m.once {
		return nil
	}
	return ph.asWebMessage(m, chat, key.GetParticipant())
}

func (ph *phone) asWebMessage(m *shown, chat types.JID, participant string) *waWeb.WebMessageInfo {
	info := &waWeb.WebMessageInfo{
		Key:     &waCommon.MessageKey{RemoteJID: proto.String(chat.String()), ID: proto.String(m.stanza), FromMe: proto.Bool(m.author == ph.p)},
		Message: cloned(m.raw), MessageTimestamp: proto.Uint64(uint64(m.At.Unix())), PushName: proto.String(m.author.name),
	}
	if participant != "" && m.author != ph.p {
		info.Key.Participant, info.Participant = proto.String(participant), proto.String(participant)
	}
	return info
}
