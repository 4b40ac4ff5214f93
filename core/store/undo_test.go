// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// inUse is a store with something in nearly every table.
type inUse struct {
	*store.Store
	ctx      context.Context
	room     chat.RoomID
	tg, wa   chat.ChatID
	free     chat.ChatID // in no room
	epoch    uint64
	user     chat.IdentityID
	message  chat.Message
	delivery chat.DeliveryID
	refused  chat.DeliveryID
	post     outbox.Post
}

func newInUse(t *testing.T) *inUse {
	u := &inUse{Store: openAt(t, t.TempDir(), store.Options{}), ctx: context.Background()}
	u.room, u.tg, u.wa = twoChats(t, u.Store)
	u.epoch = begin(t, u.Store, "tg")
	_, u.refused = say(t, u.Store, u.room, u.tg, u.wa, "refused")
	end(t, u.Store, u.wa, chat.DeliveryRefused)
	u.message, u.delivery = say(t, u.Store, u.room, u.tg, u.wa, "open")
	p, _, err := markHead(u.Store, u.wa)
	if err != nil {
		t.Fatal(err)
	}
	u.post = p
	write(t, u.Store, func(tx *store.Tx) error {
		who, err := tx.Identify("tg", chat.Sender{User: "u", Name: "Ada", Aliases: []chat.Alias{{Kind: "username", Value: "ada"}}})
		u.user = who.ID
		c, cerr := tx.Chat(chat.Address{Account: "wa", Chat: "free"}, "wa", "")
		u.free = c.ID
		_, rerr := tx.React(u.message.ID, u.user, u.tg, []string{"👍"})
		return errors.Join(err, cerr, rerr, tx.HoldLane(u.tg, outbox.Hold{UntilResumed: true}))
	})
	if err := u.SetCapabilities(u.ctx, "wa", "wa", chat.Capabilities{Network: "wa"}); err != nil {
		t.Fatal(err)
	}
	return u
}

func (u *inUse) tx(f func(tx *store.Tx) error) error { return u.Write(u.ctx, f) }

