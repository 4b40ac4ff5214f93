// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

// fill sets everything in a value to something of its own, also what is added to its type one day.
func fill(t *testing.T, v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Struct:
		fillStruct(t, v, n)
	default:
		t.Fatalf("cannot fill a %v", v.Type())
	}
}

func fillStruct(t *testing.T, v reflect.Value, n *int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + int64(*n)).UTC()))
		return
	}
	for i := range v.NumField() {
		fill(t, v.Field(i), n)
	}
}

func TestStoredContentKeepsEveryField(t *testing.T) {
	var want chat.Content
	n := 0
	fill(t, reflect.ValueOf(&want).Elem(), &n)
	stored, err := store.EncodeContent(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.DecodeContent(stored)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestStoredPostKeepsEveryField(t *testing.T) {
	var want chat.Post
	n := 0
	fill(t, reflect.ValueOf(&want).Elem(), &n)
	want.ID, want.Key, want.Chat, want.Attempt = 0, "", "", 0 // these are columns
	stored, err := store.EncodePost(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.DecodePost(stored)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestPlainTextCostsFewBytes(t *testing.T) {
	stored, err := store.EncodeContent(chat.Content{Text: chat.Text{Body: "hello <b>"}})
	if want := `{"t":{"b":"hello <b>"}}`; stored != want || err != nil {
		t.Errorf("stored as %s, want %s (%v)", stored, want, err)
	}
}

func TestAnyTextSurvives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := chat.Content{Text: chat.Text{Body: rapid.String().Draw(rt, "body")}}
		stored, err := store.EncodeContent(want)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := store.DecodeContent(stored)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			rt.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestDamagedRowsAreErrors(t *testing.T) {
	if _, err := store.DecodeContent("{"); err == nil {
		t.Error("decoded half a content")
	}
	if _, err := store.DecodePost("[]"); err == nil {
		t.Error("decoded a list as a post")
	}
}
