// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"maps"
	"slices"
)

// methodDef is one method. run is called with s.mu held, unless it waits.
type methodDef struct {
	run     func(*Server, *call) (any, *failure)
	anyone  bool // needs no account
	multi   bool // exists in multi-account mode alone
	changes bool // what a fault without a method strikes
	sends   bool // to people, with a result for each
	waits   bool // and takes s.mu itself
}

// methodTable lists the methods.
func methodTable() map[string]methodDef {
	return map[string]methodDef{
		"version":                  {run: (*Server).version, anyone: true},
		"listAccounts":             {run: (*Server).listAccounts, anyone: true, multi: true},
		"startLink":                {run: (*Server).startLink, anyone: true, multi: true},
		"finishLink":               {run: (*Server).finishLink, anyone: true, multi: true, waits: true},
		"subscribeReceive":         {run: (*Server).subscribe},
		"unsubscribeReceive":       {run: (*Server).unsubscribe, anyone: true, waits: true},
		"receive":                  {run: (*Server).receiveNow, waits: true},
		"send":                     {run: (*Server).send, changes: true, sends: true},
		"remoteDelete":             {run: (*Server).remoteDelete, changes: true, sends: true},
		"sendAdminDelete":          {run: (*Server).adminDelete, changes: true, sends: true},
		"sendReaction":             {run: (*Server).sendReaction, changes: true, sends: true},
		"sendTyping":               {run: (*Server).sendTyping, sends: true},
		"sendReceipt":              {run: (*Server).sendReceipt, sends: true},
		"sendPollCreate":           {run: (*Server).pollCreate, changes: true, sends: true},
		"sendPollVote":             {run: (*Server).pollVote, changes: true, sends: true},
		"sendPollTerminate":        {run: (*Server).pollTerminate, changes: true, sends: true},
		"sendPinMessage":           {run: (*Server).sendPin, changes: true, sends: true},
		"sendUnpinMessage":         {run: (*Server).sendUnpin, changes: true, sends: true},
		"listGroups":               {run: (*Server).listGroups},
		"listContacts":             {run: (*Server).listContacts},
		"listIdentities":           {run: (*Server).listIdentities},
		"trust":                    {run: (*Server).trust},
		"updateGroup":              {run: (*Server).updateGroup, changes: true, sends: true},
		"joinGroup":                {run: (*Server).joinGroup, changes: true},
		"quitGroup":                {run: (*Server).quitGroup, changes: true, sends: true},
		"getUserStatus":            {run: (*Server).userStatus},
		"listDevices":              {run: (*Server).listDevices},
		"getAttachment":            {run: (*Server).getAttachment},
		"getAvatar":                {run: (*Server).getAvatar},
		"getSticker":               {run: (*Server).getSticker},
		"submitRateLimitChallenge": {run: (*Server).submitChallenge},
	}
}

// Methods lists the names of the methods that the daemons know.
func Methods() []string { return slices.Sorted(maps.Keys(methodTable())) }

type nothing struct{}

func (s *Server) version(k *call) (any, *failure) {
	version := s.opts.Version
	if f := s.standing(OldVersion, k.d); f != nil {
		s.faults.Struck(f)
		version = "0.13.24"
	}
	return map[string]string{"version": version}, nil
}

func (s *Server) listAccounts(k *call) (any, *failure) {
	out := []map[string]string{}
	for _, a := range k.d.known() {
		out = append(out, map[string]string{"number": a.number})
	}
	return out, nil
}