// operations is one call of everything that reads or writes.
var operations = map[string]func(u *inUse) error{
	"Record": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, err := tx.Record("new", "k", u.tg, "message", nil); return err })
	},
	"Identify a new user": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, err := tx.Identify("tg", chat.Sender{User: "new", Name: "N", Aliases: []chat.Alias{{Kind: "username", Value: "n"}}})
			return err
		})
	},
	"Identify a user with a new name": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, err := tx.Identify("tg", chat.Sender{User: "u", Name: "New", Aliases: []chat.Alias{{Kind: "phone", Value: "1"}}})
			return err
		})
	},
	"Chat": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, err := tx.Chat(chat.Address{Account: "new", Chat: "1"}, "new", "")
			return err
		})
	},
	"Chat with its group": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, err := tx.Chat(chat.Address{Account: "tg", Chat: "1"}, "tg", "g")
			return err
		})
	},
	"Describe": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			return tx.Describe(u.wa, chat.ChatInfo{Title: "T", Members: 3, Capabilities: &chat.Capabilities{Network: "x"}, Access: &chat.Access{}})
		})
	},
	"MoveChat": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, err := tx.MoveChat(u.wa, "free", ""); return err })
	},
	"FindChat and Links": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, _, err := tx.FindChat(chat.Address{Account: "wa", Chat: "1"})
			_, lerr := tx.Links(u.room)
			_, _, oerr := tx.Link(u.tg)
			_, aerr := tx.Account(u.wa)
			return errors.Join(err, lerr, oerr, aerr)
		})
	},
	"AddMessage": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			return tx.AddMessage(&chat.Message{Room: u.room, Origin: u.tg, SentAt: time.Now()}, "new")
		})
	},
	"Message": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, _, err := tx.Message(u.message.ID); return err })
	},
	"Revise": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, err := tx.Revise(u.message.ID, chat.Content{}); return err })
	},
	"DeleteMessage": func(u *inUse) error { return u.tx(func(tx *store.Tx) error { return tx.DeleteMessage(u.message.ID) }) },
	"copies": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			c, _, err := tx.CopyOf(u.tg, "r-open")
			_, cerr := tx.Copies(u.tg, u.message.ID)
			return errors.Join(err, cerr, tx.AddAlias(c, "alias"), tx.DropCopies(u.tg, u.message.ID, 0))
		})
	},
	"React": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, err := tx.React(u.message.ID, u.user, u.tg, []string{"🎉"})
			_, cerr := tx.Reactions(u.message.ID, 0)
			return errors.Join(err, cerr)
		})
	},
	"Vote": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, _, err := tx.Vote(u.message.ID, u.tg, u.user, []int{1, 0}); return err })
	},
	"Plan": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, err := tx.Plan(u.wa, chat.DeliverSend, u.message.ID, 0); return err })
	},
	"Author and MentionOn": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			_, _, err := tx.Author(u.user)
			_, _, merr := tx.MentionOn("tg", "u", "wa")
			return errors.Join(err, merr)
		})
	},
	"a lane's step": func(u *inUse) error {
		return store.Outbox(u.Store).Write(u.ctx, func(tx outbox.Tx) error {
			if _, err := tx.Lane(u.wa); err != nil {
				return err
			}
			d, _, err := tx.Head(u.wa)
			if err != nil {
				return err
			}
			if err := tx.SaveCopy(chat.Copy{Chat: u.wa, Remote: "c", Message: d.Message, Emoji: []string{"👍"}}); err != nil {
				return err
			}
			p := u.post
			p.State, p.Outcome = outbox.PostUncertain, chat.UncertainFor(chat.Reason{Code: "x"})
			if err := tx.SavePost(p); err != nil {
				return err
			}
			if _, err := tx.OpenPosts(d.ID); err != nil {
				return err
			}
			if _, _, err := tx.PostByKey(p.Frozen.Key); err != nil {
				return err
			}
			if err := tx.Thaw(d.ID); err != nil {
				return err
			}
			d.State = chat.DeliveryRefused
			return errors.Join(tx.SaveDelivery(d), tx.HoldLane(u.wa, outbox.Hold{Fails: 1}), tx.HoldAccount("wa", outbox.Hold{Fails: 1}))
		})
	},
	"Freeze": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			return tx.Freeze(u.wa, u.delivery, []outbox.Post{{Frozen: chat.Post{Key: "f"}, Outcome: chat.RefusedFor(chat.Reason{Code: "x"})}})
		})
	},
	"SaveCursor": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			return tx.SaveCursor("tg", u.epoch, 99, []chat.StateItem{{Key: "a", Value: []byte("1")}, {Key: "b"}})
		})
	},
	"BeginLife":       func(u *inUse) error { _, _, _, err := u.BeginLife(u.ctx, "tg", "tg"); return err },
	"SetAccountState": func(u *inUse) error { return u.SetAccountState(u.ctx, "new", chat.State{State: "down"}) },
	"SetCapabilities": func(u *inUse) error {
		return u.SetCapabilities(u.ctx, "tg", "tg", chat.Capabilities{Network: "other"})
	},
	"Recover": func(u *inUse) error { _, err := u.Recover(u.ctx); return err },
	"NotePace": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error {
			ref := outbox.LaneRef{Lane: u.wa, Account: "wa"}
			return tx.NotePace(outbox.Paced{LaneRef: ref, Until: time.Now().Add(time.Hour)})
		})
	},
	"Paced":     func(u *inUse) error { _, err := u.Paced(u.ctx); return err },
	"OpenLanes": func(u *inUse) error { _, err := u.OpenLanes(u.ctx); return err },
	"CreateRoom": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { return tx.CreateRoom(&room.Room{Name: "new"}) })
	},
	"LinkChat": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { return tx.LinkChat(room.Link{Chat: u.free, Room: u.room}) })
	},
	"SetPaused": func(u *inUse) error {
		return u.tx(func(tx *store.Tx) error { _, err := tx.SetPaused(u.wa, true); return err })
	},
	"Unlink": func(u *inUse) error { return u.Unlink(u.ctx, u.wa) },
	"config rooms": func(u *inUse) error {
		return u.ApplyConfigRooms(u.ctx, []store.ConfigRoom{{Name: "lobby", Links: []store.ConfigLink{{Chat: chat.Address{Account: "wa", Chat: "free"}, Network: "wa"}}}})
	},
	"config no rooms": func(u *inUse) error { return u.ApplyConfigRooms(u.ctx, nil) },
	"RetryDelivery":   func(u *inUse) error { _, _, err := u.RetryDelivery(u.ctx, u.delivery); return err },
	"retry refused":   func(u *inUse) error { _, _, err := u.RetryDelivery(u.ctx, u.refused); return err },
	"DropDelivery": func(u *inUse) error {
		_, err := u.DropDelivery(u.ctx, u.delivery, "", "")
		return ignore(err, store.ErrInFlight, store.ErrEnded)
	},
	"EraseBodies": func(u *inUse) error { _, err := u.EraseBodies(u.ctx, time.Now().Add(9*day), day); return err },
	"Prune":       func(u *inUse) error { return u.Prune(u.ctx, time.Now().Add(900*day), keep) },
	"lists": func(u *inUse) error {
		_, err := u.Accounts(u.ctx)
		_, cerr := u.Chats(u.ctx, "")
		_, rerr := u.Rooms(u.ctx)
		_, qerr := u.Queue(u.ctx, store.QueueFilter{})
		_, serr := u.Stats(u.ctx)
		return errors.Join(err, cerr, rerr, qerr, serr, u.ExportRoom(u.ctx, "lobby", io.Discard))
	},
}

