// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strings"
)

type contactInfo struct {
	Number    *string     `json:"number"`
	UUID      string      `json:"uuid"`
	Username  *string     `json:"username"`
	Name      string      `json:"name"`
	GivenName *string     `json:"givenName"`
	IsBlocked bool        `json:"isBlocked"`
	Timer     int         `json:"messageExpirationTime"`
	Profile   profileInfo `json:"profile"`
}

type profileInfo struct {
	Given  *string `json:"givenName"`
	Family *string `json:"familyName"`
	About  *string `json:"about"`
}

// listContacts lists whom the account has ever met.
func (s *Server) listContacts(k *call) (any, *failure) {
	ids, f1 := k.p.texts("recipient")
	_, f2 := k.p.flag("allRecipients")
	_, f3 := k.p.flag("detailed")
	_, f4 := k.p.flag("internal")
	if f := first(f1, f2, f3, f4); f != nil {
		return nil, f
	}
	out := []contactInfo{}
	for _, p := range s.people {
		if p == k.a.person || len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return s.lookUp(id) == p }) {
			continue
		}
		given, family, _ := strings.Cut(p.name, " ")
		out = append(out, contactInfo{
			Number: p.shownNumber(), UUID: p.aci, Username: orNull(p.username), Timer: s.logOf(s.private(k.a, p)).timer,
			Profile: profileInfo{Given: orNull(given), Family: orNull(family)},
		})
	}
	return out, nil
}

type identityInfo struct {
	Number       *string `json:"number"`
	UUID         string  `json:"uuid"`
	Fingerprint  string  `json:"fingerprint"`
	SafetyNumber string  `json:"safetyNumber"`
	Trust        string  `json:"trustLevel"`
	Added        int64   `json:"addedTimestamp"`
}

// listIdentities lists the safety numbers of whom the account knows.
func (s *Server) listIdentities(k *call) (any, *failure) {
	id, f := k.p.text("number")
	if f != nil {
		return nil, f
	}
	out := []identityInfo{}
	for _, p := range s.people {
		t, met := k.a.trusted[p]
		if !met || id != "" && s.lookUp(id) != p {
			continue
		}
		level := "TRUSTED_UNVERIFIED"
		switch {
		case t.key != p.key:
			level = "UNTRUSTED"
		case t.verified:
			level = "TRUSTED_VERIFIED"
		}
		number := safetyNumber(k.a.person, p)
		out = append(out, identityInfo{
			Number: p.shownNumber(), UUID: p.aci, SafetyNumber: number, Fingerprint: number[:30], Trust: level, Added: s.now().UnixMilli(),
		})
	}
	return out, nil
}

// trust accepts somebody's safety number; what they wrote meanwhile can then be read.
func (s *Server) trust(k *call) (any, *failure) {
	id, f1 := k.p.text("recipient")
	all, f2 := k.p.flag("trustAllKnownKeys")
	number, f3 := k.p.text("verifiedSafetyNumber")
	if f := first(f1, f2, f3); f != nil {
		return nil, f
	}
	p, f := s.whoIs(id)
	if f != nil {
		return nil, f
	}
	if !all && strings.ReplaceAll(number, " ", "") != safetyNumber(k.a.person, p) {
		return nil, fail(codeUser, "Failed to set the trust for this number, make sure the number and the fingerprint are correct.")
	}
	k.a.trusted[p] = trust{key: p.key, verified: number != ""}
	s.release(k.a, p)
	return nothing{}, nil
}

type statusInfo struct {
	Recipient  string  `json:"recipient"`
	Number     *string `json:"number"`
	UUID       *string `json:"uuid"`
	Registered bool    `json:"isRegistered"`
}

// userStatus asks Signal who is registered.
func (s *Server) userStatus(k *call) (any, *failure) {
	ids, f1 := k.p.texts("recipient")
	names, f2 := k.p.texts("username")
	if f := first(f1, f2, s.reach(k)); f != nil {
		return nil, f
	}
	for _, name := range names {
		ids = append(ids, "u:"+strings.TrimPrefix(name, "u:"))
	}
	out := []statusInfo{}
	for _, id := range ids {
		info := statusInfo{Recipient: id}
		if numberForm.MatchString(id) {
			info.Number = &id
		}
		if p := s.lookUp(id); p != nil && !p.unregistered {
			info.UUID, info.Registered = &p.aci, true
		}
		out = append(out, info)
	}
	return out, nil
}

// reach fails while Signal cannot be reached.
func (s *Server) reach(k *call) *failure {
	if s.offline(k.d) {
		return fail(codeIO, "Unable to check if users are registered: Network is unreachable (IOException)")
	}
	return nil
}

type deviceInfo struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Created  int64  `json:"createdTimestamp"`
	LastSeen int64  `json:"lastSeenTimestamp"`
}

// offline says whether Signal cannot be reached now.
func (s *Server) offline(d *daemon) bool {
	f := s.standing(Offline, d)
	if f != nil {
		s.faults.Struck(f)
	}
	return f != nil
}

// listDevices asks Signal for the account's devices.
func (s *Server) listDevices(k *call) (any, *failure) {
	if s.reach(k) != nil {
		return nil, fail(codeIO, "Failed to get linked devices: Network is unreachable (IOException)")
	}
	now := s.now().UnixMilli()
	return []deviceInfo{{ID: phone, Created: now, LastSeen: now}, {ID: linked, Name: "causeway", Created: now, LastSeen: now}}, nil
}

// submitChallenge lifts a captcha that was asked for.
func (s *Server) submitChallenge(k *call) (any, *failure) {
	challenge, f1 := k.p.text("challenge")
	captcha, f2 := k.p.text("captcha")
	if f := first(f1, f2); f != nil {
		return nil, f
	}
	if s.standing(CaptchaRefused, k.d) != nil || challenge == "" || challenge != k.a.proof || !strings.HasPrefix(captcha, "signalcaptcha://") {
		return nil, fail(codeCaptcha, "Captcha rejected, it may be outdated, already used or solved from a different IP address.")
	}
	k.a.proof = ""
	k.a.until = s.now()
	for f := range s.faults.Live() {
		if f.Kind == Captcha && (f.owner == nil || f.owner == k.a) {
			s.faults.End(f)
		}
	}
	return nothing{}, nil
}
