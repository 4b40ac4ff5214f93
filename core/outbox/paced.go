// SPDX-License-Identifier: Apache-2.0

package outbox

import "time"

// noteFor is how much longer than needed a note says that buckets may not be full, so that not every post has to write one.
const noteFor = 20 * time.Second

// notePace notes with the mark until when the buckets are not full, unless that is on disk. After a restart they begin with
// no more than they would have.
func (s *step) notePace(tx Tx) error {
	s.paced = s.o.unnoted(s.l, s.now)
	for _, p := range s.paced {
		if err := tx.NotePace(p); err != nil {
			return err
		}
	}
	return nil
}

// unnoted are the notes that are missing on disk for what a lane has taken.
func (o *Outbox) unnoted(l *lane, now time.Time) (missing []Paced) {
	o.mu.Lock()
	defer o.mu.Unlock()
	note := func(p *pace, noted int64, ref LaneRef) {
		full := now.Add(p.refill(time.Now()))
		if full.After(now) && full.UnixMilli() >= noted {
			missing = append(missing, Paced{ref, full.Add(noteFor)})
		}
	}
	note(l.pace, l.noted, LaneRef{Lane: l.id, Account: l.account.name})
	note(l.account.pace, l.account.noted, LaneRef{Account: l.account.name})
	return missing
}

// keepNotes remembers which notes are on disk.
func (s *step) keepNotes() {
	for _, p := range s.paced {
		if p.Lane == 0 {
			s.l.account.noted = p.Until.UnixMilli()
		} else {
			s.l.noted = p.Until.UnixMilli()
		}
	}
}

// spend takes out of new buckets what a former life has left missing in them.
func (o *Outbox) spend(p *pace, ref LaneRef) {
	until, ok := o.spent[ref]
	if !ok {
		return
	}
	delete(o.spent, ref)
	if left := until.Sub(o.opt.Now()); left > 0 {
		p.spend(time.Now(), left, noteFor)
	}
}
