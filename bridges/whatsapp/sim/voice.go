// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"fmt"
	"log/slog"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// voice writes what a phone's client says into the server's log, without the stanzas.
type voice struct {
	log *slog.Logger
	sub string
}

var _ waLog.Logger = voice{}

func (v voice) say(msg string, args []any) {
	if v.sub != "Recv" && v.sub != "Send" {
		v.log.Debug("phone", "part", v.sub, "says", fmt.Sprintf(msg, args...))
	}
}

// Warnf logs.
func (v voice) Warnf(msg string, args ...any) { v.say(msg, args) }

// Errorf logs.
func (v voice) Errorf(msg string, args ...any) { v.say(msg, args) }

// Infof does not: it is too much.
func (v voice) Infof(string, ...any) {}

// Debugf does not: it is too much.
func (v voice) Debugf(string, ...any) {}

// Sub makes a logger for a part of the client.
func (v voice) Sub(part string) waLog.Logger { return voice{log: v.log, sub: part} }
