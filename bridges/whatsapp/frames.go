// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
)

var errSpoiled = errors.New("what came is not the protocol")

// guarded makes the library's websocket, and lets through only messages of whole frames. The library takes what else comes for
// the middle of a frame, which it puts together wrongly, or breaks in.
type guarded struct {
	http.RoundTripper
	spoiled func(why string)
}

// RoundTrip puts a guard before what is read from a websocket. One that is compressed can be looked into by the library alone.
func (g guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Extensions") != "" {
		return resp, err
	}
	if socket, ok := resp.Body.(io.ReadWriteCloser); ok {
		resp.Body = &frameGuard{ReadWriteCloser: socket, spoiled: g.spoiled}
	}
	return resp, nil
}

// frameGuard is a websocket that is looked at while it is read. One goroutine reads it.
type frameGuard struct {
	io.ReadWriteCloser
	spoiled func(why string)
	look    socketLook
	broken  bool
}

// Read fails once something came that is not the protocol; what came with it is dropped.
func (g *frameGuard) Read(p []byte) (int, error) {
	if g.broken {
		return 0, errSpoiled
	}
	n, err := g.ReadWriteCloser.Read(p)
	if why := g.look.at(p[:n]); why != "" {
		g.broken = true
		g.spoiled(why)
		return 0, errSpoiled
	}
	return n, err
}

// The parts of a websocket's frame (RFC 6455, 5.2) and of WhatsApp's frames inside of its messages.
const (
	opContinue, opText, opBinary, opControl = 0, 1, 2, 8
	maxControl                              = 125
	lengthBytes                             = 3
	maxSocketMessage                        = 1 << 24
)

// socketLook follows a websocket's stream, and the frames in its messages, by their lengths alone.
type socketLook struct {
	head    []byte // of the websocket's frame that begins
	left    uint64 // of its payload
	data    bool   // its payload belongs to a message
	last    bool   // it ends the message
	open    bool   // a message has begun and goes on
	message uint64 // the message's length so far

	length []byte // of the frame that begins
	frame  int    // what is left of it
}

// at looks at what was read, and says what is wrong with it.
func (s *socketLook) at(p []byte) (why string) {
	for len(p) > 0 {
		if s.left == 0 {
			begun := false
			if begun, p, why = s.begin(p); !begun || why != "" {
				return why
			}
		}
		n := min(uint64(len(p)), s.left)
		if s.data {
			s.frames(p[:n])
		}
		p, s.left = p[n:], s.left-n
		if s.left == 0 && s.data && s.last && s.frame+len(s.length) > 0 {
			return "a frame that is cut off"
		}
	}
	return ""
}

// begin reads the head of a websocket's frame, as far as it is there.
func (s *socketLook) begin(p []byte) (begun bool, rest []byte, why string) {
	for len(p) > 0 {
		s.head, p = append(s.head, p[0]), p[1:]
		if size, whole := payload(s.head); whole {
			why = s.opened(s.head[0], s.head[1], size)
			s.head = s.head[:0]
			return true, p, why
		}
	}
	return false, nil, ""
}

// payload is the length of a websocket's frame, once its head is whole.
func payload(head []byte) (size uint64, whole bool) {
	if len(head) < 2 {
		return 0, false
	}
	switch short := head[1] & 0x7f; {
	case short < 126:
		return uint64(short), true
	case short == 126 && len(head) == 4:
		return uint64(binary.BigEndian.Uint16(head[2:])), true
	case short == 127 && len(head) == 10:
		return binary.BigEndian.Uint64(head[2:]), true
	}
	return 0, false
}

// opened judges a websocket's frame by its head.
func (s *socketLook) opened(flags, short byte, size uint64) (why string) {
	op := flags & 0x0f
	s.left, s.data, s.last = size, op < opControl, flags&0x80 != 0
	switch {
	case flags&0x70 != 0, short&0x80 != 0, !s.data && short > maxControl:
		return "a head that means nothing"
	case op == opText:
		return "a text"
	case op > opBinary && op < opControl, op == opContinue && !s.open, op == opBinary && s.open:
		return "a frame out of its place"
	case !s.data:
		return ""
	}
	if op == opBinary {
		s.message = 0
	}
	s.open = !s.last
	if s.message += size; size > maxSocketMessage || s.message > maxSocketMessage {
		return "a message that is too long"
	}
	return ""
}

// frames counts through the frames in a piece of a message.
func (s *socketLook) frames(p []byte) {
	for len(p) > 0 {
		if s.frame > 0 {
			n := min(len(p), s.frame)
			p, s.frame = p[n:], s.frame-n
			continue
		}
		s.length, p = append(s.length, p[0]), p[1:]
		if len(s.length) == lengthBytes {
			s.frame = int(s.length[0])<<16 | int(s.length[1])<<8 | int(s.length[2])
			s.length = s.length[:0]
		}
	}
}
