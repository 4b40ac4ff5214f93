// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Self implements Directory. The daemon's own list of people knows our ACI, else Signal is asked.
func (d *daemon) Self(ctx context.Context) (ServiceID, error) {
	if isServiceID(d.number) {
		return ServiceID(strings.ToLower(d.number)), nil
	}
	for _, method := range []string{"listContacts", "getUserStatus"} {
		params := map[string]any{"recipient": []string{d.number}}
		if method == "listContacts" {
			params["allRecipients"] = true
		}
		raw, err := d.query(ctx, method, params, d.waits.server)
		if errors.Is(err, ErrUnpaired) || errors.Is(err, ErrOffline) {
			return "", err
		}
		for _, f := range objectsOf(raw) {
			if id := f.text("uuid"); isServiceID(id) && (f.text("number") == d.number || f.text("recipient") == d.number) {
				return ServiceID(id), nil
			}
		}
	}
	return "", errors.New("signal-cli does not tell the account's own id")
}

func objectsOf(raw json.RawMessage) (out []fields) {
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list)
	for _, one := range list {
		if f, ok := readFields(one, nil); ok {
			out = append(out, f)
		}
	}
	return out
}

// Groups implements Directory.
func (d *daemon) Groups(ctx context.Context, ids ...string) ([]Group, error) {
	params := map[string]any{}
	if len(ids) > 0 {
		params["groupId"] = ids
	}
	raw, err := d.query(ctx, "listGroups", params, d.waits.server)
	if err != nil {
		return nil, err
	}
	var out []Group
	for _, f := range objectsOf(raw) {
		if g := readGroup(f); g.ID != "" {
			out = append(out, g)
		}
	}
	return out, nil
}

func readGroup(f fields) Group {
	g := Group{
		ID: f.text("id"), Title: f.text("name"), Member: f.flag("isMember") && !f.flag("isBlocked"),
		AdminsOnly: f.text("permissionSendMessage") == "ONLY_ADMINS",
		Timer:      time.Duration(min(max(f.number("messageExpirationTime"), 0), 1<<32)) * time.Second,
	}
	for _, m := range f.objects("members") {
		g.Members = append(g.Members, Member{Person: readPerson(m), Admin: m.flag("isAdmin")})
	}
	return g
}

// readPerson reads one entry of listContacts, or a member. The name in our human's address book is left out: it is theirs.
func readPerson(f fields) Person {
	profile := f.object("profile")
	return Person{
		ACI: ServiceID(f.text("uuid")), Number: f.text("number"), Username: f.text("username"),
		Profile: publicName(strings.TrimSpace(profile.text("givenName") + " " + profile.text("familyName"))),
	}
}

// People implements Directory.
func (d *daemon) People(ctx context.Context, ids ...ServiceID) ([]Person, error) {
	raw, err := d.query(ctx, "listContacts", map[string]any{"recipient": ids, "allRecipients": true}, d.waits.answer)
	if err != nil {
		return nil, err
	}
	var out []Person
	for _, f := range objectsOf(raw) {
		if p := readPerson(f); p.ACI != "" {
			out = append(out, p)
		}
	}
	return out, nil
}

// publicName leaves out what is no name: signal-cli puts numbers and ids where a name is not known.
func publicName(s string) string {
	if isServiceID(s) || strings.Trim(s, "+0123456789 ()-") == "" {
		return ""
	}
	return s
}

// Identity implements Trust.
func (d *daemon) Identity(ctx context.Context, who ServiceID) (string, error) {
	raw, err := d.query(ctx, "listIdentities", map[string]any{"number": string(who)}, d.waits.answer)
	if err != nil {
		return "", err
	}
	for _, f := range objectsOf(raw) {
		if f.text("trustLevel") == "UNTRUSTED" {
			return f.text("safetyNumber"), nil
		}
	}
	return "", nil
}

// Accept implements Trust.
func (d *daemon) Accept(ctx context.Context, who ServiceID, safetyNumber string) error {
	_, err := d.query(ctx, "trust", map[string]any{"recipient": string(who), "verifiedSafetyNumber": safetyNumber}, d.waits.answer)
	return err
}

// Answer implements Trust.
func (d *daemon) Answer(ctx context.Context, token, captcha string) error {
	_, err := d.query(ctx, "submitRateLimitChallenge", map[string]any{"challenge": token, "captcha": captcha}, d.waits.server)
	return err
}