func ignore(err error, which ...error) error {
	for _, w := range which {
		if errors.Is(err, w) {
			return nil
		}
	}
	return err
}

// TestOperationThatFailsHalfWayLeavesNothing takes one table away at a time and does everything.
func TestOperationThatFailsHalfWayLeavesNothing(t *testing.T) {
	tables, err := openAt(t, t.TempDir(), store.Options{}).Tables()
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range tables {
		if strings.HasPrefix(table, "sqlite_") || i%rounds(1, 4) != 0 {
			continue
		}
		t.Run(table, func(t *testing.T) {
			u := newInUse(t)
			rename(t, u, table, table+"_gone")
			failed, before := 0, dump(t, u)
			for _, name := range slices.Sorted(maps.Keys(operations)) {
				err := operations[name](u)
				after := dump(t, u)
				if err != nil {
					failed++
					wantNothingLeft(t, name, err, before, after)
				}
				before = after
			}
			rename(t, u, table+"_gone", table)
			if err := u.CheckIntegrity(u.ctx); err != nil {
				t.Error(err)
			}
			if unused := table == "media" || table == "post_member" || table == "meta" || table == "person"; failed == 0 && !unused {
				t.Error("nobody uses this table")
			}
		})
	}
}

func rename(t *testing.T, u *inUse, from, to string) {
	t.Helper()
	write(t, u.Store, func(tx *store.Tx) error { return tx.Raw("ALTER TABLE " + from + " RENAME TO " + to) })
}

func dump(t *testing.T, u *inUse) []string {
	t.Helper()
	all, err := u.Dump()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantNothingLeft looks at what an operation has left that failed for want of a table.
func wantNothingLeft(t *testing.T, name string, err error, before, after []string) {
	t.Helper()
	if errors.Is(err, store.ErrBroken) || errors.Is(err, store.ErrFull) {
		t.Errorf("%s: a failed statement is taken for a failed disk: %v", name, err)
	}
	// The retention and Unlink work in several transactions; each is whole.
	if diff := cmp.Diff(before, after); diff != "" && name != "EraseBodies" && name != "Prune" && name != "config rooms" && name != "Unlink" {
		t.Errorf("%s failed and has left something (-before +after):\n%s", name, diff)
	}
}
