// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxReasons bounds how many reasons are explained below a table.
const maxReasons = 20

// none stands for an empty field.
const none = "-"

// Table writes one line per account, what to do below those that need it, and the store.
func (s *Status) Table(w io.Writer, v View) error {
	g := newGrid("ACCOUNT", "NETWORK", "STATE", "SINCE", "WAITING", "OLDEST")
	for _, a := range s.Accounts {
		g.add(a.Name, a.Network, cell{clean(string(a.State)), stateColor(a.State)}, ago(v.Now, a.Since), a.Waiting, oldest(a))
		g.note(explain(a.Code, a.Sentence, a.Action))
		g.note(a.Incident.told())
	}
	if len(s.Accounts) == 0 {
		if _, err := io.WriteString(w, "There are no accounts.\n"); err != nil {
			return err
		}
	} else if err := g.write(w, v); err != nil {
		return err
	}
	return s.Store.line(w, v)
}

// told says since when an account is away, and how many rooms know.
func (r *IncidentRow) told() string {
	if r == nil {
		return ""
	}
	line := "Away since " + r.OpenedAt.UTC().Format("2006-01-02 15:04 MST") + "; " + count(r.RoomsTold, "room")
	if r.RoomsTold == 1 {
		return line + " was told."
	}
	return line + " were told."
}

func (r StoreRow) line(w io.Writer, v View) error {
	state := cell{clean(r.State), green}
	if r.State != "ok" {
		state.color = red
	}
	_, err := fmt.Fprintf(w, "\nStore %s: %s, media %s, %s free; %s, %s waiting\n", state.paint(v.Color), size(r.SizeBytes),
		size(r.SpoolBytes), size(r.FreeBytes), count(r.Rooms, "room"), deliveries(r.Waiting))
	if why := explain("", r.Sentence, r.Action); err == nil && why != "" {
		_, err = io.WriteString(w, indented(why, v.Width))
	}
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

func stateColor(s chat.AccountState) color {
	switch s {
	case chat.Connected:
		return green
	case chat.Starting, chat.Pairing, chat.Degraded:
		return yellow
	}
	return red
}

func oldest(a AccountRow) string {
	if a.Waiting == 0 {
		return none
	}
	return span(time.Duration(a.OldestSeconds) * time.Second)
}

// explain joins a reason into one line; the code alone says nothing to people.
func explain(code, sentence, action string) string {
	out := strings.TrimSpace(clean(sentence) + " " + clean(action))
	if out != "" && code != "" {
		return clean(code) + ": " + out
	}
	return out
}

// Table writes one line per chat.
func (l *ChatList) Table(w io.Writer, v View) error {
	if len(*l) == 0 {
		_, err := io.WriteString(w, "No chats yet. A chat appears when an account has heard from it: say something there.\n")
		return err
	}
	g := newGrid("CHAT", "TITLE", "ROOM")
	for _, c := range *l {
		g.add(c.Chat, titled(c.Title), c.Room)
		if !c.CanPost {
			g.note(cmp.Or(explain(c.Code, c.Sentence, c.Action), "We may not write here."))
		}
	}
	return g.write(w, v)
}

// Table writes one line per room.
func (l *RoomList) Table(w io.Writer, v View) error {
	if len(*l) == 0 {
		_, err := io.WriteString(w, "No rooms yet. Make one: room link ROOM CHAT…\n")
		return err
	}
	g := newGrid("ROOM", "TITLE", "WAITING", "CHATS")
	for _, r := range *l {
		var chats []string
		for _, c := range r.Links {
			chats = append(chats, c.Chat.String())
		}
		g.add(r.Name, titled(r.Title), r.Waiting, strings.Join(chats, " "))
	}
	return g.write(w, v)
}

// Table writes the room's name and one line per link.
func (r *RoomRow) Table(w io.Writer, v View) error {
	if _, err := io.WriteString(w, r.headline()+"\n"); err != nil || len(r.Links) == 0 {
		return err
	}
	g := newGrid("CHAT", "TITLE", "DIRECTION", "NAMES", "UNCERTAIN", "STATE", "WAITING")
	for _, l := range r.Links {
		g.add(l.Chat, titled(l.Title), l.Direction, l.NameStyle, l.OnUncertain, l.state(v.Now), l.Waiting)
		if l.Hold != nil {
			g.note(explain(l.Hold.Code, l.Hold.Sentence, l.Hold.Action))
		}
		for _, note := range l.timers() {
			g.note(note)
		}
	}
	return g.write(w, v)
}

func (r *RoomRow) headline() string {
	out := "Room " + clean(r.Name)
	if r.Title != "" && r.Title != r.Name {
		out += ": " + title(r.Title)
	}
	if r.FromConfig {
		out += " (from the config file)"
	}
	if r.Language != "" && r.Language != "en" {
		out += " (" + clean(r.Language) + ")"
	}
	if len(r.Links) == 0 {
		out += " has no chats."
	}
	return out
}

// timers says what becomes of messages that disappear.
func (l LinkRow) timers() (notes []string) {
	if l.TimerSeconds > 0 {
		notes = append(notes, "Messages disappear here after "+span(time.Duration(l.TimerSeconds)*time.Second)+".")
	}
	if l.Keeps {
		notes = append(notes, "Messages that disappear in other chats of the room stay here: this network cannot let them disappear.")
	}
	return notes
}

func (l LinkRow) state(now time.Time) cell {
	switch {
	case l.Paused:
		return cell{"paused", yellow}
	case l.Hold == nil:
		return cell{"ok", green}
	case l.Hold.Until.IsZero():
		return cell{"held until resumed", red}
	default:
		return cell{"rests for " + span(max(l.Hold.Until.Sub(now), 0)), yellow}
	}
}

// Table writes one line per delivery, and below what the reasons mean and what to do.
func (l *DeliveryList) Table(w io.Writer, v View) error {
	if len(l.Rows) == 0 {
		_, err := io.WriteString(w, "Nothing.\n")
		return err
	}
	g := newGrid("ID", "ROOM", "CHAT", "KIND", "STATE", "SINCE", "TRIES", "WHY")
	for _, d := range l.Rows {
		g.add(d.ID, d.Room, d.Chat, d.Kind, d.State, ago(v.Now, d.Since), d.Attempts, d.Code)
	}
	if err := g.write(w, v); err != nil {
		return err
	}
	return l.reasons(w, v)
}

// reasons explains each reason once: a backlog has thousands of deliveries and one reason.
func (l *DeliveryList) reasons(w io.Writer, v View) error {
	var lines []string
	for _, d := range l.Rows {
		line := explain(d.Code, d.Sentence, d.Action)
		if line != "" && len(lines) < maxReasons && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteByte('\n')
	for _, line := range lines {
		b.WriteString(indented(line, v.Width))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Table writes one line per delivery.
func (l *SettledList) Table(w io.Writer, v View) error {
	g := newGrid("ID", "RESULT")
	for _, r := range *l {
		c := cell{clean(r.Result), green}
		if r.Result == resultFailed {
			c.color = red
		}
		g.add(r.ID, c)
		g.note(explain("", r.Sentence, r.Action))
	}
	return g.write(w, v)
}
