// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"

	"github.com/coder/websocket"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// damage finds the fault that spoils a frame with a stanza in it on its way to a linked device, or a part of the handshake.
func (s *Server) damage(c *conn, what string) control.FaultKind {
	if c.inside {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &call{dev: c.dev, method: what}
	if f := s.faults.First(func(f *fault) bool { return f.stage == stageFrame && f.matches(k) }); f != nil {
		return f.Kind
	}
	return ""
}

// sendFrames sends frames as one message of the websocket, of which the last is damaged.
func (c *conn) sendFrames(ctx context.Context, data []byte, damage control.FaultKind) error {
	switch damage {
	case FrameFlipped:
		data[len(data)-1] ^= 1
	case FrameCut:
		data = data[:len(data)-1]
	case FrameNoise:
		data = frame(nil, randomBytes(len(data)))
	case FrameHuge:
		data = make([]byte, maxFrame+1)
	case FrameText:
		return c.ws.Write(ctx, websocket.MessageText, data)
	}
	return c.send(ctx, data)
}
