// SPDX-License-Identifier: Apache-2.0

package command

import "github.com/causeway-chat/causeway/core/chat"

// The words that people type and read for a link's settings, the same in the config file, flags and JSON.
var (
	nameStyleWords   = map[chat.NameStyle]string{chat.OwnLine: "line", chat.Prefix: "prefix", chat.NoName: "none"}
	onUncertainWords = map[chat.OnUncertain]string{chat.Resend: "repeat", chat.Drop: "drop"}
)

// NameStyleWord is the word for a name style; the zero style is the default one.
func NameStyleWord(s chat.NameStyle) string {
	if s == "" {
		s = chat.OwnLine
	}
	return nameStyleWords[s]
}

// NameStyle is the style for a word; "" for "" and for a word that is unknown.
func NameStyle(word string) chat.NameStyle { return keyOf(nameStyleWords, word) }

// OnUncertainWord is the word for a policy; the zero policy is the default one.
func OnUncertainWord(p chat.OnUncertain) string {
	if p == "" {
		p = chat.Resend
	}
	return onUncertainWords[p]
}

// OnUncertain is the policy for a word; "" for "" and for a word that is unknown.
func OnUncertain(word string) chat.OnUncertain { return keyOf(onUncertainWords, word) }

func keyOf[K ~string](words map[K]string, word string) K {
	for k, w := range words {
		if w == word {
			return k
		}
	}
	return ""
}
